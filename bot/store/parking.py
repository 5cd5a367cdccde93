"""Places that are left alone for a while, because they cannot be posted to."""

from datetime import datetime

from sqlalchemy import bindparam, select, update

from bot.core.model import Place
from bot.ports.store import News
from bot.store.places import IS_THE_PLACE, place_key, place_row
from bot.store.schema import deliveries, places
from bot.store.session import Session
from bot.store.states import SENDING

# Who changes a place and its deliveries takes the place first, as a claim does.
_HOLD = select(places.c.id).where(IS_THE_PLACE).with_for_update(key_share=True)
_REASON = select(places.c.parked_reason).where(places.c.id == bindparam("place"))
_PARK = (
    update(places)
    .where(places.c.id == bindparam("place"))
    .values(parked_until=bindparam("until"), parked_reason=bindparam("reason"))
)
_WAKE = (
    update(places).where(IS_THE_PLACE, places.c.parked_until.is_not(None)).values(parked_until=None)
)
_REOPEN = (
    update(places)
    .where(IS_THE_PLACE, places.c.parked_reason.is_not(None))
    .values(parked_reason=None)
)
# What was put back because of the parking waits no longer than the parking.
_RELEASE = (
    update(deliveries)
    .where(
        deliveries.c.place_id == places.c.id,
        deliveries.c.due_at == places.c.parked_until,
        IS_THE_PLACE,
        deliveries.c.state != SENDING,
    )
    .values(due_at=deliveries.c.created_at)
)


async def hold(session: Session, place: Place) -> None:
    """Let nobody else claim from this place, or park it, within this transaction."""
    await session.execute(_HOLD, place_key(place))


async def park(session: Session, place: Place, *, reason: str, until: datetime) -> bool:
    """Keep a place's deliveries pending until then; whether it was not parked before.

    It counts as parked until something has arrived there, even when the time is over or it was
    woken.
    """
    row = await place_row(session, place)
    await hold(session, place)
    before = (await session.execute(_REASON, {"place": row})).scalar_one()
    await session.execute(_PARK, {"place": row, "until": until, "reason": reason})
    return before is None


async def wake(session: Session, place: Place) -> None:
    """End a place's parking; what waited for its end is due at once."""
    await hold(session, place)
    await session.execute(_RELEASE, place_key(place))
    await session.execute(_WAKE, place_key(place))
    session.news.add(News.DELIVERIES)


async def reopen(session: Session, place: Place) -> None:
    """Something has arrived there: wake it, and it does not count as parked any more."""
    await wake(session, place)
    await session.execute(_REOPEN, place_key(place))
