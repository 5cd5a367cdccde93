"""Wants remember since when their platform is wanted; without a word, as long as their watch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("wants", recreate="never") as wants:
        wants.add_column(sa.Column("wanted_since", _MOMENT))


def downgrade() -> None:
    with op.batch_alter_table("wants") as wants:
        wants.drop_column("wanted_since")
