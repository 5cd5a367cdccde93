"""Wants remember that they have come and their watch was not complete."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every database adds a column by itself; a rebuilt table has its constraints in any order.
    with op.batch_alter_table("wants", recreate="never") as wants:
        wants.add_column(
            sa.Column("completing", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("wants") as wants:
        wants.drop_column("completing")
