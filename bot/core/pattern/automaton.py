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
MAX_STATES = 300
MAX_KEPT = 1000
"""So many steps are remembered: most tags of a repository go the same ways."""


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
        self._end = 1 << self._add(None, ())
        start = self._build(pattern, 0)
        # States are bits, so that many are followed at the price of one.
        self._start = self._reached([start])
        self._after = [self._reached(ways) for ways in self._ways]
        self._taking = {
            character: _bits(
                state
                for state, those in enumerate(self._chars)
                if those is not None and character in those
            )
            for character in ALPHABET
        }
        self._led_to: dict[int, int] = {}

    def matches(self, text: str) -> bool:
        """Whether the whole text fits."""
        here = self._start
        for character in text:
            here = self._from(here & self._taking.get(character, 0))
            if not here:
                return False
        return bool(here & self._end)

    def _from(self, taken: int) -> int:
        """The states that these lead to, each by the character it takes."""
        known = self._led_to.get(taken)
        if known is not None:
            return known
        reached, left = 0, taken
        while left:
            lowest = left & -left
            reached |= self._after[lowest.bit_length() - 1]
            left ^= lowest
        if len(self._led_to) == MAX_KEPT:
            self._led_to.clear()
        self._led_to[taken] = reached
        return reached

    def _reached(self, states: Iterable[int]) -> int:
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
        return _bits(reached)

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
            once_more = self._build(body, here)
            if once_more == here:
                # Nothing, however often: repetitions of it within each other would never end.
                break
            here = once_more
        return here


def _bits(states: Iterable[int]) -> int:
    """A bit for each of these states, none of which comes twice."""
    return sum(1 << state for state in states)
