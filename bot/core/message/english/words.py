"""Small words: lists, spans of time, moments."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from bot.core.model import Observation
from bot.core.platform import Platform

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def listing(words: Iterable[str], *, last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; `nothing` for none. last: the word before the last one."""
    known = list(words)
    if not known:
        return "nothing"
    if len(known) == 1:
        return known[0]
    return f"{', '.join(known[:-1])} {last} {known[-1]}"


def counted(count: int, what: str) -> str:
    """`1 watch`, `2 watches`."""
    if count == 1:
        return f"1 {what}"
    return f"{count} {what}{'es' if what.endswith('ch') else 's'}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `41 s`, `3 h 41 min`, `2 days 4 h`."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    if seconds < _DAY_S:
        return _two(seconds // _HOUR_S, "h", seconds % _HOUR_S // _MINUTE_S, "min")
    days = seconds // _DAY_S
    return _two(days, "day" if days == 1 else "days", seconds % _DAY_S // _HOUR_S, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")


def moment(at: datetime, now: datetime) -> str:
    """`14:05 UTC` for the present day, with the date otherwise."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    form = "%H:%M UTC" if at.date() == now.date() else "%Y-%m-%d %H:%M UTC"
    return at.strftime(form)


def short_digest(digest: str) -> str:
    """Enough of a digest to compare by eye: `sha256:1f3c9d2a44b0…`."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}…" if len(value) > 12 else digest


def platforms_there(observation: Observation) -> list[str]:
    """Short names of the platforms of a tag, without those whose manifest the registry lost."""
    return list(observation.there)


def shorts(platforms: Iterable[Platform]) -> list[str]:
    """The short names of platforms."""
    return [platform.short for platform in platforms]
