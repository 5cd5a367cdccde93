"""Makes a watch, adds to the one the place has, and takes away from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, insert, select, update

from bot.core.model import WantState
from bot.core.platform import Platform
from bot.ports.store import News
from bot.ports.watches import NewWatch
from bot.store.columns import UtcDateTime
from bot.store.dialect import insert_or_ignore
from bot.store.places import place_row
from bot.store.schema import alerts, observations, targets, wants, watchers, watches
from bot.store.session import Session
from bot.store.targets import IS_THE_TARGET, due_by, target_key
from bot.store.values import history_row, observation_columns

_NOW = bindparam("now", type_=UtcDateTime())
_SEEN_AT = bindparam("seen_at", type_=UtcDateTime())

# Locked, so that of two who subscribe to one target the second sees what the first has made.
_TARGET = (
    select(*targets.c["id", "status", "lease_until", "looked_at"])
    .where(IS_THE_TARGET)
    .with_for_update(key_share=True)
)
_SEED = (
    update(targets)
    .where(targets.c.id == bindparam("target"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("status", "digest", "etag", "entries")}
        | {"observed_at": _SEEN_AT, "looked_at": _SEEN_AT}
    )
)
WAKE = (
    update(targets)
    .where(targets.c.id == bindparam("target"))
    .values(
        due_at=due_by(bindparam("moment", type_=UtcDateTime()), _NOW),
        hint_seq=targets.c.hint_seq + 1,
        newest_watch_at=case((bindparam("is_new") == 1, _NOW), else_=targets.c.newest_watch_at),
    )
)
"""Make a target due by then, also while it is looked at; is_new: something is wanted anew."""
_ACTIVE = select(*watches.c["id", "standing", "tells", "expires_at"]).where(
    watches.c.target_id == bindparam("target"),
    watches.c.place_id == bindparam("place"),
    watches.c.ended_at.is_(None),
)
_MAKE = insert(watches).returning(watches.c.id)
JOIN = (
    update(watches)
    .where(watches.c.id == bindparam("watch"))
    .values({name: bindparam(f"new_{name}") for name in ("standing", "tells", "expires_at")})
)
"""Change what a watch is; its target must be locked."""
_ARE_DROPPED = (
    wants.c.watch_id == bindparam("watch"),
    wants.c.platform.in_(bindparam("dropped", expanding=True)),
)
_DROP = delete(wants).where(*_ARE_DROPPED)
_STAYING = select(func.count()).where(
    wants.c.watch_id == bindparam("watch"),
    wants.c.platform.not_in(bindparam("dropped", expanding=True)),
)
_DROPPED = select(func.coalesce(func.sum(wants.c.episode + 1), 0)).where(*_ARE_DROPPED)
_CARRY_ON = (
    update(wants)
    .where(
        wants.c.id
        == select(func.min(wants.c.id))
        .where(wants.c.watch_id == bindparam("watch"))
        .scalar_subquery()
    )
    .values(episode=wants.c.episode + bindparam("carried"))
)
_LAST_EPISODES = (
    select(alerts.c.platform, func.max(alerts.c.episode).label("episode"))
    .where(alerts.c.watch_id == bindparam("watch"))
    .group_by(alerts.c.platform)
)
_TARGET_OF = (
    select(targets.c.id)
    .where(
        targets.c.id
        == select(watches.c.target_id).where(watches.c.id == bindparam("watch")).scalar_subquery()
    )
    .with_for_update(key_share=True)
)
_PLATFORMS = select(wants.c.platform).where(wants.c.watch_id == bindparam("watch"))


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The watch's number. joined: the person was not among the people of an existing watch."""

    watch: int
    created: bool
    joined: bool


async def subscribe(session: Session, new: NewWatch, *, now: datetime) -> Subscribed:
    """Make a watch, or add platforms and the person to the place's active watch of that target."""
    row = await hold_target(session, new, now=now)
    target: int = row.id
    place = await place_row(session, new.place)
    watch, created = await _watch(session, new, target=target, place=place, now=now)
    widened = await _add_platforms(session, new, watch, card=new.card and created, now=now)
    joined = await _add_person(session, new, watch, now=now)
    moment = min(new.due_at, now) if _is_overtaken(new, row) else new.due_at
    await session.execute(
        WAKE, {"target": target, "moment": moment, "now": now, "is_new": int(widened)}
    )
    session.news.add(News.LOOKS)
    return Subscribed(watch, created, joined and not created)


async def drop_platforms(
    session: Session, watch: int, platforms: Sequence[Platform], *, now: datetime
) -> bool:
    """Take platforms off a watch, unless none would be left; False if so.

    Its target is due, as there may be nothing left to wait for.

    The alerts of the whole watch are counted by its wants and their episodes, so one that stays
    takes over the count of those that go.
    """
    target = (await session.execute(_TARGET_OF, {"watch": watch})).scalar_one()
    these = {"watch": watch, "dropped": [str(platform) for platform in platforms]}
    if not (await session.execute(_STAYING, these)).scalar_one():
        return False
    carried = (await session.execute(_DROPPED, these)).scalar_one()
    await session.execute(_DROP, these)
    await session.execute(_CARRY_ON, {"watch": watch, "carried": carried})
    await session.execute(WAKE, {"target": target, "moment": now, "now": now, "is_new": 0})
    session.news.add(News.LOOKS)
    return True


def _is_overtaken(new: NewWatch, row: Row[Any]) -> bool:
    """Whether another process has looked since the observation that the watch starts from.

    What it found was decided for others; without a look of its own the watch would miss it.
    """
    seen = new.observation
    return seen is not None and row.looked_at is not None and row.looked_at > seen.observed_at


async def hold_target(session: Session, new: NewWatch, *, now: datetime) -> Row[Any]:
    """The target's row as it was, locked; it is made if it is missing."""
    key = target_key(new.reference)
    row = (await session.execute(_TARGET, key)).one_or_none()
    if row is None:
        reference = new.reference
        await session.execute(
            insert_or_ignore(targets, session.dialect),
            {
                "registry": reference.registry,
                "repository": reference.repository,
                "tag": reference.tag,
                "newest_watch_at": now,
            },
        )
        row = (await session.execute(_TARGET, key)).one()
    target: int = row.id
    # What the store knows is at least as good, and what a look is about to record is newer.
    leased = row.lease_until is not None and row.lease_until > now
    if new.observation is not None and new.observation.is_clear and not row.status and not leased:
        seen = observation_columns(new.observation)
        seen_at = seen.pop("observed_at")
        columns = {f"new_{name}": value for name, value in seen.items()}
        await session.execute(_SEED, {"target": target, "seen_at": seen_at, **columns})
        # The history begins here: the next look will find this, and nothing new.
        await session.execute(insert(observations), history_row(target, new.observation))
    return row


async def _watch(
    session: Session, new: NewWatch, *, target: int, place: int, now: datetime
) -> tuple[int, bool]:
    """The place's active watch of the target, and whether it was made."""
    found = await session.execute(_ACTIVE, {"target": target, "place": place})
    active = found.one_or_none()
    tells = {event.value for event in new.tells}
    if active is None:
        made = await session.execute(
            _MAKE,
            {
                "target_id": target,
                "place_id": place,
                "source": new.source,
                "standing": new.standing,
                "tells": sorted(tells),
                "created_at": now,
                "expires_at": new.expires_at,
            },
        )
        return made.scalar_one(), True
    await session.execute(JOIN, joined_terms(active, new.standing, tells, new.expires_at))
    return active.id, False


def joined_terms(
    active: Row[Any], standing: bool, tells: Collection[str], expires_at: datetime | None
) -> dict[str, Any]:
    """The parameters of JOIN that have an active watch serve somebody else's terms as well."""
    return {
        "watch": active.id,
        "new_standing": active.standing or standing,
        "new_tells": sorted({*tells, *active.tells}),
        "new_expires_at": later_end(active.expires_at, expires_at),
    }


def later_end(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two expiries; none at all is the latest."""
    return None if one is None or other is None else max(one, other)


async def _add_platforms(
    session: Session, new: NewWatch, watch: int, *, card: bool, now: datetime
) -> bool:
    """Add the platforms the watch does not have; whether there were any."""
    known = set((await session.execute(_PLATFORMS, {"watch": watch})).scalars())
    told = await session.execute(_LAST_EPISODES, {"watch": watch})
    # A platform that was dropped and told of before must be able to be told of again.
    episodes = {row.platform: row.episode + 1 for row in told}
    at_first = WantState.UNSEEN if new.unseen else WantState.WAITING
    added = [
        {
            "watch_id": watch,
            "platform": str(platform),
            "state": (WantState.MET if platform in new.met else at_first).value,
            "episode": episodes.get(str(platform), 0),
            "digest": new.met.get(platform),
            "wanted_since": now,
            "built": platform in new.built,
            "shown": [] if card else None,
        }
        for platform in dict.fromkeys(new.platforms)
        if str(platform) not in known
    ]
    await session.execute_each(insert(wants), added)
    return bool(added)


async def _add_person(session: Session, new: NewWatch, watch: int, *, now: datetime) -> bool:
    """Add the person; False if there is none or they are there already."""
    if new.person is None:
        return False
    added = await session.execute(
        insert_or_ignore(watchers, session.dialect, "id"),
        {"watch_id": watch, "person": new.person, "joined_at": now},
    )
    return added.first() is not None
