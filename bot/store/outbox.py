"""Alerts and deliveries."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, bindparam, case, insert, select, update

from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.ports.outbox import Delivery, OutboxEntry
from bot.ports.store import News
from bot.store.columns import UtcDateTime
from bot.store.forming import choose, next_turn_at
from bot.store.lines import Turn
from bot.store.moving import move_conversation
from bot.store.outbox_rows import read_deliveries, read_entries
from bot.store.parking import hold, park, reopen, wake
from bot.store.places import place_row
from bot.store.redirecting import REDIRECT, give_back, parked_among, told_instead
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
    bindparam("new_state"),
    due_at=bindparam("moment"),
    last_error=bindparam("error"),
    postponed=bindparam("must_wait"),
)
# It would come first in its place's line for ever.
_BURY_UNREADABLE = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=DEAD,
        due_at=None,
        settled_at=_NOW,
        last_error="what is stored of it makes no sense",
        **_NO_LEASE,
    )
)
_BURY = _settle(DEAD, due_at=None, settled_at=bindparam("moment"), last_error=bindparam("error"))

_HOLD_PLACE_OF = (
    select(places.c.id)
    .where(
        places.c.id.in_(
            select(deliveries.c.place_id).where(deliveries.c.id == bindparam("delivery"))
        )
    )
    .with_for_update(key_share=True)
)
_UNPARK_OF_DELIVERY = (
    update(places)
    .values(parked_until=None)
    .where(
        places.c.id.in_(
            select(deliveries.c.place_id).where(deliveries.c.id == bindparam("delivery"))
        )
    )
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

    async def post(
        self,
        place: Place,
        message: Message,
        *,
        now: datetime,
        person: str | None = None,
        instead_of: Delivery | None = None,
    ) -> str:
        """Owe a place an answer or a notice; the id of its delivery."""
        delivery = self._session.new_token()
        await self._session.execute(
            insert(deliveries),
            {
                "id": delivery,
                "place_id": await place_row(self._session, place),
                "is_answer": True,
                "message": message.as_json(),
                "person": person,
                "instead_of": instead_of.id if instead_of is not None else None,
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
        the rest stay for the next delivery. One that cannot be read is dead.
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
        given = await read_deliveries(self._session, chosen, uncertain=doubtful)
        if lost := set(chosen).difference(delivery.id for delivery in given):
            await self._session.execute(_BURY_UNREADABLE, {"ids": sorted(lost), "now": now})
        return given

    async def next_due_at(self, *, services: frozenset[str]) -> datetime | None:
        """When claim() will have something to give, as far as is known now."""
        return await next_turn_at(self._session, services)

    async def sent(self, delivery: Delivery, *, message_id: str, now: datetime) -> None:
        """It has arrived, so the place can be posted to; nothing if the lease was lost.

        What it was told instead of is then settled too.
        """
        await hold(self._session, delivery.place)
        if not await self._settle(_SENT, delivery, moment=now, new_message_id=message_id):
            return
        await reopen(self._session, delivery.place)
        if delivery.instead_of is not None:
            await told_instead(self._session, delivery.instead_of, now=now)

    async def put_back(
        self,
        delivery: Delivery,
        *,
        due_at: datetime,
        error: str,
        uncertain: bool,
        now: datetime,
        postponed: bool = False,
    ) -> None:
        """To be tried again at due_at; uncertain: it may have arrived.

        postponed: nothing may go to its place before. Nothing if the lease was lost.
        """
        await self._settle(
            _PUT_BACK,
            delivery,
            new_state=UNCERTAIN if uncertain else PENDING,
            moment=max(due_at, now),
            error=error,
            must_wait=postponed,
        )

    async def redirect(
        self,
        delivery: Delivery,
        copies: Sequence[tuple[Place, Message]],
        *,
        error: str,
        now: datetime,
    ) -> bool:
        """Tell it in other places instead; False, and nothing is done, if all these are parked."""
        parked = await parked_among(self._session, [place for place, _ in copies], now=now)
        reachable = [(place, message) for place, message in copies if place not in parked]
        if not reachable:
            return False
        state = UNCERTAIN if delivery.uncertain else PENDING
        if await self._settle(REDIRECT, delivery, new_state=state, error=error):
            for place, message in reachable:
                await self.post(place, message, now=now, instead_of=delivery)
        return True

    async def give_back(self, copy: Delivery, *, error: str, due_at: datetime) -> bool:
        """A copy cannot arrive: what it stands for is due in its own place again, at due_at.

        False, and nothing is done, if it stands for nothing or another copy has arrived.
        """
        return await give_back(self._session, copy, error=error, due_at=due_at)

    async def bury(self, delivery: Delivery, *, error: str, now: datetime) -> None:
        """The service refuses it for good; nothing if the lease was lost."""
        await self._settle(_BURY, delivery, moment=now, error=error)

    async def _settle(self, statement: Update, delivery: Delivery, **columns: Any) -> bool:
        held = {"delivery": delivery.id, "lease": delivery.lease}
        settled = await self._session.execute(statement, held | columns)
        return settled.rowcount == 1

    async def park(self, place: Place, *, reason: str, until: datetime) -> bool:
        """Keep a place's deliveries pending until then; whether it was not parked before."""
        return await park(self._session, place, reason=reason, until=until)

    async def wake(self, place: Place) -> None:
        """End a place's parking; what waited for its end is due at once."""
        await wake(self._session, place)

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
