"""The tables.

due_at says everywhere when a row can be claimed, and is NULL when nothing is to be done with it;
the indices for claims hold only the other rows. States and kinds are the values of the enums in
bot.core.model and bot.core.errors.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from bot.store.columns import Json, UtcDateTime
from bot.store.metadata import metadata, partial_index
from bot.store.schema_patterns import patterns, tag_lists

__all__ = [
    "alerts",
    "configured",
    "cursors",
    "deliveries",
    "inbox",
    "libraries",
    "metadata",
    "observations",
    "patterns",
    "places",
    "registries",
    "tag_lists",
    "targets",
    "wants",
    "watchers",
    "watches",
]

# While a look is running due_at is the end of its lease, so that one index answers both what can
# be claimed and when there will be something to claim. status, digest, etag, entries and
# observed_at are of the last clear observation; the trouble is that of the last look if it was
# not clear. derived_from: the target for whose wants this one is looked at, besides its own.
# listed_at: since when docker-library's file is known to list the tag.
targets = Table(
    "targets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("registry", Text, nullable=False),
    Column("repository", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("status", Text),
    Column("digest", Text),
    Column("etag", Text),
    Column("entries", Json),
    Column("observed_at", UtcDateTime),
    Column("looked_at", UtcDateTime),
    Column("trouble_status", Text),
    Column("trouble_kind", Text),
    Column("trouble_http_status", Integer),
    Column("trouble_retry_at", UtcDateTime),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("changed_at", UtcDateTime),
    Column("newest_watch_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("hint_seq", Integer, nullable=False, server_default="0"),
    Column("hint_digest", Text),
    Column("hint_tries", Integer, nullable=False, server_default="0"),
    Column("lease_token", Text),
    Column("lease_until", UtcDateTime),
    Column("derived_from", Integer, ForeignKey("targets.id")),
    Column("listed_at", UtcDateTime),
    UniqueConstraint("registry", "repository", "tag"),
    partial_index("ix_targets_due", "registry", "due_at", where="due_at IS NOT NULL"),
)

# gather_until: alerts that come before it ride together in one delivery after it.
places = Table(
    "places",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("service", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("title", Text),
    Column("muted_until", UtcDateTime),
    Column("parked_until", UtcDateTime),
    Column("parked_reason", Text),
    Column("gather_until", UtcDateTime),
    UniqueConstraint("service", "conversation", "thread"),
)

watches = Table(
    "watches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target_id", Integer, ForeignKey("targets.id"), nullable=False),
    Column("place_id", Integer, ForeignKey("places.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("standing", Boolean(create_constraint=False), nullable=False),
    Column("tells", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("muted_until", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended_why", Text),
    partial_index(
        "uq_watches_active", "target_id", "place_id", where="ended_at IS NULL", unique=True
    ),
    partial_index("ix_watches_of_place", "place_id", where="ended_at IS NULL"),
    partial_index(
        "ix_watches_expiring",
        "expires_at",
        where="ended_at IS NULL AND expires_at IS NOT NULL",
    ),
    sqlite_autoincrement=True,  # people keep the number of a watch: it is never given again
)

# What the configuration wants of a watch. own: what people want of it, NULL if nobody does; the
# watch itself is the union of both.
configured = Table(
    "configured",
    metadata,
    Column("watch_id", Integer, ForeignKey("watches.id"), primary_key=True),
    Column("platforms", Json, nullable=False),
    Column("tells", Json, nullable=False),
    Column("own", Json),
)

wants = Table(
    "wants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("watch_id", Integer, ForeignKey("watches.id"), nullable=False),
    Column("platform", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("episode", Integer, nullable=False, server_default="0"),
    Column("digest", Text),
    Column("stale", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Column("completing", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Column("wanted_since", UtcDateTime),
    Column("built", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Column("shown", Json),
    UniqueConstraint("watch_id", "platform"),
)

watchers = Table(
    "watchers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("watch_id", Integer, ForeignKey("watches.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
    UniqueConstraint("watch_id", "person"),
)

# What targets pointed at, one row each time it changed. not_before: when the tag was last seen as
# it was before, NULL at first sight.
observations = Table(
    "observations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target_id", Integer, ForeignKey("targets.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("digest", Text),
    Column("entries", Json, nullable=False),
    Column("observed_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime),
    Index("ix_observations_of_target", "target_id", "observed_at"),
)

# id is the marker by which a service can find the message again. is_answer: message holds what to
# say; otherwise the alerts that point here are said. edits: the delivery whose message is changed.
# person: whoever asked for the answer. instead_of: the delivery that this one stands for, because
# its place is closed. postponed: the service asked to wait, so nothing goes to the place before it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("place_id", Integer, ForeignKey("places.id"), nullable=False),
    Column("kind", Text, nullable=False, server_default="post"),
    Column("edits", Text),
    Column("is_answer", Boolean(create_constraint=False), nullable=False),
    Column("message", Json),
    Column("person", Text),
    Column("instead_of", Text),
    Column("postponed", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("first_try_at", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("lease_token", Text),
    Column("lease_until", UtcDateTime),
    Column("message_id", Text),
    Column("settled_at", UtcDateTime),
    Column("last_error", Text),
    UniqueConstraint("id"),
    partial_index("ix_deliveries_open", "place_id", "seq", where="due_at IS NOT NULL"),
    partial_index("ix_deliveries_unsent", "seq", "state", where="state <> 'sent'"),
)

# platform is '' where the alert is about the whole watch: a NULL would not be unique.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("watch_id", Integer, ForeignKey("watches.id"), nullable=False),
    Column("platform", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("place_id", Integer, ForeignKey("places.id"), nullable=False),
    Column("facts", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivery_id", Text, ForeignKey("deliveries.id")),
    UniqueConstraint("watch_id", "platform", "event", "episode"),
    Index("ix_alerts_of_delivery", "delivery_id"),
)

registries = Table(
    "registries",
    metadata,
    Column("registry", Text, primary_key=True),
    Column("parked_until", UtcDateTime),
    Column("pulls_parked_until", UtcDateTime),
    Column("rate_limit", Integer),
    Column("remaining", Integer),
    Column("window_s", Integer),
    Column("failures", Integer, nullable=False, server_default="0"),
)

# The place is spelt out, so that a command is received by one statement.
inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("service", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime),
    Column("lease_token", Text),
    Column("lease_until", UtcDateTime),
    Column("done_at", UtcDateTime),
    UniqueConstraint("service", "event_id"),
    partial_index(
        "ix_inbox_open",
        "service",
        "conversation",
        "thread",
        "person",
        "id",
        where="due_at IS NOT NULL",
    ),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Text, nullable=False),
)

# listed_at: since when a tag is listed, by tag, only for those that an earlier copy did not list.
libraries = Table(
    "libraries",
    metadata,
    Column("name", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("etag", Text),
    Column("confirmed_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime),
    Column("listed_at", Json, nullable=False),
)
