"""What a publisher usually ships, from a few other tags of the same repository."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_TAGS = 3
"""How many other tags are worth a look each."""

_NUMBERS = re.compile(r"[0-9]{1,9}")
_NO_RELEASE = re.compile(
    r"sha256-.*|.*\.(?:sig|att|sbom)|(?:sha-|pr-|git-)?[0-9a-f]{7,40}|(?:pr|branch|buildcache).*"
)


@dataclass(frozen=True, slots=True)
class Habit:
    """Which other tags of a repository were looked at, and which of them have the platform."""

    seen: tuple[Reference, ...]
    carrying: tuple[Reference, ...]

    @property
    def is_never(self) -> bool:
        """Whether none of several tags has the platform."""
        return len(self.seen) > 1 and not self.carrying


def other_tags(tag: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Tags by which to judge what a repository usually ships: latest, and the last ones before.

    Those that are made like the tag (1.2.3-slim for 1.2.4-slim) go before others.
    """
    known = [each for each in dict.fromkeys(tags) if each != tag and not _NO_RELEASE.match(each)]
    shape = _NUMBERS.sub("0", tag)
    numbered = [each for each in known if _NUMBERS.search(each)]
    numbered.sort(key=lambda each: (_NUMBERS.sub("0", each) == shape, _numbers(each)), reverse=True)
    latest = ["latest"] if "latest" in known else []
    return tuple([*latest, *(each for each in numbered if each != "latest")][:MAX_TAGS])


def judge_habit(platform: Platform, seen: Sequence[tuple[Reference, Observation]]) -> Habit | None:
    """The habit that looks show; None if none of them gave a clear answer about an image."""
    clear = [(reference, each) for reference, each in seen if each.entries]
    if not clear:
        return None
    carrying = (reference for reference, each in clear if each.listed(platform) is not None)
    return Habit(tuple(reference for reference, _ in clear), tuple(carrying))


def _numbers(tag: str) -> tuple[int, ...]:
    return tuple(map(int, _NUMBERS.findall(tag)))
