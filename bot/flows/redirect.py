"""Tells people alone what cannot be posted in its place."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.message.english.alerts import render_place_closed, told_directly
from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.ports.chat import Messenger
from bot.ports.outbox import Delivery
from bot.ports.store import Transaction

CLOSED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Closed:
    """A delivery whose place cannot be posted to; message is what it says, reason why not."""

    messenger: Messenger
    delivery: Delivery
    message: Message
    reason: str
    now: datetime


async def redirect(transaction: Transaction, closed: Closed) -> None:
    """Tell it to the people it concerns, each alone; where that is impossible it waits.

    If it concerns nobody, the owner of the place is told once why. A place whose people can be told
    alone is not left alone: the next message tries it again.
    """
    delivery, now = closed.delivery, closed.now
    newly = await transaction.outbox.park(delivery.place, reason=closed.reason, until=now)
    if newly and not people_of(delivery):
        await _tell_owner(transaction, closed)
    copy = told_directly(closed.message, str(delivery.place), closed.reason)
    copies = [(place, copy) for place in _direct_places(closed)]
    told = bool(copies) and await transaction.outbox.redirect(
        delivery, copies, error=closed.reason, now=now
    )
    if not told:
        await _keep(transaction, closed)


def people_of(delivery: Delivery) -> tuple[str, ...]:
    """Whom a delivery concerns: those of its alerts, or whoever asked, or whom it mentions."""
    if delivery.alerts:
        return tuple(dict.fromkeys(person for owed in delivery.alerts for person in owed.people))
    if delivery.person is not None:
        return (delivery.person,)
    return delivery.message.mentions if delivery.message is not None else ()


async def _keep(transaction: Transaction, closed: Closed) -> None:
    """Leave the place alone for a while; what stood for something else lets that come back."""
    delivery, until = closed.delivery, closed.now + CLOSED_FOR
    await transaction.outbox.park(delivery.place, reason=closed.reason, until=until)
    if await transaction.outbox.give_back(delivery, error=closed.reason, due_at=until):
        return
    await transaction.outbox.put_back(
        delivery,
        due_at=until,
        error=closed.reason,
        uncertain=delivery.uncertain,
        now=closed.now,
    )


def _direct_places(closed: Closed) -> list[Place]:
    """Where the people can be told alone; nowhere if it is there that it was closed."""
    places = [closed.messenger.direct_place(person) for person in people_of(closed.delivery)]
    return [place for place in places if place is not None and place != closed.delivery.place]


async def _tell_owner(transaction: Transaction, closed: Closed) -> None:
    """The owner is whoever joined a watch of the place last."""
    watches = await transaction.watches.of_place(closed.delivery.place)
    people = [person for watch in watches for person in watch.people]
    direct = closed.messenger.direct_place(people[-1]) if people else None
    if direct is not None and direct != closed.delivery.place:
        notice = render_place_closed(str(closed.delivery.place), closed.reason)
        await transaction.outbox.post(direct, notice, now=closed.now)
