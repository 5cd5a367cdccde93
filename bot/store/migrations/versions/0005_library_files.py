"""The last good copies of library files are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "libraries",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("confirmed_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT),
        sa.Column("listed_at", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_libraries")),
    )


def downgrade() -> None:
    op.drop_table("libraries")
