"""Wants know that their platform is built before it joins the tag, targets since when listed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("wants", recreate="never") as wants:
        wants.add_column(
            sa.Column("built", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("targets", recreate="never") as targets:
        targets.add_column(sa.Column("listed_at", _MOMENT))


def downgrade() -> None:
    with op.batch_alter_table("targets") as targets:
        targets.drop_column("listed_at")
    with op.batch_alter_table("wants") as wants:
        wants.drop_column("built")
