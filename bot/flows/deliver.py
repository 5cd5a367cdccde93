"""Hands deliveries to the chat services, and knows what each outcome means.

A delivery is `sending` in the database before the service is called. A definite refusal puts it
back; an outcome nobody knows makes it uncertain: the service is asked whether the message is there,
where it can tell, and gets it again if not; else the message is sent again and says so.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import (
    NotSent,
    PlaceClosed,
    PlaceMoved,
    Postponed,
    SendError,
    SendUncertain,
    Unsendable,
)
from bot.core.message.english.alerts import (
    marked_as_repeated,
    render_alerts,
)
from bot.core.message.neutral import Message
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.flows.crew import Crew
from bot.flows.redirect import CLOSED_FOR, Closed, people_of, redirect
from bot.log import Log
from bot.ports.chat import Messenger, Sent
from bot.ports.figures import NO_FIGURES, Figures, Sending
from bot.ports.outbox import Delivery, Edited
from bot.ports.store import Store, Transaction
from bot.ports.surroundings import Clock

MAX_AT_ONCE = 20
LEASE_IN_SENDS = 1.5
"""A lease is longer than a send may take, so that its outcome is written by whoever sent."""
MAX_MOVES = 5
"""So many tries in a row may follow a conversation to its new id at once."""

_ENDINGS: Mapping[type[SendError], Sending] = {
    PlaceClosed: Sending.PLACE_CLOSED,
    PlaceMoved: Sending.POSTPONED,
    Unsendable: Sending.REFUSED,
    Postponed: Sending.POSTPONED,
    NotSent: Sending.NOT_SENT,
}

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """uncertain_after_s: how long a send may take before its outcome counts as unknown, and how
    long to wait before such a message is sent again. group_within_s: alerts for a place that come
    within this time after the first ride together.
    """

    uncertain_after_s: float = 30
    group_within_s: float = 5
    back_off_min_s: float = 2
    back_off_max_s: float = 300


def render(delivery: Delivery) -> Message:
    """The message a delivery carries."""
    if delivery.message is not None:
        return delivery.message
    if delivery.edits is not None:
        newest = delivery.alerts[-1]
        return render_alerts([(newest.alert, newest.facts)], people=())
    return render_alerts(
        [(owed.alert, owed.facts) for owed in delivery.alerts], people=people_of(delivery)
    )


class Deliverer:
    """Takes deliveries that are due and hands them over, one at a time for each place."""

    def __init__(
        self,
        *,
        store: Store,
        messengers: Mapping[str, Messenger],
        bells: Bells,
        clock: Clock,
        settings: DeliverySettings,
        figures: Figures = NO_FIGURES,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._clock = clock
        self._settings = settings
        self._figures = figures
        self._crew = Crew(
            name="deliveries",
            at_most=MAX_AT_ONCE,
            bell=bells.deliveries,
            clock=clock,
            claim=self._claim,
            next_due_at=self._next_due_at,
            do=self.deliver,
        )

    def stop(self) -> None:
        """Let run() end when the sends under way have their outcome."""
        self._crew.stop()

    async def run(self) -> None:
        """Deliver until stopped."""
        await self._crew.run()

    def _attached(self) -> frozenset[str]:
        return frozenset(
            name for name, messenger in self._messengers.items() if messenger.is_attached
        )

    async def _claim(self, limit: int) -> Sequence[Delivery]:
        async with self._store.transaction() as transaction:
            return await transaction.outbox.claim(
                services=self._attached(),
                now=self._clock(),
                lease_s=self._settings.uncertain_after_s * LEASE_IN_SENDS,
                group_within_s=self._settings.group_within_s,
                limit=limit,
            )

    async def _next_due_at(self) -> datetime | None:
        async with self._store.reading() as transaction:
            return await transaction.outbox.next_due_at(services=self._attached())

    async def deliver(self, delivery: Delivery) -> None:
        """Hand one claimed delivery over and record the outcome."""
        messenger = self._messengers[delivery.place.service]
        try:
            async with asyncio.timeout(self._settings.uncertain_after_s):
                message_id = await self._found_or_sent(messenger, delivery)
        except SendError as error:
            await self._not_delivered(messenger, delivery, error)
        except TimeoutError:
            await self._not_delivered(messenger, delivery, SendUncertain("no answer in time"))
        except Exception:
            # A messenger's bug must not have the message sent again at the pace of the leases.
            log.exception("delivery_failed", delivery=delivery.id, place=str(delivery.place))
            await self._not_delivered(
                messenger, delivery, SendUncertain("a mistake in the program: see the log")
            )
        else:
            await self._delivered(delivery, message_id)

    async def _found_or_sent(self, messenger: Messenger, delivery: Delivery) -> str:
        message = render(delivery)
        if delivery.edits is not None:
            return await _edited(messenger, delivery, message, delivery.edits)
        if delivery.uncertain and not messenger.can_find(delivery.place):
            message = marked_as_repeated(message)
        elif delivery.uncertain:
            found = await _find(messenger, delivery)
            if found is not None:
                return found
        return await messenger.send(delivery.place, message, marker=delivery.id)

    async def _delivered(self, delivery: Delivery, message_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.outbox.sent(delivery, message_id=message_id, now=self._clock())

        await in_transaction(self._store, work)
        self._count(delivery, Sending.SENT)
        log.info(
            "delivered", delivery=delivery.id, place=str(delivery.place), tries=delivery.tries + 1
        )

    async def _not_delivered(
        self, messenger: Messenger, delivery: Delivery, error: SendError
    ) -> None:
        self._count(delivery, _ending_of(error))
        match error:
            case PlaceClosed() if delivery.edits is not None:
                # Nobody waits for an edit, and what they wait for is told as any other message.
                await self._put_back(delivery, CLOSED_FOR.total_seconds(), error, uncertain=False)
            case PlaceClosed():
                await self._close_place(messenger, delivery, str(error))
            case PlaceMoved():
                await self._follow(delivery, error)
            case Unsendable():
                await self._bury(delivery, error)
            case Postponed(retry_after_s=wait_s):
                await self._put_back(delivery, wait_s, error, uncertain=delivery.uncertain)
            case NotSent():
                wait_s = self._back_off_s(delivery)
                await self._put_back(delivery, wait_s, error, uncertain=delivery.uncertain)
            case _:
                wait_s = max(self._settings.uncertain_after_s, self._back_off_s(delivery))
                await self._put_back(delivery, wait_s, error, uncertain=True)

    def _count(self, delivery: Delivery, how: Sending) -> None:
        self._figures.sending_ended(delivery.place.service, how)
        if how is Sending.SENT:
            now = self._clock()
            for owed in delivery.alerts:
                waited_s = (now - owed.facts.observed_at).total_seconds()
                self._figures.told(owed.alert.event, seconds=waited_s)

    def _back_off_s(self, delivery: Delivery) -> float:
        doubled: float = self._settings.back_off_min_s * 2.0 ** min(delivery.tries, 16)
        return min(doubled, self._settings.back_off_max_s)

    async def _bury(self, delivery: Delivery, error: Unsendable) -> None:
        log.error("delivery_dead", delivery=delivery.id, error=str(error))

        async def work(transaction: Transaction) -> None:
            await transaction.outbox.bury(delivery, error=str(error), now=self._clock())

        await in_transaction(self._store, work)

    async def _follow(self, delivery: Delivery, error: PlaceMoved) -> None:
        """Everything of the conversation goes to its new id, this delivery at once."""
        now = self._clock()
        log.info("place_moved", place=str(delivery.place), conversation=error.conversation)
        wait_s = 0.0 if delivery.tries < MAX_MOVES else self._back_off_s(delivery)

        async def work(transaction: Transaction) -> None:
            await transaction.outbox.move(delivery.place, conversation=error.conversation, now=now)
            await transaction.outbox.put_back(
                delivery,
                due_at=now + timedelta(seconds=wait_s),
                error=str(error),
                uncertain=delivery.uncertain,
                now=now,
            )

        await in_transaction(self._store, work)

    async def _put_back(
        self, delivery: Delivery, wait_s: float, error: SendError, *, uncertain: bool
    ) -> None:
        now = self._clock()
        log.warning(
            "delivery_put_back",
            delivery=delivery.id,
            place=str(delivery.place),
            uncertain=uncertain,
            wait_s=wait_s,
            error=str(error),
        )

        async def work(transaction: Transaction) -> None:
            await transaction.outbox.put_back(
                delivery,
                due_at=now + timedelta(seconds=wait_s),
                error=str(error),
                uncertain=uncertain,
                now=now,
                postponed=isinstance(error, Postponed),
            )

        await in_transaction(self._store, work)

    async def _close_place(self, messenger: Messenger, delivery: Delivery, reason: str) -> None:
        log.warning("place_closed", place=str(delivery.place), reason=reason)
        message = render(delivery)
        closed = Closed(
            messenger,
            delivery,
            marked_as_repeated(message) if delivery.uncertain else message,
            reason,
            self._clock(),
        )
        await in_transaction(self._store, lambda transaction: redirect(transaction, closed))


def _ending_of(error: SendError) -> Sending:
    endings = (how for kind, how in _ENDINGS.items() if isinstance(error, kind))
    return next(endings, Sending.UNCERTAIN)


async def _edited(messenger: Messenger, delivery: Delivery, message: Message, edits: Edited) -> str:
    """Have the card say this; again and again if need be, as that changes nothing more."""
    if edits.message_id is None:
        raise Unsendable("what it would change was never posted there")
    sent = Sent(edits.message_id, edits.delivery)
    await messenger.edit(delivery.place, message, edits=sent, marker=delivery.id)
    return edits.message_id


async def _find(messenger: Messenger, delivery: Delivery) -> str | None:
    try:
        return await messenger.find(delivery.place, marker=delivery.id, since=delivery.first_try_at)
    except Unsendable as error:
        # It is the question that was refused, not the message.
        raise SendUncertain(str(error)) from error
