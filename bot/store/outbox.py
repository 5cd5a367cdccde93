"""Alerts and deliveries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, bindparam, case, insert, select, update

from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.ports import Delivery, News, OutboxEntry
from bot.store.columns import UtcDateTime
from bot.store.forming import Turn, choose, next_turn_at
from bot.store.moving import move_conversation
from bot.store.outbox_rows import read_deliveries, read_entries
from bot.store.places import IS_THE_PLACE, place_key, place_row
from bot.store.schema import deliveries, places
from bot.store.session import Session
from bot.store.states import DEAD, PENDING, SENDING, SENT, UNCERTAIN

_NOW = bindparam("now", type_=UtcDateTime())
_NO_LEASE: Mapping[str, Any] = {"lease_token": None, "lease_until": None}

# Nobody knows what became of a delivery whose sender did not come back.
_EXPIRE = (
    update(deliveries)
    .where(
        deliveries.c.seq.in_(
            select(deliveries.c.seq)
            .where(
                deliveries.c.due_at.is_not(None),
                deliveries.c.state == SENDING,
                deliveries.c.lease_until <= _NOW,
            )
            .with_for_update(skip_locked=True)
        )
    )
    .values(state=UNCERTAIN, due_at=_NOW, last_error="the outcome was not recorded", **_NO_LEASE)
)
_UNCERTAIN = select(deliveries.c.id).where(
    deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.state == UNCERTAIN
)
_TAKE = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=SENDING,
        tries=deliveries.c.tries + 1,
        first_try_at=case(
            (deliveries.c.first_try_at.is_(None), _NOW), else_=deliveries.c.first_try_at
        ),
        lease_token=bindparam("token"),
        lease_until=bindparam("lease_end"),
    )
)


def _settle(state: Any, **columns: Any) -> Update:
    """Move a leased delivery on; nothing if the lease was lost."""
    return (
        update(deliveries)
        .where(
            deliveries.c.id == bindparam("delivery"), deliveries.c.lease_token == bindparam("lease")
        )
        .values(state=state, **columns, **_NO_LEASE)
    )


_SENT = _settle(
    SENT,
    due_at=None,
    settled_at=bindparam("moment"),
    message_id=bindparam("new_message_id"),
    last_error=None,
)
_PUT_BACK = _settle(
    bindparam("new_state"), due_at=bindparam("moment"), last_error=bindparam("error")
)
_BURY = _settle(DEAD, due_at=None, settled_at=bindparam("moment"), last_error=bindparam("error"))

# Who changes a place and its deliveries takes the place first, as a claim does.
_HOLD = select(places.c.id).where(IS_THE_PLACE).with_for_update(key_share=True)
_HOLD_PLACE_OF = (
    select(places.c.id)
    .where(
        places.c.id.in_(
            select(deliveries.c.place_id).where(deliveries.c.id == bindparam("delivery"))
        )
    )
    .with_for_update(key_share=True)
)
_PARKED = select(places.c.parked_until).where(places.c.id == bindparam("place"))
_PARK = (
    update(places)
    .where(places.c.id == bindparam("place"))
    .values(parked_until=bindparam("until"), parked_reason=bindparam("reason"))
)
_UNPARK = update(places).values(parked_until=None, parked_reason=None)
_UNPARK_THIS = _UNPARK.where(IS_THE_PLACE, places.c.parked_until.is_not(None))
_UNPARK_OF_DELIVERY = _UNPARK.where(
    places.c.id.in_(select(deliveries.c.place_id).where(deliveries.c.id == bindparam("delivery")))
)
# What was put back because of the parking waits no longer than the parking.
_RELEASE_PARKED = (
    update(deliveries)
    .where(
        deliveries.c.place_id == places.c.id,
        deliveries.c.due_at >= places.c.parked_until,
        IS_THE_PLACE,
        deliveries.c.state != SENDING,
    )
    .values(due_at=deliveries.c.created_at)
)
_RETRY = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("delivery"),
        deliveries.c.state.in_((PENDING, UNCERTAIN, DEAD)),
    )
    .values(
        due_at=bindparam("moment"),
        settled_at=None,
        state=case((deliveries.c.state == DEAD, PENDING), else_=deliveries.c.state),
    )
)


class SqlOutbox:
    """bot.ports.Outbox over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def post(self, place: Place, message: Message, *, now: datetime) -> str:
        """Owe a place an answer or a notice; the id of its delivery."""
        delivery = self._session.new_token()
        await self._session.execute(
            insert(deliveries),
            {
                "id": delivery,
                "place_id": await place_row(self._session, place),
                "is_answer": True,
                "message": message.as_json(),
                "state": PENDING,
                "created_at": now,
                "due_at": now,
            },
        )
        self._session.news.add(News.DELIVERIES)
        return delivery

    async def claim(
        self,
        *,
        services: frozenset[str],
        now: datetime,
        lease_s: float,
        group_within_s: float,
        limit: int,
    ) -> list[Delivery]:
        """Form deliveries from alerts that are owed, and take those that are due as `sending`.

        At most one a place, in the order of its line: answers first, then alerts; what was put back
        keeps its turn, so that nothing behind it goes before it is due again. Of MAX_ALERTS alerts
        the rest stay for the next delivery.
        """
        await self._session.execute(_EXPIRE, {"now": now})
        turn = Turn(services, now, group_within_s, limit)
        chosen = await choose(self._session, turn)
        if not chosen:
            return []
        uncertain = await self._session.execute(_UNCERTAIN, {"ids": chosen})
        doubtful = frozenset(uncertain.scalars())
        lease = {
            "ids": chosen,
            "now": now,
            "token": self._session.new_token(),
            "lease_end": now + timedelta(seconds=lease_s),
        }
        await self._session.execute(_TAKE, lease)
        return await read_deliveries(self._session, chosen, uncertain=doubtful)

    async def next_due_at(self, *, services: frozenset[str]) -> datetime | None:
        """When claim() will have something to give, as far as is known now."""
        return await next_turn_at(self._session, services)

    async def sent(self, delivery: Delivery, *, message_id: str, now: datetime) -> None:
        """It has arrived, so the place can be posted to; nothing if the lease was lost."""
        await self._session.execute(_HOLD, place_key(delivery.place))
        settled = await self._settle(_SENT, delivery, moment=now, new_message_id=message_id)
        if settled:
            await self.wake(delivery.place)

    async def put_back(
        self, delivery: Delivery, *, due_at: datetime, error: str, uncertain: bool, now: datetime
    ) -> None:
        """To be tried again at due_at; uncertain: it may have arrived.

        Nothing if the lease was lost.
        """
        state = UNCERTAIN if uncertain else PENDING
        await self._settle(
            _PUT_BACK, delivery, new_state=state, moment=max(due_at, now), error=error
        )

    async def bury(self, delivery: Delivery, *, error: str, now: datetime) -> None:
        """The service refuses it for good; nothing if the lease was lost."""
        await self._settle(_BURY, delivery, moment=now, error=error)

    async def _settle(self, statement: Update, delivery: Delivery, **columns: Any) -> bool:
        held = {"delivery": delivery.id, "lease": delivery.lease}
        settled = await self._session.execute(statement, held | columns)
        return settled.rowcount == 1

    async def park(self, place: Place, *, reason: str, until: datetime) -> bool:
        """Keep a place's deliveries pending until then; whether it was not parked before.

        It counts as parked until something has arrived there or it is woken, even when the time
        is over.
        """
        row = await place_row(self._session, place)
        await self._session.execute(_HOLD, place_key(place))
        before = (await self._session.execute(_PARKED, {"place": row})).scalar_one()
        await self._session.execute(_PARK, {"place": row, "until": until, "reason": reason})
        return before is None

    async def wake(self, place: Place) -> None:
        """End a place's parking; what waited for its end is due at once."""
        await self._session.execute(_HOLD, place_key(place))
        await self._session.execute(_RELEASE_PARKED, place_key(place))
        await self._session.execute(_UNPARK_THIS, place_key(place))
        self._session.news.add(News.DELIVERIES)

    async def move(self, place: Place, *, conversation: str, now: datetime) -> None:
        """Everything of this conversation, in all its threads, belongs to another id."""
        await move_conversation(
            self._session, place.service, place.conversation, conversation, now=now
        )

    async def entries(self, *, limit: int, include_sent: bool) -> list[OutboxEntry]:
        """Deliveries, newest last, and alerts no delivery carries yet; the newest of both."""
        return await read_entries(self._session, limit=limit, include_sent=include_sent)

    async def retry(self, delivery_id: str, *, now: datetime) -> bool:
        """Make a dead or waiting delivery due now, and wake its place; False if there is none."""
        await self._session.execute(_HOLD_PLACE_OF, {"delivery": delivery_id})
        retried = await self._session.execute(_RETRY, {"delivery": delivery_id, "moment": now})
        if retried.rowcount == 0:
            return False
        await self._session.execute(_UNPARK_OF_DELIVERY, {"delivery": delivery_id})
        self._session.news.add(News.DELIVERIES)
        return True
