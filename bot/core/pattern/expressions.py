r"""Reads a regular expression: what people really use for tags, and nothing that needs going back.

Characters, `.`, `\d`, `\w`, classes, groups, `|`, `*`, `+`, `?` and `{2,3}`. The whole tag is
meant, so `^` at the beginning and `$` at the end say nothing new.
"""

import re
import string

from bot.core.errors import InvalidInput
from bot.core.pattern.automaton import ALPHABET, ANY, Chars, Choice, Node, Repeat, Sequence

MAX_DEPTH = 20
MAX_TIMES = 100

_DIGITS = frozenset(string.digits)
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_ESCAPED = {
    "d": _DIGITS,
    "D": ALPHABET - _DIGITS,
    "w": _WORD,
    "W": ALPHABET - _WORD,
}
_TIMES = re.compile(r"\{([0-9]{1,3})(?:(,)([0-9]{1,3})?)?\}", re.ASCII)
_QUANTITIES: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_SPECIAL = frozenset("*+?{}()[]|^$")


def parse_expression(text: str) -> Node:
    """The pattern that an expression means. Raises InvalidInput."""
    whole = text.removeprefix("^")
    # An escaped $ is no end; no tag has one either.
    reader = _Reader(whole.removesuffix("$"))
    node = reader.choice(depth=0)
    if reader.rest:
        raise _bad("a ) without its (")
    return node


class _Reader:
    """Reads from the left."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def rest(self) -> str:
        return self._text[self._at :]

    def choice(self, *, depth: int) -> Node:
        """What stands between bars, up to the end or the ) of its group."""
        if depth > MAX_DEPTH:
            raise _bad("too many groups within each other")
        ways = [self._sequence(depth)]
        while self._take("|"):
            ways.append(self._sequence(depth))
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self._repeated(self._one(depth)))
        return Sequence(tuple(parts))

    def _one(self, depth: int) -> Node:
        character = self._next()
        if character == "(":
            if self._take("?") and not self._take(":"):
                raise _bad("groups that begin with (? but for (?:")
            inner = self.choice(depth=depth + 1)
            if not self._take(")"):
                raise _bad("a ( without its )")
            return inner
        if character == "[":
            return Chars(self._class())
        if character == "\\":
            return Chars(self._escaped())
        if character == ".":
            return ANY
        if character in _SPECIAL:
            raise _bad(f"a {character} in that place")
        return Chars(frozenset({character}))

    def _repeated(self, body: Node) -> Node:
        if (found := _TIMES.match(self._text, self._at)) is not None:
            self._at = found.end()
            low = int(found[1])
            high = int(found[3]) if found[3] else (None if found[2] else low)
            if max(low, high or 0) > MAX_TIMES or (high is not None and high < low):
                raise _bad(f"repetitions such as {found[0]}")
            quantity: tuple[int, int | None] = (low, high)
        elif self.rest[:1] in _QUANTITIES:
            quantity = _QUANTITIES[self._next()]
        else:
            return body
        if self.rest[:1] in (*_QUANTITIES, "{") and self.rest:
            raise _bad("one repetition after the other")
        return Repeat(body, *quantity)

    def _class(self) -> frozenset[str]:
        negated = self._take("^")
        those: set[str] = set()
        while not self._take("]"):
            first = self._next("a [ without its ]")
            if first == "\\":
                those |= self._escaped()
                continue
            last = first
            if self.rest[:1] == "-" and self.rest[1:2] not in ("", "]"):
                self._at += 1
                last = self._next()
            if last < first:
                raise _bad(f"the range {first}-{last}")
            those |= {each for each in ALPHABET if first <= each <= last}
        return ALPHABET - those if negated else frozenset(those)

    def _escaped(self) -> frozenset[str]:
        character = self._next("a \\ at the end")
        if character in _ESCAPED:
            return _ESCAPED[character]
        if character.isalnum():
            raise _bad(f"\\{character}")
        return frozenset({character})

    def _take(self, character: str) -> bool:
        taken = self.rest[:1] == character
        self._at += taken
        return taken

    def _next(self, missing: str = "nothing at the end") -> str:
        if not self.rest:
            raise _bad(missing)
        self._at += 1
        return self._text[self._at - 1]


def _bad(what: str) -> InvalidInput:
    return InvalidInput(
        f"A pattern cannot have {what}: type one such as ~22\\.[0-9]+-slim, in which . [ ] ( ) | * "
        "+ ? { } and \\d mean what they usually do."
    )
