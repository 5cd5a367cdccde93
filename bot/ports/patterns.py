"""Patterns: places that want to hear of every new tag of a repository that fits."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from bot.core.model import Place
from bot.core.platform import Platform
from bot.core.reference import Reference

PatternId = NewType("PatternId", int)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A place wants platforms of every new tag that fits.

    repository has no tag; text says which tags, as bot.core.pattern reads it. platforms are what
    people want, configured what the configuration does; at least one is not empty. looked_at: when
    the tags were last listed, for whoever wanted that.
    """

    id: PatternId
    repository: Reference
    text: str
    place: Place
    platforms: frozenset[Platform]
    configured: frozenset[Platform]
    people: tuple[str, ...]
    created_at: datetime
    looked_at: datetime | None = None
    due_at: datetime | None = None

    @property
    def familiar(self) -> str:
        """As it is typed."""
        return f"{self.repository.name}:{self.text}"


@dataclass(frozen=True, slots=True)
class NewPattern:
    """A pattern that people want, or the configuration. person: None if nobody is to be named."""

    repository: Reference
    text: str
    place: Place
    platforms: frozenset[Platform]
    person: str | None
    configured: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedTags:
    """A repository whose tags this process may list until its lease runs out.

    known: all that were ever seen; None before the first look. etag: of the last list, if that came
    in one page. claimed_at: what was pushed well before is in the list.
    """

    id: int
    repository: Reference
    known: frozenset[str] | None
    etag: str | None
    looked_at: datetime | None
    failures: int
    lease: str
    patterns: tuple[Pattern, ...]
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """What one look at the tags of a repository writes.

    known: None if nothing of it has changed. news: new tags, and the pattern that each fits.
    """

    claimed: ClaimedTags
    known: frozenset[str] | None
    etag: str | None
    news: Sequence[tuple[Pattern, str]]
    due_at: datetime
    failures: int


class Patterns(Protocol):
    """The patterns, and the lists of tags they are about."""

    async def add(self, new: NewPattern, *, now: datetime) -> tuple[Pattern, bool]:
        """Make a pattern, or add platforms and the person to the place's own; whether it is new.

        What the repository has at its next look is no news for a new one.
        """
        ...

    async def of_place(self, place: Place) -> list[Pattern]:
        """The patterns of a place, oldest first."""
        ...

    async def all(self) -> list[Pattern]:
        """All patterns, oldest first."""
        ...

    async def stop(self, patterns: Sequence[PatternId]) -> None:
        """People want them no more; what the configuration wants goes on."""
        ...

    async def withdraw(self, pattern: PatternId) -> None:
        """The configuration wants it no more; what people want goes on."""
        ...

    async def claim(
        self, *, capacity: Callable[[str], int], limit: int, now: datetime, lease_s: float
    ) -> list[ClaimedTags]:
        """Lease repositories that are due, earliest first, up to capacity(registry) of each."""
        ...

    async def next_due_at(
        self, *, opens_at: Callable[[str], datetime | None] | None = None
    ) -> datetime | None:
        """When the earliest is due; None if none is. opens_at is as for targets."""
        ...

    async def record(self, listed: Listed, *, expires_at: datetime, now: datetime) -> bool:
        """Write a look, and a watch with a card for each new tag; False if the lease was lost.

        What was stopped since the claim hears of nothing. Where a push was told of that the list
        may be too early for, the tags are listed once more, soon.
        """
        ...

    async def followed(self, among: Collection[Reference]) -> frozenset[Reference]:
        """Those of the repositories of whose new tags anybody wants to hear."""
        ...

    async def hint(self, repository: Reference, *, now: datetime) -> bool:
        """List the tags of a repository soon, also if that is done just now; False if nobody
        wants it.
        """
        ...
