"""Watches that the configuration wants."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from bot.core.model import Event, Place, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference

FROM_CONFIGURATION = "config"
"""The source of watches that nobody but the configuration has asked for."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration wants of one watch."""

    platforms: frozenset[Platform]
    tells: frozenset[Event]


@dataclass(frozen=True, slots=True)
class ConfiguredWatch:
    """An active watch that the configuration wants, at the time it was last read."""

    id: WatchId
    reference: Reference
    place: Place
    terms: Terms


class Put(Enum):
    """What became of a watch that the configuration wants."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Configured(Protocol):
    """The configuration's part of watches, kept apart from what people want of the same ones.

    A place has one watch of a target, whoever wants it: what is wanted by both is the union of
    both, and goes back to the one when the other wants it no more.
    """

    async def all(self) -> list[ConfiguredWatch]:
        """All that the configuration wanted when it was last read, oldest first."""
        ...

    async def put(self, reference: Reference, place: Place, terms: Terms, *, now: datetime) -> Put:
        """Make the watch, or have the place's watch of that target fulfil these terms.

        What is there when its target is first looked at is not told.
        """
        ...

    async def withdraw(self, watch: WatchId, *, now: datetime) -> None:
        """The configuration wants it no more: it ends, unless people want it too."""
        ...
