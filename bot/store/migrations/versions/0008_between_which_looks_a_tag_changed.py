"""Observations know when the tag was last seen as it was before."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("observations", recreate="never") as observations:
        observations.add_column(sa.Column("not_before", _MOMENT))


def downgrade() -> None:
    with op.batch_alter_table("observations") as observations:
        observations.drop_column("not_before")
