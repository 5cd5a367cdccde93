"""Deliveries know who asked for them, what they are told instead of, and that their place waits."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every database adds a column by itself; a rebuilt table has its constraints in any order.
    with op.batch_alter_table("deliveries", recreate="never") as deliveries:
        deliveries.add_column(sa.Column("person", sa.Text()))
        deliveries.add_column(sa.Column("instead_of", sa.Text()))
        deliveries.add_column(
            sa.Column("postponed", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("deliveries") as deliveries:
        for column in ("person", "instead_of", "postponed"):
            deliveries.drop_column(column)
