"""Chat services."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.message.neutral import Message
from bot.core.model import Place


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that has arrived: the service's id of it, and the marker it was sent with."""

    message_id: str
    marker: str


class Messenger(Protocol):
    """One chat service as the delivery verb sees it."""

    @property
    def service(self) -> str:
        """The service's name in places: slack, telegram, terminal."""
        ...

    @property
    def is_attached(self) -> bool:
        """Whether messages can be handed over now; while not, deliveries wait."""
        ...

    def can_find(self, place: Place) -> bool:
        """Whether find() can tell if an uncertain message has arrived there."""
        ...

    async def send(self, place: Place, message: Message, *, marker: str) -> str:
        """Post it and give the service's id of the message. Raises SendError."""
        ...

    async def edit(self, place: Place, message: Message, *, edits: Sent, marker: str) -> None:
        """Have a message that was posted say this instead; the same twice does nothing more.

        Where nothing can be changed it is said anew. Raises SendError.
        """
        ...

    async def find(self, place: Place, *, marker: str, since: datetime) -> str | None:
        """The id of the message that carries the marker, or None. Raises SendError."""
        ...

    def direct_place(self, person: str) -> Place | None:
        """Where this person can be told something alone; None if the service has no such thing."""
        ...
