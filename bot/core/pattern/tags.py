r"""A repository's tags by pattern: node:22.*-slim, node:~22\.[0-9]+, node:^22.1-slim."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.errors import InvalidInput, InvalidReference
from bot.core.pattern.automaton import ALPHABET, ANY, ANYTHING, Automaton, Chars, Node, Sequence
from bot.core.pattern.expressions import parse_expression
from bot.core.pattern.versions import parse_range
from bot.core.reference import Reference, parse_reference

MAX_PATTERN_CHARACTERS = 200
_RANGE_SIGNS = "^<>="
_WILD: Mapping[str, Node] = {"*": ANYTHING, "?": ANY}


class _Matcher(Protocol):
    def matches(self, tag: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class TagPattern:
    """Which tags of a repository are meant; repository has neither tag nor digest.

    text: how the tags are described, as it was typed.
    """

    repository: Reference
    text: str
    _matcher: _Matcher = field(compare=False, repr=False)

    @property
    def familiar(self) -> str:
        """The form that parses to an equal pattern."""
        return f"{self.repository.name}:{self.text}"

    def matches(self, tag: str) -> bool:
        """Whether a tag is meant; its cost is bounded, whatever the pattern."""
        return self._matcher.matches(tag)


def is_pattern(text: str) -> bool:
    """Whether what stands for the tag means more than one."""
    return text[:1] in ("~", *_RANGE_SIGNS) or not _WILD.keys().isdisjoint(text)


def split_pattern(text: str) -> tuple[str, str] | None:
    """The image, and the pattern of its tags; None for what is no image with a pattern."""
    # An expression may have colons of its own.
    before, sign, expression = text.partition(":~")
    image, colon, tags = text.rpartition(":")
    if sign:
        image, tags = before, f"~{expression}"
    elif not colon or "/" in tags:
        return None
    return (image, tags) if image and is_pattern(tags) else None


def parse_tag_pattern(text: str) -> TagPattern:
    """The pattern that a person means. Raises InvalidReference and InvalidInput."""
    parts = split_pattern(text)
    if parts is None:
        raise InvalidReference(f"{text[:80]!r} is no pattern: type one such as node:22.*-slim.")
    image, tags = parts
    named = parse_reference(image)
    if named.digest is not None or named.name != _shortest(image, named):
        raise InvalidReference(
            f"{image[:80]!r} has a tag already: type one such as node:22.*-slim."
        )
    if len(tags) > MAX_PATTERN_CHARACTERS:
        raise InvalidInput(f"A pattern has at most {MAX_PATTERN_CHARACTERS} characters.")
    return TagPattern(Reference(named.registry, named.repository, None), tags, _matcher(tags))


def _shortest(image: str, named: Reference) -> str:
    """The name of the image if it was typed without a tag."""
    return named.name if re.search(r":[^/]*$", image) is None else ""


def _matcher(tags: str) -> _Matcher:
    if tags.startswith("~"):
        return Automaton(parse_expression(tags[1:]))
    if tags[0] in _RANGE_SIGNS:
        return parse_range(tags)
    foreign = set(tags) - ALPHABET - _WILD.keys()
    if foreign:
        raise InvalidInput(f"{min(foreign)!r} is in no tag: use * and ?, or begin with ~.")
    return Automaton(Sequence(tuple(_WILD.get(each, Chars(frozenset({each}))) for each in tags)))
