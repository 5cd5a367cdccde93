"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _create_places()
    _create_targets()
    _create_watches()
    _create_outbox()
    _create_commands()


def downgrade() -> None:
    for table in (
        "alerts",
        "deliveries",
        "watchers",
        "wants",
        "watches",
        "patterns",
        "observations",
        "targets",
        "registries",
        "places",
        "inbox",
        "cursors",
    ):
        op.drop_table(table)


def _index(name: str, table: str, columns: list[str], where: str, **options: Any) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, columns, sqlite_where=condition, postgresql_where=condition, **options
    )


def _create_places() -> None:
    op.create_table(
        "places",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("muted_until", _MOMENT),
        sa.Column("parked_until", _MOMENT),
        sa.Column("parked_reason", sa.Text()),
        sa.Column("gather_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_places"),
        sa.UniqueConstraint(
            "service", "conversation", "thread", name="uq_places_service_conversation_thread"
        ),
    )


def _create_targets() -> None:
    op.create_table(
        "targets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("entries", _JSON),
        sa.Column("observed_at", _MOMENT),
        sa.Column("looked_at", _MOMENT),
        sa.Column("trouble_status", sa.Text()),
        sa.Column("trouble_kind", sa.Text()),
        sa.Column("trouble_http_status", sa.Integer()),
        sa.Column("trouble_retry_at", _MOMENT),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed_at", _MOMENT),
        sa.Column("newest_watch_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("hint_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hint_digest", sa.Text()),
        sa.Column("hint_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.Column("derived_from", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["derived_from"], ["targets.id"], name="fk_targets_derived_from_targets"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_targets"),
        sa.UniqueConstraint(
            "registry", "repository", "tag", name="uq_targets_registry_repository_tag"
        ),
    )
    _index("ix_targets_due", "targets", ["registry", "due_at"], "due_at IS NOT NULL")
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("entries", _JSON, nullable=False),
        sa.Column("observed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.id"], name="fk_observations_target_id_targets"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
    )
    op.create_index("ix_observations_of_target", "observations", ["target_id", "observed_at"])
    op.create_table(
        "registries",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("parked_until", _MOMENT),
        sa.Column("pulls_parked_until", _MOMENT),
        sa.Column("rate_limit", sa.Integer()),
        sa.Column("remaining", sa.Integer()),
        sa.Column("window_s", sa.Integer()),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("registry", name="pk_registries"),
    )


def _create_watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("tells", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("muted_until", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("ended_why", sa.Text()),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_watches_place_id_places"),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name="fk_watches_target_id_targets"),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        sqlite_autoincrement=True,
    )
    _index(
        "ix_watches_expiring",
        "watches",
        ["expires_at"],
        "ended_at IS NULL AND expires_at IS NOT NULL",
    )
    _index("ix_watches_of_place", "watches", ["place_id"], "ended_at IS NULL")
    _index(
        "uq_watches_active", "watches", ["target_id", "place_id"], "ended_at IS NULL", unique=True
    )
    op.create_table(
        "wants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("episode", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("stale", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name="fk_wants_watch_id_watches"),
        sa.PrimaryKeyConstraint("id", name="pk_wants"),
        sa.UniqueConstraint("watch_id", "platform", name="uq_wants_watch_id_platform"),
    )
    op.create_table(
        "watchers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("joined_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name="fk_watchers_watch_id_watches"),
        sa.PrimaryKeyConstraint("id", name="pk_watchers"),
        sa.UniqueConstraint("watch_id", "person", name="uq_watchers_watch_id_person"),
    )
    op.create_table(
        "patterns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("tag_pattern", sa.Text(), nullable=False),
        sa.Column("platforms", _JSON, nullable=False),
        sa.Column("known_tags", _JSON),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("looked_at", _MOMENT),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_patterns_place_id_places"),
        sa.PrimaryKeyConstraint("id", name="pk_patterns"),
        sa.UniqueConstraint(
            "place_id",
            "registry",
            "repository",
            "tag_pattern",
            name="uq_patterns_place_id_registry_repository_tag_pattern",
        ),
    )
    _index("ix_patterns_due", "patterns", ["registry", "due_at"], "due_at IS NOT NULL")


def _create_outbox() -> None:
    op.create_table(
        "deliveries",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="post", nullable=False),
        sa.Column("edits", sa.Text()),
        sa.Column("is_answer", sa.Boolean(), nullable=False),
        sa.Column("message", _JSON),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("first_try_at", _MOMENT),
        sa.Column("due_at", _MOMENT),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.Column("message_id", sa.Text()),
        sa.Column("settled_at", _MOMENT),
        sa.Column("last_error", sa.Text()),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_deliveries_place_id_places"),
        sa.PrimaryKeyConstraint("seq", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
    )
    _index("ix_deliveries_open", "deliveries", ["place_id", "seq"], "due_at IS NOT NULL")
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("facts", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("delivery_id", sa.Text()),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name="fk_alerts_delivery_id_deliveries"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_alerts_place_id_places"),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name="fk_alerts_watch_id_watches"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint(
            "watch_id",
            "platform",
            "event",
            "episode",
            name="uq_alerts_watch_id_platform_event_episode",
        ),
    )
    op.create_index("ix_alerts_of_delivery", "alerts", ["delivery_id"])


def _create_commands() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.Column("done_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("service", "event_id", name="uq_inbox_service_event_id"),
    )
    _index(
        "ix_inbox_open",
        "inbox",
        ["service", "conversation", "thread", "person", "id"],
        "due_at IS NOT NULL",
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
