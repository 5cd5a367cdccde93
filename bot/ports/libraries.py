"""The last good copies of library files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptLibrary:
    """One library file that could be understood, and since when the bot has known what about it.

    confirmed_at: when its source last said that it is so. changed_at: when what it lists was last
    seen to change, None while there was no earlier copy. listed_at: since when a tag is listed,
    only for tags that an earlier copy did not list.
    """

    name: str
    content: str
    etag: str | None
    confirmed_at: datetime
    changed_at: datetime | None = None
    listed_at: Mapping[str, datetime] = field(default_factory=dict)


class Libraries(Protocol):
    """The last good copies, kept across restarts."""

    async def load(self, name: str) -> KeptLibrary | None:
        """The copy of library/NAME; None if there is none, or none that can be read."""
        ...

    async def save(self, kept: KeptLibrary) -> None:
        """Replace the copy of that name."""
        ...
