"""When a push to a repository was told of last; messages that have not arrived, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_IS_UNSENT = sa.text("state <> 'sent'")


def upgrade() -> None:
    with op.batch_alter_table("tag_lists", recreate="never") as tag_lists:
        tag_lists.add_column(sa.Column("hinted_at", _MOMENT))
    op.create_index(
        "ix_deliveries_unsent",
        "deliveries",
        ["seq", "state"],
        sqlite_where=_IS_UNSENT,
        postgresql_where=_IS_UNSENT,
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_unsent", "deliveries")
    with op.batch_alter_table("tag_lists") as tag_lists:
        tag_lists.drop_column("hinted_at")
