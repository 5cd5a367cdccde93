"""Takes repositories whose tags are due to be listed, under a lease."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update

from bot.core.reference import Reference
from bot.ports.patterns import ClaimedTags, Pattern, PatternId
from bot.store.columns import UtcDateTime
from bot.store.damage import readable
from bot.store.schema import patterns, places, tag_lists
from bot.store.session import Session
from bot.store.values import place_from, platform_from_text

MOST_CONSIDERED = 1000

_NOW = bindparam("now", type_=UtcDateTime())
READ_PATTERNS: Select[Any] = (
    select(
        patterns,
        *tag_lists.c["registry", "repository", "looked_at", "due_at"],
        *places.c["service", "conversation", "thread"],
    )
    .select_from(patterns.join(tag_lists).join(places))
    .order_by(patterns.c.id)
)
"""Patterns with their place and their repository, oldest first."""

_OF_LISTS = READ_PATTERNS.where(patterns.c.list_id.in_(bindparam("lists", expanding=True)))
_CONSIDERED = (
    select(tag_lists.c.id, tag_lists.c.registry)
    .where(tag_lists.c.due_at <= _NOW)
    .order_by(tag_lists.c.due_at)
    .limit(MOST_CONSIDERED)
)
_CLAIMABLE = (
    select(tag_lists)
    .where(tag_lists.c.id.in_(bindparam("ids", expanding=True)), tag_lists.c.due_at <= _NOW)
    .order_by(tag_lists.c.id)
    .with_for_update(skip_locked=True, key_share=True)
)
_LEASE = (
    update(tag_lists)
    .where(tag_lists.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        lease_token=bindparam("token"),
        lease_until=bindparam("lease_end"),
        due_at=bindparam("lease_end"),
    )
)
_EARLIEST = (
    select(tag_lists.c.registry, tag_lists.c.due_at)
    .where(tag_lists.c.due_at.is_not(None))
    .order_by(tag_lists.c.due_at)
    .limit(MOST_CONSIDERED)
)


async def claim_lists(
    session: Session,
    *,
    capacity: Callable[[str], int],
    limit: int,
    now: datetime,
    lease_s: float,
) -> list[ClaimedTags]:
    """Lease repositories that are due, earliest first, up to capacity(registry) of each."""
    taken: Counter[str] = Counter()
    ids: list[int] = []
    for row in await session.execute(_CONSIDERED, {"now": now}):
        if len(ids) < limit and taken[row.registry] < capacity(row.registry):
            taken[row.registry] += 1
            ids.append(row.id)
    if not ids:
        return []
    held = (await session.execute(_CLAIMABLE, {"ids": ids, "now": now})).all()
    leased = {"ids": [row.id for row in held]}
    token, end = session.new_token(), now + timedelta(seconds=lease_s)
    if held:
        await session.execute(_LEASE, {**leased, "token": token, "lease_end": end})
    about: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in await session.execute(_OF_LISTS, {"lists": leased["ids"]}):
        about[row.list_id].append(row)
    return list(
        readable(held, lambda row: _claimed(row, token, about[row.id], now), table="tag_lists")
    )


async def earliest_list(
    session: Session, *, opens_at: Callable[[str], datetime | None] | None = None
) -> datetime | None:
    """When the earliest is due; None if none is."""
    moments: list[datetime] = []
    for row in await session.execute(_EARLIEST):
        open_from = row.due_at if opens_at is None else opens_at(row.registry)
        if open_from is not None:
            moments.append(max(row.due_at, open_from))
    return min(moments, default=None)


def pattern_from(row: Row[Any]) -> Pattern:
    """The pattern of a row of READ_PATTERNS."""
    return Pattern(
        id=PatternId(row.id),
        repository=Reference(row.registry, row.repository, None),
        text=row.tag_pattern,
        place=place_from(row),
        platforms=frozenset(map(platform_from_text, row.platforms or ())),
        configured=frozenset(map(platform_from_text, row.configured or ())),
        people=tuple(row.people),
        created_at=row.created_at,
        looked_at=row.looked_at,
        due_at=row.due_at,
    )


def _claimed(row: Row[Any], token: str, about: Sequence[Row[Any]], now: datetime) -> ClaimedTags:
    return ClaimedTags(
        id=row.id,
        repository=Reference(row.registry, row.repository, None),
        known=None if row.known is None else frozenset(row.known),
        etag=row.etag,
        looked_at=row.looked_at,
        failures=row.failures,
        lease=token,
        patterns=tuple(readable(about, pattern_from, table="patterns")),
        claimed_at=now,
    )
