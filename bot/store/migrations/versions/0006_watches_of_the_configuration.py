"""What the configuration wants of watches, beside what people want of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        "configured",
        sa.Column("watch_id", sa.Integer, nullable=False),
        sa.Column("platforms", _JSON, nullable=False),
        sa.Column("tells", _JSON, nullable=False),
        sa.Column("own", _JSON),
        sa.PrimaryKeyConstraint("watch_id", name="pk_configured"),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name="fk_configured_watch_id_watches"
        ),
    )


def downgrade() -> None:
    op.drop_table("configured")
