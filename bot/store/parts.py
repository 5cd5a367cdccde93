"""A watch that both people and the configuration want: whose part is what.

The watch itself is the union of both parts; own is what people want, kept from the moment on at
which the configuration wants something too. Whoever changes a part has locked the watch's target.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from bot.core.model import WatchId
from bot.core.platform import Platform
from bot.ports.configured import Terms
from bot.ports.watches import NewWatch
from bot.store.schema import configured, wants, watchers
from bot.store.session import Session
from bot.store.subscribing import JOIN, drop_platforms, later_end
from bot.store.values import platform_from_text, tells_from

# Below the number of parameters that every database takes.
_BATCH = 500

_OF_WATCH = select(configured).where(configured.c.watch_id == bindparam("watch"))
_AMONG = select(configured.c.watch_id).where(
    configured.c.watch_id.in_(bindparam("watches", expanding=True))
)
_KEEP = (
    update(configured)
    .where(configured.c.watch_id == bindparam("watch"))
    .values(own=bindparam("new_own"))
)
_WANTED = select(wants.c.platform).where(wants.c.watch_id == bindparam("watch"))
_LEAVE = delete(watchers).where(watchers.c.watch_id == bindparam("watch"))


@dataclass(frozen=True, slots=True)
class Own:
    """What people want of a watch."""

    platforms: frozenset[str]
    standing: bool
    tells: frozenset[str]
    expires_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """A JSON object that own_from() turns back into an equal part."""
        return {
            "platforms": sorted(self.platforms),
            "standing": self.standing,
            "tells": sorted(self.tells),
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }


def own_from(stored: Mapping[str, Any] | None) -> Own | None:
    """The part that as_json() gave; None: nobody wants it but the configuration."""
    if stored is None:
        return None
    end = stored["expires_at"]
    return Own(
        platforms=frozenset(stored["platforms"]),
        standing=stored["standing"],
        tells=frozenset(stored["tells"]),
        expires_at=datetime.fromisoformat(end) if end else None,
    )


def terms_from(row: Row[Any]) -> Terms:
    """The configuration's part of a row."""
    return Terms(frozenset(map(platform_from_text, row.platforms)), tells_from(tuple(row.tells)))


async def part_of(session: Session, watch: int) -> Row[Any] | None:
    """The row of the watch's parts; None if the configuration does not want it."""
    return (await session.execute(_OF_WATCH, {"watch": watch})).one_or_none()


async def configured_among(session: Session, some: Sequence[WatchId]) -> frozenset[WatchId]:
    """Those of the watches that the configuration wants."""
    found: set[int] = set()
    for at in range(0, len(some), _BATCH):
        among = await session.execute(_AMONG, {"watches": list(some[at : at + _BATCH])})
        found.update(among.scalars())
    return frozenset(map(WatchId, found))


def own_of(new: NewWatch) -> Own:
    """The part of somebody who watches."""
    return Own(
        frozenset(map(str, new.platforms)),
        new.standing,
        frozenset(event.value for event in new.tells),
        new.expires_at,
    )


async def join_own(session: Session, watch: int, own: Own) -> None:
    """Somebody wants the watch: remember what, if the configuration wants it too."""
    row = await part_of(session, watch)
    if row is None:
        return
    before = own_from(row.own)
    if before is not None:
        own = Own(
            own.platforms | before.platforms,
            own.standing or before.standing,
            own.tells | before.tells,
            later_end(own.expires_at, before.expires_at),
        )
    await session.execute(_KEEP, {"watch": watch, "new_own": own.as_json()})


async def drop_own(
    session: Session, watch: WatchId, platforms: Collection[Platform] | None, *, now: datetime
) -> None:
    """People want these platforms no more, or nothing: what the configuration wants goes on."""
    row = await part_of(session, watch)
    assert row is not None, "asked of watches that the configuration wants"
    own = own_from(row.own)
    if own is not None and platforms is not None:
        own = replace(own, platforms=own.platforms.difference(map(str, platforms)))
    if own is None or platforms is None or not own.platforms:
        own = None
        await session.execute(_LEAVE, {"watch": watch})
    await session.execute(_KEEP, {"watch": watch, "new_own": own.as_json() if own else None})
    await settle(session, watch, terms_from(row), own, now=now)


async def settle(
    session: Session, watch: int, terms: Terms | None, own: Own | None, *, now: datetime
) -> None:
    """Make the watch what its parts say; at least one is there, and its platforms are wanted."""
    tells = {event.value for event in terms.tells} if terms else set()
    kept = {str(platform) for platform in terms.platforms} if terms else set()
    await session.execute(
        JOIN,
        {
            "watch": watch,
            "new_standing": terms is not None or (own is not None and own.standing),
            "new_tells": sorted(tells.union(own.tells if own else ())),
            "new_expires_at": None if terms is not None or own is None else own.expires_at,
        },
    )
    wanted = (await session.execute(_WANTED, {"watch": watch})).scalars()
    kept |= own.platforms if own else set()
    gone = [platform_from_text(text) for text in wanted if text not in kept]
    await drop_platforms(session, watch, gone, now=now)
