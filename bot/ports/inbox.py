"""What people said, not yet done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Place


@dataclass(frozen=True, slots=True)
class Command:
    """What a person said to the bot, not yet done."""

    id: int
    service: str
    place: Place
    person: str
    text: str
    received_at: datetime
    tries: int
    lease: str


class Inbox(Protocol):
    """Commands received, not yet done."""

    async def receive(
        self, *, event_id: str, place: Place, person: str, text: str, now: datetime
    ) -> bool:
        """Keep a command; False if this event of the place's service was received before."""
        ...

    async def claim(self, *, now: datetime, lease_s: float, limit: int) -> list[Command]:
        """Lease the oldest commands; of one person in one place only the first that is not done."""
        ...

    async def done(self, command: Command, *, now: datetime) -> bool:
        """Mark it done; False if the lease was lost, whereupon the caller must not commit."""
        ...

    async def put_back(self, command: Command, *, due_at: datetime, untried: bool = False) -> None:
        """Not done: to be claimed again at due_at. untried: that it was claimed does not count."""
        ...

    async def release_all(self, *, now: datetime) -> None:
        """Let every lease end now: whoever had one is known to be gone."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When a command can be claimed, or None if all are done."""
        ...

    async def cursor(self, name: str) -> str | None:
        """A receiver's position in its service's stream of events."""
        ...

    async def move_cursor(self, name: str, position: str) -> None:
        """Remember the position, in the same transaction as what came before it."""
        ...
