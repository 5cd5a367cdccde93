"""Hands deliveries to the chat services, and knows what each outcome means.

A delivery is `sending` in the database before the service is called. A definite refusal puts it
back; an outcome nobody knows makes it uncertain: the service is asked whether the message is there,
where it can tell, else the message is sent again and says so.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.errors import (
    NotSent,
    PlaceClosed,
    Postponed,
    SendUncertain,
    StoreError,
    Unsendable,
)
from bot.core.message.english.alerts import (
    marked_as_repeated,
    render_alerts,
    render_place_closed,
)
from bot.core.message.neutral import Message
from bot.flows.bells import Bells
from bot.ports import Clock, Delivery, Messenger, Store

MAX_AT_ONCE = 20
CLOSED_FOR = timedelta(hours=1)

log = structlog.get_logger(__name__)


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
    """The message a delivery carries, marked if an earlier copy may have arrived."""
    if delivery.message is not None:
        message = delivery.message
    else:
        people = dict.fromkeys(person for owed in delivery.alerts for person in owed.people)
        message = render_alerts(
            [(owed.alert, owed.facts) for owed in delivery.alerts], people=tuple(people)
        )
    return marked_as_repeated(message) if delivery.uncertain else message


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
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._bells = bells
        self._clock = clock
        self._settings = settings
        self._stopping = False

    def stop(self) -> None:
        """Let run() end when the sends under way have their outcome."""
        self._stopping = True
        self._bells.deliveries.ring()

    async def run(self) -> None:
        """Deliver until stopped."""
        async with asyncio.TaskGroup() as sends:
            under_way: set[asyncio.Task[None]] = set()
            while not self._stopping:
                try:
                    claimed = await self._claim(MAX_AT_ONCE - len(under_way))
                    until = None if claimed else await self._next_due_at()
                except StoreError as error:
                    log.error("deliveries_not_claimed", error=str(error))
                    claimed, until = [], None
                for delivery in claimed:
                    task = sends.create_task(self._deliver_and_ring(delivery))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                await self._bells.deliveries.listen(until=until, now=self._clock())

    def _attached(self) -> frozenset[str]:
        return frozenset(
            name for name, messenger in self._messengers.items() if messenger.is_attached
        )

    async def _claim(self, limit: int) -> list[Delivery]:
        if limit <= 0:
            return []
        async with self._store.transaction() as transaction:
            return await transaction.outbox.claim(
                services=self._attached(),
                now=self._clock(),
                lease_s=self._settings.uncertain_after_s,
                group_within_s=self._settings.group_within_s,
                limit=limit,
            )

    async def _next_due_at(self) -> datetime | None:
        async with self._store.reading() as transaction:
            return await transaction.outbox.next_due_at(services=self._attached())

    async def _deliver_and_ring(self, delivery: Delivery) -> None:
        try:
            await self.deliver(delivery)
        except StoreError as error:
            # The row stays `sending`; when its lease has run out it is uncertain.
            log.error("outcome_not_recorded", delivery=delivery.id, error=str(error))
        except Exception:
            # One delivery's bug must not stop the others; its lease brings it back.
            log.exception("delivery_failed", delivery=delivery.id, place=str(delivery.place))
        self._bells.deliveries.ring()

    async def deliver(self, delivery: Delivery) -> None:
        """Hand one claimed delivery over and record the outcome."""
        messenger = self._messengers[delivery.place.service]
        try:
            message_id = await self._found_or_sent(messenger, delivery)
        except PlaceClosed as error:
            await self._close_place(messenger, delivery, str(error))
        except Unsendable as error:
            log.error("delivery_dead", delivery=delivery.id, error=str(error))
            async with self._store.transaction() as transaction:
                await transaction.outbox.bury(delivery, error=str(error), now=self._clock())
        except Postponed as error:
            await self._put_back(delivery, error.retry_after_s, error, uncertain=delivery.uncertain)
        except NotSent as error:
            await self._put_back(
                delivery, self._back_off_s(delivery), error, uncertain=delivery.uncertain
            )
        except SendUncertain as error:
            wait_s = max(self._settings.uncertain_after_s, self._back_off_s(delivery))
            await self._put_back(delivery, wait_s, error, uncertain=True)
        else:
            async with self._store.transaction() as transaction:
                await transaction.outbox.sent(delivery, message_id=message_id, now=self._clock())
            log.info(
                "delivered",
                delivery=delivery.id,
                place=str(delivery.place),
                tries=delivery.tries + 1,
            )

    async def _found_or_sent(self, messenger: Messenger, delivery: Delivery) -> str:
        message = render(delivery)
        if delivery.uncertain and messenger.can_find:
            found = await messenger.find(
                delivery.place, marker=delivery.id, since=delivery.first_try_at
            )
            if found is not None:
                return found
        return await messenger.send(delivery.place, message, marker=delivery.id)

    def _back_off_s(self, delivery: Delivery) -> float:
        doubled: float = self._settings.back_off_min_s * 2.0 ** min(delivery.tries, 16)
        return min(doubled, self._settings.back_off_max_s)

    async def _put_back(
        self, delivery: Delivery, wait_s: float, error: Exception, *, uncertain: bool
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
        async with self._store.transaction() as transaction:
            await transaction.outbox.put_back(
                delivery,
                due_at=now + timedelta(seconds=wait_s),
                error=str(error),
                uncertain=uncertain,
                now=now,
            )

    async def _close_place(self, messenger: Messenger, delivery: Delivery, reason: str) -> None:
        """Park the place; its first person is told alone, once a parking."""
        now = self._clock()
        log.warning("place_parked", place=str(delivery.place), reason=reason)
        async with self._store.transaction() as transaction:
            newly = await transaction.outbox.park(
                delivery.place, reason=reason, until=now + CLOSED_FOR
            )
            await transaction.outbox.put_back(
                delivery,
                due_at=now + CLOSED_FOR,
                error=reason,
                uncertain=delivery.uncertain,
                now=now,
            )
            owner = next((person for owed in delivery.alerts for person in owed.people), None)
            direct = messenger.direct_place(owner) if owner is not None else None
            if newly and direct is not None and direct != delivery.place:
                notice = render_place_closed(str(delivery.place), reason)
                await transaction.outbox.post(direct, notice, now=now)
