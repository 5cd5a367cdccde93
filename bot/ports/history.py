"""What targets were before, for whoever shows it."""

from typing import Protocol

from bot.core.chronicle import Record
from bot.core.reference import Reference


class History(Protocol):
    """The observations table, and whether anything that is shown has changed."""

    async def newest(self) -> int:
        """The id of the newest record; 0 if there is none."""
        ...

    async def after(self, id: int, *, limit: int) -> list[Record]:
        """Records of all tags with greater ids, in order of their ids."""
        ...

    async def of(self, reference: Reference, *, limit: int) -> list[Record]:
        """The newest records of one tag, oldest first."""
        ...

    async def mark(self) -> str:
        """A text that is another one once anything was seen, watched, told or parked since.

        That targets were looked at and nothing was new changes nothing.
        """
        ...
