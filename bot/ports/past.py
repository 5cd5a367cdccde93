"""What was seen of tags over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.model import Observation
from bot.core.reference import Reference
from bot.core.rhythm import Change


class Past(Protocol):
    """The clear observations that differed from the one before."""

    async def of_tags(self, reference: Reference, *, tags: int) -> list[Sequence[Observation]]:
        """The beginnings of the newest tags of the reference's repository, each oldest first.

        The newest tag comes first. What was seen much later of a tag is left out.
        """
        ...

    async def changes(self, reference: Reference, *, since: datetime) -> list[Change]:
        """When tags of the reference's repository were seen to change, the newest last."""
        ...
