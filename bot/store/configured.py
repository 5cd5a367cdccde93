"""Watches that the configuration wants."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from bot.core.model import Place, WatchId
from bot.core.reference import Reference
from bot.ports.configured import FROM_CONFIGURATION, ConfiguredWatch, Put, Terms
from bot.ports.watches import NewWatch
from bot.store.damage import readable
from bot.store.dialect import insert_or_replace
from bot.store.parts import Own, own_from, part_of, settle, terms_from
from bot.store.places import IS_THE_PLACE, place_key
from bot.store.schema import configured, places, targets, wants, watches
from bot.store.session import Session
from bot.store.subscribing import hold_target, subscribe
from bot.store.targets import IS_THE_TARGET, target_key
from bot.store.values import place_from, reference_from
from bot.store.watches import SqlWatches

_ALL = (
    select(
        *configured.c["watch_id", "platforms", "tells"],
        *targets.c["registry", "repository", "tag"],
        *places.c["service", "conversation", "thread"],
    )
    .select_from(configured.join(watches).join(targets).join(places))
    .where(watches.c.ended_at.is_(None))
    .order_by(configured.c.watch_id)
)
_ACTIVE = (
    select(*watches.c["id", "standing", "tells", "expires_at"])
    .select_from(watches.join(targets).join(places))
    .where(IS_THE_TARGET, IS_THE_PLACE, watches.c.ended_at.is_(None))
)
_WANTED = select(wants.c.platform).where(wants.c.watch_id == bindparam("watch"))
_FORGET = delete(configured).where(configured.c.watch_id == bindparam("watch"))


class SqlConfigured:
    """bot.ports.Configured over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> list[ConfiguredWatch]:
        """All that the configuration wanted when it was last read, oldest first."""
        rows = (await self._session.execute(_ALL)).all()
        return list(
            readable(
                rows,
                lambda row: ConfiguredWatch(
                    WatchId(row.watch_id),
                    reference_from(row),
                    place_from(row),
                    terms_from(row),
                ),
                table="configured",
            )
        )

    async def put(self, reference: Reference, place: Place, terms: Terms, *, now: datetime) -> Put:
        """Make the watch, or have the place's watch of that target fulfil these terms."""
        new = _new_watch(reference, place, terms, now)
        await hold_target(self._session, new, now=now)
        key = target_key(reference) | place_key(place)
        before = (await self._session.execute(_ACTIVE, key)).one_or_none()
        part = await part_of(self._session, before.id) if before else None
        if part is not None and terms_from(part) == terms:
            return Put.UNCHANGED
        own = own_from(part.own) if part else None
        if before is not None and part is None:
            platforms = await self._session.execute(_WANTED, {"watch": before.id})
            own = Own(
                frozenset(platforms.scalars()),
                before.standing,
                frozenset(before.tells),
                before.expires_at,
            )
        watch = (await subscribe(self._session, new, now=now)).watch
        await self._session.execute(
            insert_or_replace(configured, self._session.dialect),
            {
                "watch_id": watch,
                "platforms": sorted(map(str, terms.platforms)),
                "tells": sorted(event.value for event in terms.tells),
                "own": own.as_json() if own else None,
            },
        )
        await settle(self._session, watch, terms, own, now=now)
        return Put.ADDED if part is None else Put.CHANGED

    async def withdraw(self, watch: WatchId, *, now: datetime) -> None:
        """The configuration wants it no more: it ends, unless people want it too."""
        held = SqlWatches(self._session)
        await held.hold([watch])
        part = await part_of(self._session, watch)
        if part is None:
            return
        await self._session.execute(_FORGET, {"watch": watch})
        own = own_from(part.own)
        if own is None:
            await held.end([watch], why="unconfigured", now=now)
        else:
            await settle(self._session, watch, None, own, now=now)


def _new_watch(reference: Reference, place: Place, terms: Terms, now: datetime) -> NewWatch:
    return NewWatch(
        reference=reference,
        place=place,
        platforms=tuple(sorted(terms.platforms)),
        met={},
        person=None,
        standing=True,
        expires_at=None,
        observation=None,
        source=FROM_CONFIGURATION,
        due_at=now,
        tells=terms.tells,
        unseen=True,
    )
