"""Watches, their wants and their people."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, exists, func, select, update

from bot.core.model import Place, Watch, WatchId
from bot.core.platform import Platform
from bot.ports.store import News
from bot.ports.watches import AddedWatch, Held, NewWatch
from bot.store.columns import UtcDateTime
from bot.store.parts import configured_among, drop_own, join_own, own_of
from bot.store.places import IS_THE_PLACE, place_key, place_row
from bot.store.schema import places, targets, watchers, watches
from bot.store.session import Session
from bot.store.subscribing import drop_platforms, subscribe
from bot.store.watch_rows import WatchReader

# Below the number of parameters that every database takes.
_BATCH = 500

_IS_ACTIVE = watches.c.ended_at.is_(None)
_THE_WATCH = WatchReader(watches.c.id == bindparam("watch"))
_OF_PLACE = WatchReader(_IS_ACTIVE, IS_THE_PLACE)
_ACTIVE = WatchReader(_IS_ACTIVE)
_IS_EXPIRED = (_IS_ACTIVE, watches.c.expires_at <= bindparam("now", type_=UtcDateTime()))
_EXPIRED = WatchReader(
    *_IS_EXPIRED,
    in_order=watches.c.expires_at,
    at_most=bindparam("at_most"),
)
_EXPIRED_OF = WatchReader(
    *_IS_EXPIRED,
    watches.c.target_id.in_(bindparam("targets", expanding=True)),
    in_order=watches.c.expires_at,
    at_most=bindparam("at_most"),
)
# Whatever ends or changes a watch has locked its target before: looks decide for all watches of a
# target, and the end of the last one lets it rest. Whoever ends expired watches leaves those to
# others whose targets are busy; they come with the next round.
_TARGETS_OF_EXPIRED = (
    select(targets.c.id)
    .where(
        targets.c.id.in_(
            select(watches.c.target_id)
            .where(*_IS_EXPIRED)
            .order_by(watches.c.expires_at)
            .limit(bindparam("at_most"))
        )
    )
    .with_for_update(skip_locked=True, key_share=True)
)
_NAMED = watches.c.id.in_(bindparam("named", expanding=True))
_TARGETS_OF = select(watches.c.target_id).where(_NAMED).distinct()
_THE_TARGETS = (
    select(targets.c.id)
    .where(targets.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(targets.c.id)
    .with_for_update(key_share=True)
)
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
        # Another one may need it still; if none does it rests when it would be due.
        targets.c.derived_from.is_(None),
    )
    .values(due_at=None)
)
_MUTE = (
    update(watches).where(watches.c.id == bindparam("watch")).values(muted_until=bindparam("until"))
)
_MUTE_PLACE = (
    update(places).where(places.c.id == bindparam("place")).values(muted_until=bindparam("until"))
)
_HELD = (
    select(func.count())
    .select_from(watches.join(places))
    .where(
        _IS_ACTIVE,
        watches.c.source == bindparam("from_source"),
        places.c.service == bindparam("of_service"),
    )
)
_OF_PERSON = _HELD.where(
    exists().where(watchers.c.watch_id == watches.c.id, watchers.c.person == bindparam("person"))
)
_OF_CONVERSATION = _HELD.where(places.c.conversation == bindparam("of_conversation"))
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
        await join_own(self._session, subscribed.watch, own_of(new))
        [watch] = await _THE_WATCH.read(self._session, {"watch": subscribed.watch})
        return AddedWatch(watch, created=subscribed.created, joined=subscribed.joined)

    async def of_place(self, place: Place) -> list[Watch]:
        """The active watches of a place, oldest first."""
        return await _OF_PLACE.read(self._session, place_key(place))

    async def held(self, place: Place, person: str | None, *, source: str) -> Held:
        """How many active watches from this source the person and the place's conversation have."""
        key = {**place_key(place), "from_source": source}
        del key["of_thread"]
        of_conversation = (await self._session.execute(_OF_CONVERSATION, key)).scalar_one()
        del key["of_conversation"]
        of_person = await self._session.execute(_OF_PERSON, {**key, "person": person})
        return Held(of_person.scalar_one(), of_conversation)

    async def active(self) -> list[Watch]:
        """All active watches, oldest first."""
        return await _ACTIVE.read(self._session, {})

    async def expired(self, *, now: datetime, limit: int) -> list[Watch]:
        """Active watches whose time is over, the earliest first.

        In a transaction that may write they are the caller's until its end: nobody else is given
        them, or changes them.
        """
        due = {"now": now, "at_most": limit}
        if self._session.read_only:
            return await _EXPIRED.read(self._session, due)
        held = list((await self._session.execute(_TARGETS_OF_EXPIRED, due)).scalars())
        return await _EXPIRED_OF.read(self._session, {**due, "targets": held}) if held else []

    async def drop(
        self, watches: Sequence[WatchId], platforms: Sequence[Platform], *, now: datetime
    ) -> None:
        """Take platforms off watches, whose targets are due; one that would keep none ends.

        What the configuration wants of them goes on.
        """
        await self.hold(watches)
        kept = await configured_among(self._session, watches)
        emptied = []
        for watch in watches:
            if watch in kept:
                await drop_own(self._session, watch, platforms, now=now)
            elif not await drop_platforms(self._session, watch, platforms, now=now):
                emptied.append(watch)
        await self._end(emptied, why="stopped", now=now)

    async def stop(self, watches: Sequence[WatchId], *, now: datetime) -> None:
        """End watches, as stopped; what the configuration wants of them goes on without people."""
        await self.hold(watches)
        kept = await configured_among(self._session, watches)
        for watch in sorted(kept):
            await drop_own(self._session, watch, None, now=now)
        await self._end([each for each in watches if each not in kept], why="stopped", now=now)

    async def end(self, watches: Sequence[WatchId], *, why: str, now: datetime) -> None:
        """End watches; a target nobody wants any more is no longer due."""
        await self.hold(watches)
        await self._end(watches, why=why, now=now)

    async def _end(self, watches: Sequence[WatchId], *, why: str, now: datetime) -> None:
        for named in _batches(watches):
            await self._session.execute(_END, {"named": named, "why": why, "moment": now})
            await self._session.execute(_REST, {"named": named})

    async def hold(self, watches: Sequence[WatchId]) -> None:
        """Lock the targets of watches, so that until the end nobody else changes them."""
        ids: set[int] = set()
        for named in _batches(watches):
            ids.update((await self._session.execute(_TARGETS_OF, {"named": named})).scalars())
        in_order = sorted(ids)
        for at in range(0, len(in_order), _BATCH):
            await self._session.execute(_THE_TARGETS, {"ids": in_order[at : at + _BATCH]})

    async def mute(self, watch: WatchId, *, until: datetime | None) -> None:
        """Hold this watch's alerts back until then; None lets them go."""
        await self._session.execute(_MUTE, {"watch": watch, "until": until})
        self._session.news.add(News.DELIVERIES)

    async def mute_place(self, place: Place, *, until: datetime | None) -> None:
        """Hold the alerts of a whole place back until then; None lets them go."""
        row = await place_row(self._session, place)
        await self._session.execute(_MUTE_PLACE, {"place": row, "until": until})
        self._session.news.add(News.DELIVERIES)

    async def place_muted_until(self, place: Place) -> datetime | None:
        """Until when the place holds its alerts back; None if it does not."""
        found = await self._session.execute(_MUTED_UNTIL, place_key(place))
        until: datetime | None = found.scalar()
        return until


def _batches(watches: Sequence[WatchId]) -> list[list[WatchId]]:
    return [list(watches[at : at + _BATCH]) for at in range(0, len(watches), _BATCH)]
