"""Where things lie in the page's pictures, in per cent of their width."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

from bot.core.board import Waits
from bot.core.chronicle import Landing, LandingKind
from bot.core.platform import Platform

MAX_DOTS = 60
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=14)
_MARKS = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),
)
_LEAST_TIME = timedelta(hours=1)
_MARGIN = 1.5
"""So that what lies at an end is not cut in half."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    x: float
    length: timedelta


@dataclass(frozen=True, slots=True)
class Strip:
    """The waits of one platform: a dot for each, or for some of many, their middle and a band."""

    waits: Waits
    dots: tuple[float, ...]
    median: float
    band: tuple[float, float]


def ticks() -> list[Tick]:
    """The axis under all strips."""
    return [Tick(_on_scale(length), length) for length in _MARKS]


def strip(waits: Waits) -> Strip:
    """One platform's waits on a logarithmic axis; the band holds 8 in 10, or all of a few."""
    lengths, estimate = waits.lengths, waits.estimate
    step = max(len(lengths) / MAX_DOTS, 1)
    some = [lengths[int(at * step)] for at in range(int(len(lengths) / step))]
    low, high = (estimate.low, estimate.high) if estimate else (lengths[0], lengths[-1])
    return Strip(
        waits,
        tuple(_on_scale(length) for length in some),
        _on_scale(waits.median),
        (_on_scale(low), _on_scale(high)),
    )


def _on_scale(length: timedelta) -> float:
    share = log(max(length, _SHORTEST) / _SHORTEST) / log(_LONGEST / _SHORTEST)
    return _placed(min(share, 1.0))


def _placed(share: float) -> float:
    return round(_MARGIN + share * (100 - 2 * _MARGIN), 2)


@dataclass(frozen=True, slots=True)
class Lane:
    """One platform of a tag: when it was there, and what happened to it when."""

    platform: Platform
    stays: tuple[tuple[float, float], ...]
    events: tuple[tuple[float, Landing], ...]


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A tag's history, a lane for each platform, in the order in which they came."""

    begins_at: datetime
    ends_at: datetime
    lanes: tuple[Lane, ...]

    @property
    def platforms(self) -> frozenset[Platform]:
        """Those to which anything has happened."""
        return frozenset(lane.platform for lane in self.lanes)


def time_line(landings: Sequence[Landing], *, now: datetime) -> TimeLine | None:
    """When each platform came and went, up to now; None if nothing is known."""
    if not landings:
        return None
    begins_at = min(landings[0].at, now - _LEAST_TIME)
    whole = now - begins_at

    def x(moment: datetime) -> float:
        return _placed(min((moment - begins_at) / whole, 1.0))

    by_platform: dict[Platform, list[Landing]] = {}
    for landing in landings:
        by_platform.setdefault(landing.platform, []).append(landing)
    lanes = [
        Lane(
            platform,
            tuple((x(begin), x(end)) for begin, end in _stays(own, now)),
            tuple((x(landing.at), landing) for landing in own),
        )
        for platform, own in by_platform.items()
    ]
    return TimeLine(begins_at, now, tuple(lanes))


def _stays(own: Sequence[Landing], now: datetime) -> list[tuple[datetime, datetime]]:
    stays: list[tuple[datetime, datetime]] = []
    begin: datetime | None = None
    for landing in own:
        if landing.kind is LandingKind.WENT:
            if begin is not None:
                stays.append((begin, landing.at))
            begin = None
        elif begin is None:
            begin = landing.at
    if begin is not None:
        stays.append((begin, now))
    return stays
