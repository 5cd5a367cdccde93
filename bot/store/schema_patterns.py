"""The tables of patterns, and of the tags that they are about."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from bot.store.columns import Json, UtcDateTime
from bot.store.metadata import metadata, partial_index

# The tags of repositories that patterns are about. known: all that were ever seen, NULL until the
# first look. etag: of a list that came in one page. due_at is as in targets. hinted_at: when a push
# to the repository was told of last.
tag_lists = Table(
    "tag_lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("registry", Text, nullable=False),
    Column("repository", Text, nullable=False),
    Column("known", Json),
    Column("etag", Text),
    Column("looked_at", UtcDateTime),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime),
    Column("lease_token", Text),
    Column("lease_until", UtcDateTime),
    Column("hinted_at", UtcDateTime),
    UniqueConstraint("registry", "repository"),
    partial_index("ix_tag_lists_due", "due_at", where="due_at IS NOT NULL"),
)

# A place wants to hear of every new tag that fits. platforms: what people want, configured: what
# the configuration wants; NULL if they want nothing.
patterns = Table(
    "patterns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("place_id", Integer, ForeignKey("places.id"), nullable=False),
    Column("list_id", Integer, ForeignKey("tag_lists.id"), nullable=False),
    Column("tag_pattern", Text, nullable=False),
    Column("platforms", Json),
    Column("configured", Json),
    Column("people", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("place_id", "list_id", "tag_pattern"),
    Index("ix_patterns_of_list", "list_id"),
    sqlite_autoincrement=True,
)
