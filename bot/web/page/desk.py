"""What the page needs from the rest of the bot."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.advice import Advice
from bot.core.board import Board
from bot.core.chronicle import Landing
from bot.core.matrix import Cell
from bot.core.message.neutral import Message
from bot.core.model import Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference


class Checked(Protocol):
    """What a look found for a visitor."""

    @property
    def reference(self) -> Reference:
        """What was looked at."""
        ...

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What was asked for."""
        ...

    @property
    def seen(self) -> Observation:
        """What the registry says."""
        ...

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The platforms asked for, then the others that are there."""
        ...

    @property
    def advices(self) -> Sequence[Advice]:
        """What can be said about those of them that are missing."""
        ...

    @property
    def nearest(self) -> tuple[Reference, ...]:
        """Tags that may be meant, if there is no such one."""
        ...


class Desk(Protocol):
    """Reads and does what visitors ask for. Every method raises StoreError."""

    async def board(self, *, sees_all: bool, at_once: bool = False) -> Board:
        """The board as it is now; who does not see all sees neither places nor private images.

        The same object as long as nothing is new. at_once: as it was a moment ago will do.
        """
        ...

    async def landings(self, reference: Reference) -> Sequence[Landing]:
        """What happened to the platforms of a tag, oldest first."""
        ...

    async def check(self, text: str, *, thorough: bool = False) -> Checked | Message:
        """What the registry says now, as it says it to anybody; a message if it is no image.

        thorough: with all that can be found out about why something is missing.
        """
        ...

    async def watch(self, text: str, place: Place) -> Message:
        """Make a watch for a place."""
        ...

    async def stop(self, number: int) -> Message:
        """End a watch."""
        ...

    async def mute(self, number: int, *, quiet: bool) -> Message:
        """Hold a watch's alerts back, or let them go."""
        ...
