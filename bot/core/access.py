"""Who may look with the operator's logins: which repositories they are for, and which places."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache

from bot.core.model import TERMINAL, Place
from bot.core.reference import Reference

ANY_CONVERSATION = "*"
"""What stands for every conversation of a service in a pattern of places: slack:*."""
_WILDCARDS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


class Access(Enum):
    """How a reference is looked at on behalf of some places.

    OPEN: no login is for it, so that everybody sees the same. LOGIN: with the login. WITHHELD:
    anonymously, though there is a login, because not all of the places may use it.
    """

    OPEN = auto()
    LOGIN = auto()
    WITHHELD = auto()


@dataclass(frozen=True, slots=True)
class LoginScope:
    """What the login of one registry is for.

    repositories: patterns, in which `*` stays within a part of the name and `**` does not; empty
    means all. places: patterns too, with ANY_CONVERSATION, and without a thread for all threads.
    The terminal is always among them: it is the operator's.
    """

    repositories: tuple[str, ...] = ()
    places: frozenset[Place] = frozenset()

    def serves(self, place: Place) -> bool:
        """Whether this place may see what the login sees."""
        return place == TERMINAL or any(_fits(pattern, place) for pattern in self.places)


@dataclass(frozen=True, slots=True)
class Permits:
    """The scopes of all logins, by registry; of_others is for registries that are not named."""

    scopes: Mapping[str, LoginScope] = field(default_factory=dict)
    of_others: LoginScope | None = None

    def access(self, reference: Reference, places: Collection[Place]) -> Access:
        """How to look for these places together; WITHHELD if there are none."""
        scope = self.scopes.get(reference.registry, self.of_others)
        if scope is None or not covers(scope.repositories, reference.repository):
            return Access.OPEN
        allowed = bool(places) and all(scope.serves(place) for place in places)
        return Access.LOGIN if allowed else Access.WITHHELD


def covers(patterns: tuple[str, ...], repository: str) -> bool:
    """Whether a repository is among those that the patterns mean; no patterns mean all."""
    return not patterns or any(_pattern(each).fullmatch(repository) for each in patterns)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*|\*|\?)", pattern)
    return re.compile("".join(_WILDCARDS.get(piece) or re.escape(piece) for piece in pieces))


def _fits(pattern: Place, place: Place) -> bool:
    return (
        pattern.service == place.service
        and pattern.conversation in (ANY_CONVERSATION, place.conversation)
        and pattern.thread in ("", place.thread)
    )
