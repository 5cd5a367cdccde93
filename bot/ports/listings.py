"""What is known of the tags that docker-library lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import TargetId, Watch
from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class AwaitedTag:
    """A tag of an official image of which somebody waits for a platform.

    listed_at: when it was first seen to be listed, None if it never was, or is no longer.
    """

    target: TargetId
    reference: Reference
    listed_at: datetime | None


class Listings(Protocol):
    """What is known of the tags that docker-library lists, kept across restarts."""

    async def awaited(self) -> list[AwaitedTag]:
        """Every tag of which somebody waits for a platform that it may be built for."""
        ...

    async def note_listed(self, targets: Sequence[TargetId], *, now: datetime) -> None:
        """Remember that these tags are listed; of those that were already, since when stays."""
        ...

    async def waiting(self, target: TargetId) -> list[Watch]:
        """The active watches of a tag that miss a platform, the oldest first."""
        ...

    async def unlist(self, target: TargetId) -> list[Watch]:
        """Remember that a tag is not listed any more; its watches that miss a platform.

        They are the caller's until the end of the transaction. None if the tag was not known to be
        listed, as after another process has done this.
        """
        ...
