"""Ranges of versions: ^22.1, >=22,<24, and with what has to follow the version: ^22-slim.

Source: the ranges of node-semver, for tags, which have fewer numbers and other endings.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt

from bot.core.errors import InvalidInput

Version = tuple[int, int, int, int]

_NUMBERS = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}"
_PART = re.compile(rf"(\^|>=|<=|>|<|=)(v?)({_NUMBERS})(.*)", re.ASCII)
_TAG = re.compile(rf"v?({_NUMBERS})(.*)", re.ASCII)
_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
    "=": eq,
}


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Conditions that a version fulfils all, and what has to follow it in the tag."""

    conditions: tuple[tuple[str, Version], ...]
    ending: str

    def matches(self, tag: str) -> bool:
        """Whether the tag is a version of the range with this ending."""
        found = _TAG.fullmatch(tag)
        if found is None or found[2] != self.ending:
            return False
        version = _version(found[1])
        return all(_COMPARE[how](version, other) for how, other in self.conditions)


def parse_range(text: str) -> VersionRange:
    """The range that a text such as >=22.1,<24-slim means. Raises InvalidInput."""
    conditions: list[tuple[str, Version]] = []
    ending = ""
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None or ending:
            raise InvalidInput(
                f"{text[:80]!r} is no range of versions: type one such as ^22.1, >=22,<24 or "
                "^22-slim."
            )
        how, _, numbers, ending = found.groups()
        if how == "^":
            conditions.extend(_compatible(numbers))
        else:
            conditions.append((how, _version(numbers)))
    return VersionRange(tuple(conditions), ending)


def _version(numbers: str) -> Version:
    one, two, three, four, *_ = (*map(int, numbers.split(".")), 0, 0, 0)
    return one, two, three, four


def _compatible(numbers: str) -> tuple[tuple[str, Version], ...]:
    """From the version up to the next one that may break: the first number that is not 0 grows."""
    given = [int(number) for number in numbers.split(".")]
    at = next((at for at, number in enumerate(given) if number), len(given) - 1)
    upper = ".".join(str(number) for number in (*given[:at], given[at] + 1))
    return (">=", _version(numbers)), ("<", _version(upper))
