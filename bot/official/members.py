"""The members of one large JSON object, one after the other as they arrive; never all at once.

No library does this in bounded memory: ijson keeps the path to where it is as a text, which for
100 kB of nested arrays takes more memory than a machine has. So json decodes each member, and what
is here only finds where it begins. What is not complete yet is tried again once more has come.
"""

import codecs
import json
import re
from collections.abc import Callable
from typing import Any

from bot.core.errors import TroubleKind
from bot.core.model import Trouble
from bot.official.source import SourceFailed, malformed

MAX_MEMBER_CHARS = 1_048_576
"""A hundred times the largest one there is."""
STEP_BYTES = 65_536
"""So much must have come before an incomplete member is tried again."""

_SPACE = re.compile(r"[ \t\r\n]*")


class Members:
    """Finds the members in pieces of a file; tell gets each member's name and value.

    All methods raise SourceFailed for what is not one JSON object of objects, or not bounded.
    """

    def __init__(self, tell: Callable[[str, object], None]) -> None:
        self._tell = tell
        self._decode = json.JSONDecoder().raw_decode
        self._decode_text = codecs.getincrementaldecoder("utf-8")()
        self._arrived = bytearray()
        self._text = ""
        self._at = 0
        self._expected = "{"
        self._is_empty = True

    def take(self, piece: bytes) -> None:
        """The next piece of the file."""
        self._arrived += piece
        if len(self._arrived) >= STEP_BYTES:
            self._read()
            if len(self._text) - self._at > MAX_MEMBER_CHARS:
                raise SourceFailed(Trouble(TroubleKind.TOO_LARGE))

    def end(self) -> None:
        """Nothing more comes: the object must be whole, and must hold something."""
        self._read(final=True)
        if self._expected or self._text[self._at :] or self._is_empty:
            raise malformed()

    def _read(self, *, final: bool = False) -> None:
        """Tell of all members that are complete by now."""
        try:
            more = self._decode_text.decode(bytes(self._arrived), final)
        except UnicodeError:
            raise malformed() from None
        self._text = self._text[self._at :] + more
        self._at = 0
        self._arrived.clear()
        while self._skip() and self._step():
            pass

    def _step(self) -> bool:
        """Go on by a member, or by a sign between two; whether there was one."""
        sign = self._text[self._at]
        if sign == '"' and '"' in self._expected:
            return self._member()
        if sign not in self._expected or sign == '"':
            raise malformed()
        self._at += 1
        self._expected = {"{": '"}', ",": '"', "}": ""}[sign]
        return True

    def _member(self) -> bool:
        begin = self._at
        name = self._value()
        value = self._value() if name is not None and self._skips(":") else None
        if name is None or value is None:
            self._at = begin
            return False
        if not isinstance(value, dict):
            raise malformed()
        self._tell(name, value)
        self._is_empty = False
        self._expected = ",}"
        return True

    def _value(self) -> Any | None:
        """The value that begins here; None if it is not complete, or will never be."""
        try:
            value, self._at = self._decode(self._text, self._at)
        except RecursionError:
            raise malformed() from None
        except ValueError:
            return None
        return value

    def _skips(self, sign: str) -> bool:
        """Pass over a sign; whether anything follows."""
        if not self._skip():
            return False
        if self._text[self._at] != sign:
            raise malformed()
        self._at += 1
        return self._skip()

    def _skip(self) -> bool:
        """Pass over white space; whether anything follows."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._text)
