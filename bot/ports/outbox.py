"""What is owed to places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.message.neutral import Message
from bot.core.model import Alert, AlertFacts, Place


@dataclass(frozen=True, slots=True)
class OwedAlert:
    """An alert as a delivery carries it, with the people of its watch at the time of reading."""

    alert: Alert
    facts: AlertFacts
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """The delivery that another one changes; message_id is the service's, None if it has none."""

    delivery: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way; id is also the marker by which a service can find it again.

    Either message or alerts. uncertain: an earlier attempt may have arrived. tries counts the
    attempts before this one. person: whoever asked for the message. instead_of: the delivery it
    stands for, whose place is closed. edits: what was sent before and is changed now, so that it
    says what its newest alert does; nobody is notified of that.
    """

    id: str
    place: Place
    message: Message | None
    alerts: tuple[OwedAlert, ...]
    uncertain: bool
    tries: int
    first_try_at: datetime
    lease: str
    person: str | None = None
    instead_of: str | None = None
    edits: Edited | None = None


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A delivery as an operator sees it; state is pending, sending, sent, uncertain or dead."""

    id: str
    place: Place
    state: str
    about: str
    tries: int
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    last_error: str | None


class Outbox(Protocol):
    """Alerts and deliveries."""

    async def post(
        self, place: Place, message: Message, *, now: datetime, person: str | None = None
    ) -> str:
        """Owe a place an answer, which that person asked for, or a notice; its delivery's id."""
        ...

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

        At most one a place, answers before alerts, in order. The first alert of a quiet place goes
        at once; those that come within group_within_s after ride together in the next delivery. A
        delivery found in `sending` after its lease is uncertain. The card of a new tag is a
        delivery of its own; what comes for it later edits it, once it has its outcome and its place
        is told nothing else. Muted watches and places, parked
        places and services not named wait.
        """
        ...

    async def next_due_at(self, *, services: frozenset[str]) -> datetime | None:
        """When claim() will have something to give, as far as is known now."""
        ...

    async def sent(self, delivery: Delivery, *, message_id: str, now: datetime) -> None:
        """It has arrived."""
        ...

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

        postponed: nothing may go to its place before.
        """
        ...

    async def redirect(
        self,
        delivery: Delivery,
        copies: Sequence[tuple[Place, Message]],
        *,
        error: str,
        now: datetime,
    ) -> bool:
        """Tell it in other places instead; False, and nothing is done, if all these are parked.

        The first copy that arrives settles it.
        """
        ...

    async def give_back(self, copy: Delivery, *, error: str, due_at: datetime) -> bool:
        """A copy cannot arrive: what it stands for is due in its own place again, at due_at.

        False, and nothing is done, if it stands for nothing or another copy has arrived.
        """
        ...

    async def bury(self, delivery: Delivery, *, error: str, now: datetime) -> None:
        """The service refuses it for good."""
        ...

    async def park(self, place: Place, *, reason: str, until: datetime) -> bool:
        """Keep a place's deliveries pending until then; whether it was not parked before."""
        ...

    async def wake(self, place: Place) -> None:
        """End a place's parking."""
        ...

    async def move(self, place: Place, *, conversation: str, now: datetime) -> None:
        """The conversation goes on under another id: its watches, alerts and messages follow."""
        ...

    async def entries(self, *, limit: int, include_sent: bool) -> list[OutboxEntry]:
        """Deliveries, newest last, and alerts no delivery carries yet."""
        ...

    async def retry(self, delivery_id: str, *, now: datetime) -> bool:
        """Make a dead or waiting delivery due now; False if there is none of that id."""
        ...
