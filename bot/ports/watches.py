"""Watches, their wants and their people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Event, Observation, Place, Watch, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class NewWatch:
    """A watch to be made. observation seeds the target if the store does not know it yet.

    platforms are wanted; those that are there already stand in met with the digest of their
    manifest and start as MET, so that nobody is told what the answer has said; the same holds for
    those in built, which are in the tag of their own architecture. unseen: what the first look
    finds is not told either. card: the watch is told by a card, unless it was there before.
    """

    reference: Reference
    place: Place
    platforms: tuple[Platform, ...]
    met: Mapping[Platform, str]
    person: str | None
    standing: bool
    expires_at: datetime | None
    observation: Observation | None
    source: str
    due_at: datetime
    tells: frozenset[Event] = frozenset()
    unseen: bool = False
    built: frozenset[Platform] = frozenset()
    card: bool = False


@dataclass(frozen=True, slots=True)
class AddedWatch:
    """The watch as it now stands. created is False when the place watched that target already."""

    watch: Watch
    created: bool
    joined: bool


@dataclass(frozen=True, slots=True)
class Held:
    """How many active watches somebody has in a service, and a conversation in all its threads."""

    of_person: int
    of_conversation: int


class Watches(Protocol):
    """Watches, their wants and their people."""

    async def add(self, new: NewWatch, *, now: datetime) -> AddedWatch:
        """Make a watch, or add platforms and the person to the place's watch of that target.

        The target is due at new.due_at or earlier, and its hint_seq moves if a look is running.
        Platforms become wants, MET or WAITING as new.met says; wants that exist stay as they
        are; the later of both expiries stands.
        """
        ...

    async def of_place(self, place: Place) -> list[Watch]:
        """The active watches of a place, oldest first."""
        ...

    async def held(self, place: Place, person: str | None, *, source: str) -> Held:
        """How many active watches from this source the person and the place's conversation have."""
        ...

    async def active(self) -> list[Watch]:
        """All active watches, oldest first."""
        ...

    async def expired(self, *, now: datetime, limit: int) -> list[Watch]:
        """Active watches whose time is over."""
        ...

    async def drop(
        self, watches: Sequence[WatchId], platforms: Sequence[Platform], *, now: datetime
    ) -> None:
        """Take platforms off watches; one that would keep none ends, as stopped.

        What the configuration wants of them goes on.
        """
        ...

    async def stop(self, watches: Sequence[WatchId], *, now: datetime) -> None:
        """End watches, as stopped; what the configuration wants of them goes on without people."""
        ...

    async def end(self, watches: Sequence[WatchId], *, why: str, now: datetime) -> None:
        """End watches; a target nobody wants any more is no longer due."""
        ...

    async def mute(self, watch: WatchId, *, until: datetime | None) -> None:
        """Hold this watch's alerts back until then; None lets them go."""
        ...

    async def mute_place(self, place: Place, *, until: datetime | None) -> None:
        """Hold the alerts of a whole place back until then; None lets them go."""
        ...

    async def place_muted_until(self, place: Place) -> datetime | None:
        """Until when the place holds its alerts back; None if it does not."""
        ...
