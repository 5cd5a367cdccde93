"""Watches, their wants and their people."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, exists, select, update

from bot.core.model import Place, Watch, WatchId
from bot.core.platform import Platform
from bot.ports import AddedWatch, NewWatch
from bot.store.columns import UtcDateTime
from bot.store.places import IS_THE_PLACE, place_key, place_row
from bot.store.schema import places, targets, watches
from bot.store.session import Session
from bot.store.subscribing import drop_platforms, subscribe
from bot.store.watch_rows import WatchReader

# Below the number of parameters that every database takes.
_BATCH = 500

_IS_ACTIVE = watches.c.ended_at.is_(None)
_THE_WATCH = WatchReader(watches.c.id == bindparam("watch"))
_OF_PLACE = WatchReader(_IS_ACTIVE, IS_THE_PLACE)
_ACTIVE = WatchReader(_IS_ACTIVE)
_EXPIRED = WatchReader(
    _IS_ACTIVE,
    watches.c.expires_at <= bindparam("now", type_=UtcDateTime()),
    in_order=watches.c.expires_at,
    at_most=bindparam("at_most"),
)
_NAMED = watches.c.id.in_(bindparam("named", expanding=True))
_END = (
    update(watches)
    .where(_NAMED, _IS_ACTIVE)
    .values(ended_at=bindparam("moment"), ended_why=bindparam("why"))
)
_REST = (
    update(targets)
    .where(
        targets.c.id.in_(select(watches.c.target_id).where(_NAMED)),
        ~exists().where(watches.c.target_id == targets.c.id, _IS_ACTIVE),
    )
    .values(due_at=None)
)
_MUTE = (
    update(watches).where(watches.c.id == bindparam("watch")).values(muted_until=bindparam("until"))
)
_MUTE_PLACE = (
    update(places).where(places.c.id == bindparam("place")).values(muted_until=bindparam("until"))
)
_MUTED_UNTIL = select(places.c.muted_until).where(IS_THE_PLACE)


class SqlWatches:
    """bot.ports.Watches over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, new: NewWatch, *, now: datetime) -> AddedWatch:
        """Make a watch, or add platforms and the person to the place's active watch of that target.

        joined: the person was not among the people of the watch that was there already.
        """
        subscribed = await subscribe(self._session, new, now=now)
        [watch] = await _THE_WATCH.read(self._session, {"watch": subscribed.watch})
        return AddedWatch(watch, created=subscribed.created, joined=subscribed.joined)

    async def of_place(self, place: Place) -> list[Watch]:
        """The active watches of a place, oldest first."""
        return await _OF_PLACE.read(self._session, place_key(place))

    async def active(self) -> list[Watch]:
        """All active watches, oldest first."""
        return await _ACTIVE.read(self._session, {})

    async def expired(self, *, now: datetime, limit: int) -> list[Watch]:
        """Active watches whose time is over, the earliest first."""
        return await _EXPIRED.read(self._session, {"now": now, "at_most": limit})

    async def drop(self, watch: WatchId, platforms: Sequence[Platform], *, now: datetime) -> None:
        """Take platforms off a watch, which must keep at least one; its target is due."""
        await drop_platforms(self._session, watch, platforms, now=now)

    async def end(self, watches: Sequence[WatchId], *, why: str, now: datetime) -> None:
        """End watches; a target nobody wants any more is no longer due."""
        for start in range(0, len(watches), _BATCH):
            named = list(watches[start : start + _BATCH])
            await self._session.execute(_END, {"named": named, "why": why, "moment": now})
            await self._session.execute(_REST, {"named": named})

    async def mute(self, watch: WatchId, *, until: datetime | None) -> None:
        """Hold this watch's alerts back until then; None lets them go."""
        await self._session.execute(_MUTE, {"watch": watch, "until": until})

    async def mute_place(self, place: Place, *, until: datetime | None) -> None:
        """Hold the alerts of a whole place back until then; None lets them go."""
        row = await place_row(self._session, place)
        await self._session.execute(_MUTE_PLACE, {"place": row, "until": until})

    async def place_muted_until(self, place: Place) -> datetime | None:
        """Until when the place holds its alerts back; None if it does not."""
        found = await self._session.execute(_MUTED_UNTIL, place_key(place))
        until: datetime | None = found.scalar()
        return until
