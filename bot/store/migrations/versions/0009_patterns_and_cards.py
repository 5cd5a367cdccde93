"""Lists of tags, patterns over them, and cards that show what has come of a tag.

The table of patterns was never used before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_JSON = sa.JSON(none_as_null=True)
_IS_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("wants", recreate="never") as wants:
        wants.add_column(sa.Column("shown", _JSON))
    op.drop_table("patterns")
    op.create_table(
        "tag_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("known", _JSON),
        sa.Column("etag", sa.Text()),
        sa.Column("looked_at", _MOMENT),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_tag_lists"),
        sa.UniqueConstraint("registry", "repository", name="uq_tag_lists_registry_repository"),
    )
    op.create_index(
        "ix_tag_lists_due",
        "tag_lists",
        ["due_at"],
        sqlite_where=_IS_DUE,
        postgresql_where=_IS_DUE,
    )
    op.create_table(
        "patterns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("tag_pattern", sa.Text(), nullable=False),
        sa.Column("platforms", _JSON),
        sa.Column("configured", _JSON),
        sa.Column("people", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_patterns_place_id_places"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["tag_lists.id"], name="fk_patterns_list_id_tag_lists"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_patterns"),
        sa.UniqueConstraint(
            "place_id", "list_id", "tag_pattern", name="uq_patterns_place_id_list_id_tag_pattern"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_patterns_of_list", "patterns", ["list_id"])


def downgrade() -> None:
    op.drop_table("patterns")
    op.drop_table("tag_lists")
    with op.batch_alter_table("wants") as wants:
        wants.drop_column("shown")
    op.create_table(
        "patterns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patterns"),
    )
