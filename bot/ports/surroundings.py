"""The moment, waiting and chance: what a program cannot make up by itself."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The present moment as an aware UTC datetime."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


class Sleep(Protocol):
    """Waits; asyncio.sleep in the program, something instant in tests."""

    async def __call__(self, seconds: float, /) -> None:
        """Come back after this many seconds."""
        ...


class Chance(Protocol):
    """A number in [0, 1)."""

    def __call__(self) -> float:
        """The next number."""
        ...
