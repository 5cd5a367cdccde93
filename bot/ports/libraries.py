"""The last good copies of what docker-library publishes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file that could be understood, and since when the bot has known what about it.

    name: of the image whose library file it is; others have a slash in theirs. confirmed_at: when
    its source last said that it is so. changed_at: when what it lists was last seen to change, None
    while there was no earlier copy. listed_at: since when a tag is listed, or something else is as
    the file says, only for what was otherwise in an earlier copy.
    """

    name: str
    content: str
    etag: str | None
    confirmed_at: datetime
    changed_at: datetime | None = None
    listed_at: Mapping[str, datetime] = field(default_factory=dict)


class Libraries(Protocol):
    """The last good copies, kept across restarts."""

    async def load(self, name: str) -> KeptFile | None:
        """The copy of that name; None if there is none, or none that can be read."""
        ...

    async def save(self, kept: KeptFile) -> None:
        """Replace the copy of that name."""
        ...
