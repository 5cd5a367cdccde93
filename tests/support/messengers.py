"""A bot.ports.Messenger without a service, whose sends end as a test plans."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import SendUncertain
from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.ports.chat import Sent

WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that people can read."""

    place: Place
    message: Message
    marker: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a send: it may wait, may arrive, and may raise, in this order."""

    error: Exception | None = None
    arrives: bool = False
    after: asyncio.Event | None = None


class PlannedMessenger:
    """Posts everything but what is planned otherwise; asked lists the calls as "send C1"."""

    def __init__(self, service: str = "slack", *, can_find: bool = False) -> None:
        self.service = service
        self._can_find = can_find
        self.is_attached = True
        self.posted: list[Posted] = []
        self.asked: list[str] = []
        self.find_fails: Exception | None = None
        self._outcomes: deque[Outcome] = deque()
        self._changed = asyncio.Event()

    def refuse(self, *errors: Exception) -> None:
        """The next sends fail so, one each, and nothing arrives."""
        self._outcomes.extend(Outcome(error) for error in errors)

    def lose_answer(self, error: Exception | None = None) -> None:
        """The next message arrives, and nobody learns that."""
        lost = error or SendUncertain("the answer was lost")
        self._outcomes.append(Outcome(lost, arrives=True))

    def hold(self, until: asyncio.Event) -> None:
        """The next message arrives only then."""
        self._outcomes.append(Outcome(arrives=True, after=until))

    def said(self, place: Place | None = None) -> list[str]:
        """The headlines of what people can read there, or everywhere."""
        return [posted.message.headline for posted in self.posted if place in {None, posted.place}]

    async def wait_for(self, call: str) -> None:
        """Return when that was asked for."""
        async with asyncio.timeout(WITHIN_S):
            while call not in self.asked:
                self._changed.clear()
                await self._changed.wait()

    async def send(self, place: Place, message: Message, *, marker: str) -> str:
        self._note("send", place)
        outcome = self._outcomes.popleft() if self._outcomes else Outcome(arrives=True)
        if outcome.after is not None:
            await outcome.after.wait()
        if outcome.arrives:
            self.posted.append(Posted(place, message, marker))
        if outcome.error is not None:
            raise outcome.error
        return f"message {len(self.posted)}"

    async def edit(self, place: Place, message: Message, *, edits: Sent, marker: str) -> None:
        self._note("edit", place)
        outcome = self._outcomes.popleft() if self._outcomes else Outcome(arrives=True)
        if outcome.after is not None:
            await outcome.after.wait()
        if outcome.arrives:
            number = int(edits.message_id.removeprefix("message ")) - 1
            self.posted[number] = Posted(place, message, edits.marker)
        if outcome.error is not None:
            raise outcome.error

    def can_find(self, place: Place) -> bool:
        return self._can_find

    async def find(self, place: Place, *, marker: str, since: datetime) -> str | None:
        assert self._can_find, "asked for what this service cannot do"
        self._note("find", place)
        if self.find_fails is not None:
            raise self.find_fails
        return next(
            (
                f"message {number}"
                for number, posted in enumerate(self.posted, start=1)
                if (posted.place, posted.marker) == (place, marker)
            ),
            None,
        )

    def direct_place(self, person: str) -> Place | None:
        return Place(self.service, f"D-{person}") if self.service == "slack" else None

    def _note(self, call: str, place: Place) -> None:
        self.asked.append(f"{call} {place.conversation}")
        self._changed.set()
