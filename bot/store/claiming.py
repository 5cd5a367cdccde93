"""Takes targets that are due, under a lease."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Text, bindparam, case, func, select, type_coerce, update
from sqlalchemy.sql.expression import ScalarSelect

from bot.core.model import TargetId, Want, WatchId
from bot.core.platform import Platform
from bot.ports.targets import ClaimedTarget, SharedTarget
from bot.store.columns import UtcDateTime
from bot.store.damage import readable
from bot.store.many import among
from bot.store.schema import places, targets, wants, watches
from bot.store.session import Session
from bot.store.values import clear_observation, place_from, reference_from, want_from

_Wanted = defaultdict[int, list[Row[Any]]]
"""The rows of wants, with their watch and place, by target."""


def _first_registry_after(registry: Any) -> ScalarSelect[str | None]:
    others = targets.alias()
    return (
        select(func.min(others.c.registry))
        .where(others.c.registry > registry, others.c.due_at.is_not(None))
        .scalar_subquery()
    )


# Jumps through the index from one registry to the next instead of reading the rows between: it
# costs as much as there are registries, however many targets they have.
_KNOWN = (
    select(func.min(targets.c.registry).label("registry"))
    .where(targets.c.due_at.is_not(None))
    .cte("known", recursive=True)
)
_KNOWN = _KNOWN.union_all(
    select(_first_registry_after(_KNOWN.c.registry)).where(_KNOWN.c.registry.is_not(None))
)
_EARLIEST = select(
    _KNOWN.c.registry,
    select(func.min(targets.c.due_at))
    .where(targets.c.registry == _KNOWN.c.registry, targets.c.due_at.is_not(None))
    .scalar_subquery()
    .label("due_at"),
).where(_KNOWN.c.registry.is_not(None))

_ANCHOR = case(
    (targets.c.changed_at > targets.c.newest_watch_at, targets.c.changed_at),
    else_=targets.c.newest_watch_at,
)
_DUE = (
    # In whatever form the driver has it, which is enough to sort by.
    select(targets.c.id, type_coerce(targets.c.due_at, Text()).label("due_at"))
    .where(
        targets.c.registry == bindparam("registry"),
        targets.c.due_at <= bindparam("now", type_=UtcDateTime()),
    )
    .order_by(targets.c.due_at)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True, key_share=True)
)
_LEASE = (
    update(targets)
    .where(among(targets.c.id, "ids"))
    .values(
        lease_token=bindparam("token"),
        lease_until=bindparam("lease_end"),
        due_at=bindparam("lease_end"),
    )
    .returning(
        *targets.c[
            "id",
            "registry",
            "repository",
            "tag",
            "status",
            "digest",
            "etag",
            "entries",
            "observed_at",
            "failures",
            "hint_seq",
            "derived_from",
        ],
        _ANCHOR.label("anchor"),
    )
)
_SHARED = select(targets, _ANCHOR.label("anchor")).where(among(targets.c.id, "ids"))
_REST = (
    update(targets)
    .where(among(targets.c.id, "ids"))
    .values(due_at=None, lease_token=None, lease_until=None)
)
_WANTS = (
    select(
        watches.c.target_id,
        watches.c.standing,
        watches.c.tells,
        *wants.c["watch_id", "platform", "state", "episode", "digest"],
        *wants.c["stale", "completing", "built", "shown"],
        func.coalesce(wants.c.wanted_since, watches.c.created_at).label("wanted_since"),
        *places.c["service", "conversation", "thread"],
    )
    .join_from(wants, watches)
    .join(places, watches.c.place_id == places.c.id)
    .where(among(watches.c.target_id, "ids"), watches.c.ended_at.is_(None))
    .order_by(wants.c.id)
)


async def claim_targets(
    session: Session,
    *,
    capacity: Callable[[str], int],
    limit: int,
    now: datetime,
    lease_s: float,
) -> list[ClaimedTarget]:
    """Lease the targets that are due, earliest first, up to capacity(registry) of each registry.

    A statement for each registry that has something due, and three for all of them together; two
    more if some are derived. Of these, what nobody waits for rests. A target whose rows make no
    sense is left to its lease.
    """
    due = await _due(session, capacity=capacity, limit=limit, now=now)
    if not due:
        return []
    token = session.new_token()
    lease = {
        "ids": list(due),
        "token": token,
        "lease_end": now + timedelta(seconds=lease_s),
    }
    leased = (await session.execute(_LEASE, lease)).all()
    shared = await _shared(session, leased)
    wanted: _Wanted = defaultdict(list)
    for row in await session.execute(_WANTS, {"ids": [*due, *shared]}):
        wanted[row.target_id].append(row)
    in_order = sorted(leased, key=lambda row: due[row.id])

    def claimed(row: Row[Any]) -> ClaimedTarget:
        return _claimed(row, shared.get(row.derived_from), wanted, lease=token)

    found = list(readable(in_order, claimed, table="targets"))
    return await _without_the_unwanted(session, found)


async def _shared(session: Session, leased: Sequence[Row[Any]]) -> dict[int, Row[Any]]:
    """The rows of the targets that some of these are derived from."""
    ids = sorted({row.derived_from for row in leased if row.derived_from is not None})
    rows = await session.execute(_SHARED, {"ids": ids}) if ids else ()
    return {row.id: row for row in rows}


async def _without_the_unwanted(
    session: Session, claimed: list[ClaimedTarget]
) -> list[ClaimedTarget]:
    """What somebody wants; the derived targets that nobody waits for any more are put to rest."""
    unwanted = {
        target.id for target in claimed if target.shared and not (target.wants or target.awaited)
    }
    if not unwanted:
        return claimed
    await session.execute(_REST, {"ids": sorted(unwanted)})
    return [target for target in claimed if target.id not in unwanted]


async def earliest_due_at(
    session: Session, *, opens_at: Callable[[str], datetime | None] | None = None
) -> datetime | None:
    """When the earliest target is due, where a leased one is due when its lease ends.

    opens_at: before when nothing of a registry can be claimed; None for one to leave out.
    """
    moments: list[datetime] = []
    for row in await session.execute(_EARLIEST):
        open_from = row.due_at if opens_at is None else opens_at(row.registry)
        if open_from is not None:
            moments.append(max(row.due_at, open_from))
    return min(moments, default=None)


async def _due(
    session: Session, *, capacity: Callable[[str], int], limit: int, now: datetime
) -> dict[int, Any]:
    """The targets to take, and since when they are due."""
    due: list[tuple[Any, int]] = []
    for row in await session.execute(_EARLIEST):
        at_most = min(capacity(row.registry), limit) if row.due_at <= now else 0
        if at_most > 0:
            of_registry = {"registry": row.registry, "now": now, "at_most": at_most}
            rows = await session.execute(_DUE, of_registry)
            due.extend((each.due_at, each.id) for each in rows)
    due.sort()
    return {target: due_at for due_at, target in due[:limit]}


def _claimed(
    row: Row[Any], parent: Row[Any] | None, wanted: _Wanted, *, lease: str
) -> ClaimedTarget:
    rows = wanted[row.id]
    own, since = _wants(rows)
    target = ClaimedTarget(
        id=TargetId(row.id),
        reference=reference_from(row),
        observation=clear_observation(row),
        anchor=row.anchor,
        failures=row.failures,
        lease=lease,
        hint_seq=row.hint_seq,
        wants=own,
        wanted_since=since,
        places=frozenset(map(place_from, rows)),
    )
    return target if parent is None else _derived(target, parent, wanted[parent.id])


def _derived(target: ClaimedTarget, parent: Row[Any], wanted: Sequence[Row[Any]]) -> ClaimedTarget:
    shared = _shared_target(parent, wanted)
    target = replace(target, anchor=max(target.anchor, parent.anchor), shared=shared)
    awaiting = {want.watch for want in target.awaited}
    theirs = (want for want in wanted if want.watch_id in awaiting)
    return replace(target, places=target.places.union(map(place_from, theirs)))


def _shared_target(row: Row[Any], wanted: Sequence[Row[Any]]) -> SharedTarget:
    own, since = _wants(wanted)
    return SharedTarget(
        TargetId(row.id), reference_from(row), clear_observation(row), wants=own, wanted_since=since
    )


def _wants(
    rows: Sequence[Row[Any]],
) -> tuple[tuple[Want, ...], dict[tuple[WatchId, Platform], datetime]]:
    own = tuple(map(want_from, rows))
    since = {
        (want.watch, want.platform): row.wanted_since for want, row in zip(own, rows, strict=True)
    }
    return own, since
