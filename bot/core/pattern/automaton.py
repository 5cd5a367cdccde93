"""Regular expressions that a stranger may give: matched in linear time, whatever they are.

Python's own engine goes back when something does not fit, so that a pattern of ten characters can
keep it busy for ever; and the core has no other. Here all ways that fit so far are followed at the
same time (Thompson's construction), so a match costs at most the length of the tag times the size
of the pattern, which is bounded.
"""

import string
from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.errors import InvalidInput

ALPHABET = frozenset(string.ascii_letters + string.digits + "_.-")
"""What tags consist of. Source: OCI distribution-spec, "Pulling manifests"."""
MAX_STATES = 1000


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    those: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any of these."""

    ways: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again and again; at_most None: without end."""

    body: "Node"
    at_least: int
    at_most: int | None


Node = Chars | Sequence | Choice | Repeat
ANY = Chars(ALPHABET)
ANYTHING = Repeat(ANY, 0, None)


class Automaton:
    """All ways through a pattern. Raises InvalidInput for one that is too large."""

    def __init__(self, pattern: Node) -> None:
        self._chars: list[frozenset[str] | None] = []
        self._ways: list[tuple[int, ...]] = []
        self._end = self._add(None, ())
        self._start = self._build(pattern, self._end)

    def matches(self, text: str) -> bool:
        """Whether the whole text fits."""
        here = self._reached([self._start])
        for character in text:
            here = self._reached(
                way
                for state in here
                if (those := self._chars[state]) is not None and character in those
                for way in self._ways[state]
            )
            if not here:
                return False
        return self._end in here

    def _reached(self, states: Iterable[int]) -> set[int]:
        """These states, and those that can be reached from them without a character."""
        reached: set[int] = set()
        open_ones = list(states)
        while open_ones:
            state = open_ones.pop()
            if state in reached:
                continue
            reached.add(state)
            if self._chars[state] is None:
                open_ones.extend(self._ways[state])
        return reached

    def _add(self, those: frozenset[str] | None, ways: tuple[int, ...]) -> int:
        if len(self._chars) == MAX_STATES:
            raise InvalidInput("The pattern is too large: repeat less in it.")
        self._chars.append(those)
        self._ways.append(ways)
        return len(self._chars) - 1

    def _build(self, node: Node, then: int) -> int:
        """The state from which the node leads on to the next one."""
        match node:
            case Chars(those):
                return self._add(those, (then,))
            case Sequence(parts):
                for part in reversed(parts):
                    then = self._build(part, then)
                return then
            case Choice(ways):
                return self._add(None, tuple(self._build(way, then) for way in ways))
            case _:
                return self._repeat(node, then)

    def _repeat(self, repeat: Repeat, then: int) -> int:
        body, at_least, at_most = repeat.body, repeat.at_least, repeat.at_most
        here = then
        if at_most is None:
            here = self._add(None, ())
            self._ways[here] = (self._build(body, here), then)
        else:
            for _ in range(at_most - at_least):
                here = self._add(None, (self._build(body, here), then))
        for _ in range(at_least):
            here = self._build(body, here)
        return here
