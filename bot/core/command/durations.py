"""Spans of time as people write them: 12h, 2 days, 1d12h, an hour."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

# Beyond a year a watch is standing, and the arithmetic of dates is safe.
LONGEST = timedelta(days=366)

_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * 86_400),
    **dict.fromkeys(("mo", "month", "months"), 30 * 86_400),
}
_NUMBERS = {"a": "1", "an": "1", "one": "1", "two": "2", "three": "3"}
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,3})?"
_PART = re.compile(rf"({_NUMBER})([a-z]+)")
_PARTS = re.compile(rf"(?:{_NUMBER}[a-z]+)+")
_LONGEST_WORD = 32


@dataclass(frozen=True, slots=True)
class Span:
    """A duration found at the beginning of some words.

    word_count: how many of them it takes. duration: None if it is nothing, or longer than LONGEST.
    """

    word_count: int
    duration: timedelta | None


def find_span(words: Sequence[str]) -> Span | None:
    """The duration these words begin with, or None if they do not begin with one."""
    first = words[0].lower() if words else ""
    if len(first) > _LONGEST_WORD:
        return None
    if _PARTS.fullmatch(first):
        parts = _PART.findall(first)
        return _span(1, parts) if all(unit in _SECONDS for _, unit in parts) else None
    number = _NUMBERS.get(first, first)
    unit = words[1].lower() if len(words) > 1 else ""
    if unit in _SECONDS and re.fullmatch(_NUMBER, number):
        return _span(2, [(number, unit)])
    return None


def _span(word_count: int, parts: Sequence[tuple[str, str]]) -> Span:
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    sensible = 0 < seconds <= LONGEST.total_seconds()
    return Span(word_count, timedelta(seconds=seconds) if sensible else None)
