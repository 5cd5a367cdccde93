"""Takes targets that are due, under a lease."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.sql.expression import ScalarSelect

from bot.core.model import TargetId, Want
from bot.core.reference import Reference
from bot.ports import ClaimedTarget
from bot.store.columns import UtcDateTime
from bot.store.damage import readable
from bot.store.schema import places, targets, wants, watches
from bot.store.session import Session
from bot.store.values import clear_observation, place_from, want_from


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

_DUE = (
    select(targets.c.id, targets.c.due_at)
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
    .where(targets.c.id.in_(bindparam("ids", expanding=True)))
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
            "changed_at",
            "newest_watch_at",
            "hint_seq",
            "lease_token",
        ]
    )
)
_WANTS = (
    select(
        watches.c.target_id,
        watches.c.standing,
        watches.c.tells,
        *wants.c["watch_id", "platform", "state", "episode", "digest", "stale", "completing"],
        func.coalesce(wants.c.wanted_since, watches.c.created_at).label("wanted_since"),
        *places.c["service", "conversation", "thread"],
    )
    .join_from(wants, watches)
    .join(places, watches.c.place_id == places.c.id)
    .where(watches.c.target_id.in_(bindparam("ids", expanding=True)), watches.c.ended_at.is_(None))
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

    A statement for each registry that has something due, and three for all of them together. A
    target whose rows make no sense is left to its lease.
    """
    due = await _due(session, capacity=capacity, limit=limit, now=now)
    if not due:
        return []
    lease = {
        "ids": list(due),
        "token": session.new_token(),
        "lease_end": now + timedelta(seconds=lease_s),
    }
    leased = (await session.execute(_LEASE, lease)).all()
    wanted: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in await session.execute(_WANTS, {"ids": list(due)}):
        wanted[row.target_id].append(row)
    in_order = sorted(leased, key=lambda row: due[row.id])
    return list(readable(in_order, lambda row: _claimed(row, wanted[row.id]), table="targets"))


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
) -> dict[int, datetime]:
    """The targets to take, and since when they are due."""
    due: list[Row[Any]] = []
    for row in await session.execute(_EARLIEST):
        at_most = min(capacity(row.registry), limit) if row.due_at <= now else 0
        if at_most > 0:
            of_registry = {"registry": row.registry, "now": now, "at_most": at_most}
            due.extend(await session.execute(_DUE, of_registry))
    due.sort(key=attrgetter("due_at"))
    return {row.id: row.due_at for row in due[:limit]}


def _claimed(row: Row[Any], wanted: Sequence[Row[Any]]) -> ClaimedTarget:
    own: tuple[Want, ...] = tuple(want_from(want) for want in wanted)
    return ClaimedTarget(
        id=TargetId(row.id),
        reference=Reference(row.registry, row.repository, row.tag),
        observation=clear_observation(row),
        anchor=max(row.changed_at or row.newest_watch_at, row.newest_watch_at),
        failures=row.failures,
        lease=row.lease_token,
        hint_seq=row.hint_seq,
        wants=own,
        wanted_since={
            (want.watch, want.platform): stored.wanted_since
            for want, stored in zip(own, wanted, strict=True)
        },
        places=frozenset(place_from(want) for want in wanted),
    )
