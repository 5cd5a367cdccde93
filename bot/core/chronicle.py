"""What the history of tags tells: since when a platform is there or not, how long it took."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from bot.core.model import Status
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_TAGS = 20_000
"""How many tags are remembered: those that changed last. New ones come for ever."""
MAX_WAITS = 500
"""How many waits of a platform are remembered: the newest."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the history: what a tag was from this moment on. digests: of its platforms.

    id grows from row to row of a tag.
    """

    id: int
    reference: Reference
    status: Status
    observed_at: datetime
    digests: Mapping[Platform, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A platform is there, or is not, since then.

    exact: the change was seen; otherwise it was so when the tag was first seen, and perhaps before.
    """

    there: bool
    since: datetime
    exact: bool


class LandingKind(Enum):
    """What happened to a platform. FIRST: it was there when the tag was first seen."""

    FIRST = "first"
    CAME = "came"
    REBUILT = "rebuilt"
    WENT = "went"


@dataclass(frozen=True, slots=True)
class Landing:
    """Something happened to a platform. waited: since the tag was there without it, if it came."""

    platform: Platform
    at: datetime
    kind: LandingKind
    waited: timedelta | None = None


class Chronicle:
    """The spans of all tags, learnt from their records in order; it does nothing else.

    A wait begins when the tag is there without the platform, and ends when that comes. A tag that
    is not there at all makes nobody wait for one platform more than for another.
    """

    def __init__(self) -> None:
        self._tags: dict[Reference, _Tag] = {}
        self._waits: dict[Platform, deque[timedelta]] = {}

    def learn(self, records: Iterable[Record]) -> None:
        """Take in what came after what is known; what was learnt before changes nothing."""
        for record in records:
            tag = self._tags.pop(record.reference, None) or _Tag()
            self._tags[record.reference] = tag
            if len(self._tags) > MAX_TAGS:
                del self._tags[next(iter(self._tags))]
            for landing in tag.learn(record):
                if landing.waited is not None:
                    waits = self._waits.setdefault(landing.platform, deque(maxlen=MAX_WAITS))
                    waits.append(landing.waited)

    def span(self, reference: Reference, platform: Platform) -> Span | None:
        """Since when this very platform is there or not; None if nothing is known of the tag."""
        tag = self._tags.get(reference)
        return None if tag is None else tag.span(platform)

    def behind(self, reference: Reference, platform: Platform) -> Span | None:
        """Since when others of its operating system have been built anew, and this one has not."""
        tag = self._tags.get(reference)
        return None if tag is None else tag.behind(platform)

    @property
    def waits(self) -> Mapping[Platform, tuple[timedelta, ...]]:
        """How long platforms took to come, the longest ago first."""
        return {platform: tuple(waits) for platform, waits in self._waits.items()}


def landings(records: Iterable[Record]) -> list[Landing]:
    """What happened to the platforms of one tag, in order."""
    tag = _Tag()
    return [landing for record in records for landing in tag.learn(record)]


class _Tag:
    """One tag's platforms as they are after the records so far."""

    def __init__(self) -> None:
        self._last = -1
        self._digests: Mapping[Platform, str] = {}
        self._spans: dict[Platform, Span] = {}
        self._absent_from: Span | None = None
        self._without: dict[Platform, datetime] = {}
        self._present_from: datetime | None = None
        self._behind: dict[Platform, datetime] = {}

    def behind(self, platform: Platform) -> Span | None:
        since = self._behind.get(platform)
        if since is not None:
            return Span(there=True, since=since, exact=True)
        first = self._spans.get(platform)
        # Whatever left it behind came with the first look, or before.
        return None if first is None else replace(first, exact=False)

    def span(self, platform: Platform) -> Span | None:
        return self._spans.get(platform, self._absent_from)

    def learn(self, record: Record) -> list[Landing]:
        if record.id <= self._last:
            return []
        is_first, self._last = self._last < 0, record.id
        at, now, before = record.observed_at, record.digests, self._digests
        if is_first:
            self._absent_from = Span(there=False, since=at, exact=False)
        if record.status is Status.PRESENT and self._present_from is None:
            self._present_from = at
        told = [
            self._came(platform, at, first=is_first) for platform in now if platform not in before
        ]
        told += [
            self._went(platform, at, record.status) for platform in before if platform not in now
        ]
        told += self._rebuilt(record)
        if record.status is not Status.PRESENT:
            self._present_from = None
            self._without.clear()
        self._digests = now
        return told

    def _rebuilt(self, record: Record) -> list[Landing]:
        at, before = record.observed_at, self._digests
        anew = {
            platform: Landing(platform, at, LandingKind.REBUILT)
            for platform, digest in record.digests.items()
            if before.get(platform, digest) != digest
        }
        systems = {platform.os for platform in anew}
        for platform in record.digests:
            if platform in anew or platform not in before:
                self._behind.pop(platform, None)
            elif platform.os in systems:
                self._behind.setdefault(platform, at)
        return list(anew.values())

    def _came(self, platform: Platform, at: datetime, *, first: bool) -> Landing:
        self._spans[platform] = Span(there=True, since=at, exact=not first)
        without = self._without.pop(platform, self._present_from)
        if first or without is None or without == at:
            kind = LandingKind.FIRST if first else LandingKind.CAME
            return Landing(platform, at, kind)
        return Landing(platform, at, LandingKind.CAME, at - without)

    def _went(self, platform: Platform, at: datetime, status: Status) -> Landing:
        self._spans[platform] = Span(there=False, since=at, exact=True)
        if status is Status.PRESENT:
            self._without[platform] = at
        return Landing(platform, at, LandingKind.WENT)
