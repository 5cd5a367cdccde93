"""What cannot be posted in its own place is told in others: copies stand for a delivery."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select, update

from bot.core.model import Place
from bot.ports.outbox import Delivery
from bot.store.columns import UtcDateTime
from bot.store.places import IS_THE_PLACE, place_key
from bot.store.schema import deliveries, places
from bot.store.session import Session
from bot.store.states import PENDING, SENT, UNCERTAIN

_MOMENT = bindparam("moment", type_=UtcDateTime())
_WAITS = (
    deliveries.c.id == bindparam("original"),
    deliveries.c.state.in_((PENDING, UNCERTAIN)),
)

# Without a due time it is not claimed; its state says what is known of it, for when it comes back.
REDIRECT = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.lease_token == bindparam("lease"))
    .values(
        state=bindparam("new_state"),
        due_at=None,
        last_error=bindparam("error"),
        postponed=False,
        lease_token=None,
        lease_until=None,
    )
)
"""Take a leased delivery out of its place's line."""

_IS_PARKED = select(
    exists().where(IS_THE_PLACE, places.c.parked_until > bindparam("now", type_=UtcDateTime()))
)
_TOLD = update(deliveries).where(*_WAITS).values(state=SENT, due_at=None, settled_at=_MOMENT)
_HAS_ARRIVED = select(
    exists().where(deliveries.c.instead_of == bindparam("original"), deliveries.c.state == SENT)
)
# Copies that may be on their way, or there already, stay: what they stand for waits for nothing.
_DROP = delete(deliveries).where(
    deliveries.c.instead_of == bindparam("original"),
    (deliveries.c.state == PENDING) | (deliveries.c.id == bindparam("copy")),
)
_PARK_ITS_PLACE = (
    update(places)
    .where(
        places.c.id
        == select(deliveries.c.place_id)
        .where(deliveries.c.id == bindparam("original"))
        .scalar_subquery()
    )
    .values(parked_until=_MOMENT)
)
_RETURN = (
    update(deliveries)
    .where(*_WAITS, deliveries.c.due_at.is_(None))
    .values(due_at=_MOMENT, last_error=bindparam("error"))
)


async def parked_among(session: Session, among: Sequence[Place], *, now: datetime) -> set[Place]:
    """Those of the places that are parked."""
    return {
        place
        for place in among
        if (await session.execute(_IS_PARKED, {**place_key(place), "now": now})).scalar()
    }


async def told_instead(session: Session, original: str, *, now: datetime) -> None:
    """A copy has arrived: what it stands for is settled, unless it is on its way itself."""
    await session.execute(_TOLD, {"original": original, "moment": now})


async def give_back(session: Session, copy: Delivery, *, error: str, due_at: datetime) -> bool:
    """Drop the copies that wait and make what they stand for due; False if one has arrived.

    Its place is parked until then: a command there makes it due at once.
    """
    if copy.instead_of is None:
        return False
    original = {"original": copy.instead_of}
    if (await session.execute(_HAS_ARRIVED, original)).scalar():
        return False
    await session.execute(_DROP, {**original, "copy": copy.id})
    await session.execute(_PARK_ITS_PLACE, {**original, "moment": due_at})
    await session.execute(_RETURN, {**original, "moment": due_at, "error": error})
    return True
