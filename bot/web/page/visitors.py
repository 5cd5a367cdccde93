"""Who is signed in, and that a form comes from our own page.

A cookie holds a random id, when it ends and whether its owner is signed in, all signed. What a form
carries against forgery is signed with that id, and new each time it is shown.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_bytes, token_urlsafe

from bot.core.allowance import Allowance
from bot.net.secret import Secret
from bot.ports.surroundings import Clock

COOKIE = "archbell"
TRIES_A_MINUTE = 5
TRIES_A_MINUTE_OF_ALL = 30
_PURPOSE = b"archbell page"
_LONGEST_COOKIE = 200
MAX_FORGOTTEN = 1_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a cookie; id is what forms are bound to."""

    id: str
    ends_at: datetime
    is_signed_in: bool = False


class Visitors:
    """Makes and reads cookies. token: what signs people in; None: nobody can."""

    def __init__(self, token: Secret | None, *, clock: Clock, lasts: timedelta) -> None:
        self._token = token
        self._clock = clock
        self._lasts = lasts
        # From the token, so that all processes have the same key and a new token ends all sessions.
        key = token.reveal().encode() if token else token_bytes(32)
        self._key = hmac.digest(key, _PURPOSE, sha256)
        self._tries = Allowance(TRIES_A_MINUTE)
        self._tries_of_all = Allowance(TRIES_A_MINUTE_OF_ALL)
        self._left: dict[str, datetime] = {}

    def welcome(self, *, is_signed_in: bool = False) -> Visitor:
        """Somebody new: also whoever signs in, so that no id from before is theirs afterwards."""
        ends_at = self._clock().replace(microsecond=0) + self._lasts
        return Visitor(token_urlsafe(16), ends_at, is_signed_in)

    def cookie(self, visitor: Visitor) -> str:
        """What recognise() knows the visitor by."""
        said = f"{visitor.id}.{int(visitor.ends_at.timestamp())}.{int(visitor.is_signed_in)}"
        return f"{said}.{self._signature('cookie', said)}"

    def recognise(self, cookie: str) -> Visitor | None:
        """The visitor of a cookie; None if it is not ours, or its time is over."""
        said, _, signature = cookie[:_LONGEST_COOKIE].rpartition(".")
        if not _is_same(signature, self._signature("cookie", said)):
            return None
        id, ends, signed_in = said.split(".")
        visitor = Visitor(id, datetime.fromtimestamp(int(ends), UTC), signed_in == "1")
        return visitor if self.is_here(visitor) else None

    def is_here(self, visitor: Visitor) -> bool:
        """Whether the visitor's time is not over, and nobody has signed out with that cookie."""
        return visitor.ends_at > self._clock() and visitor.id not in self._left

    def form_token(self, visitor: Visitor) -> str:
        """What a form of this visitor carries; another one each time, so that none can be guessed
        from the length of compressed pages.
        """
        nonce = token_urlsafe(8)
        return f"{nonce}.{self._signature('form', visitor.id, nonce)}"

    def is_own_form(self, visitor: Visitor, token: str) -> bool:
        """Whether a form was shown to this visitor."""
        nonce, _, signature = token.partition(".")
        return _is_same(signature, self._signature("form", visitor.id, nonce))

    def may_try(self, name: str) -> bool:
        """Whether this caller may try to sign in once more now; if so it counts."""
        now = self._clock()
        return self._tries.take(name, now) and self._tries_of_all.take("", now)

    def is_token(self, text: str) -> bool:
        """Whether this signs somebody in; takes as long for every wrong one."""
        if not self._token:
            return False
        return _is_same(
            self._signature("token", text), self._signature("token", self._token.reveal())
        )

    def leave(self, visitor: Visitor) -> None:
        """Let nobody in with this visitor's cookie any more, as long as this process runs.

        Of strangers there is nothing to remember: they could make room for a cookie that was left.
        """
        if not visitor.is_signed_in:
            return
        now = self._clock()
        self._left = {id: ends_at for id, ends_at in self._left.items() if ends_at > now}
        while len(self._left) >= MAX_FORGOTTEN:
            self._left.pop(next(iter(self._left)))
        self._left[visitor.id] = visitor.ends_at

    def _signature(self, *parts: str) -> str:
        said = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, said, sha256).hexdigest()


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
