"""Bearer tokens: read, kept while they are good."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.net.secret import Secret

MIN_LIFE_S = 60
MARGIN_S = 10
MAX_LIFE_S = 12 * 3600
MAX_KEPT = 1024
_TOKEN = re.compile(r"[!-~]{1,16000}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its header carries it; renew_at is when it is no longer worth sending.

    identity: what to fetch the next one with, if its service has changed that.
    """

    header: str
    renew_at: datetime
    identity: Secret | None = None

    def __repr__(self) -> str:
        return f"Token(renew_at={self.renew_at!r})"


def decode_token(body: bytes, *, now: datetime) -> Token | None:
    """The token in a token service's answer; None if there is none.

    Its life is counted from now, by our clock. Without `expires_in` it is used until it is refused.
    Source: CNCF distribution, "Token Authentication Specification", Token Response Fields.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    token = fields.get("token") or fields.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    life_s = _life_s(fields.get("expires_in"))
    identity = fields.get("refresh_token")
    return Token(
        f"Bearer {token}",
        now + timedelta(seconds=life_s),
        Secret(identity) if isinstance(identity, str) and identity else None,
    )


def _life_s(expires_in: object) -> float:
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float):
        return MAX_LIFE_S
    if not expires_in < MAX_LIFE_S:  # not a number is not less either
        return MAX_LIFE_S
    return max(expires_in, MIN_LIFE_S) - MARGIN_S


class TokenCache:
    """The tokens of one service by repository; the oldest are forgotten when they are many."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def find(self, repository: str, *, now: datetime) -> Token | None:
        """A token that is still good, as far as is known."""
        token = self._tokens.get(repository)
        return token if token is not None and token.renew_at > now else None

    def keep(self, repository: str, token: Token, *, now: datetime) -> None:
        """Keep a new token in place of the repository's former one."""
        self._tokens.pop(repository, None)
        if len(self._tokens) >= MAX_KEPT:
            self._tokens = {
                name: each for name, each in self._tokens.items() if each.renew_at > now
            }
        if len(self._tokens) >= MAX_KEPT:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[repository] = token

    def drop(self, repository: str, header: str) -> None:
        """Forget a token that was refused, unless it has been replaced already."""
        token = self._tokens.get(repository)
        if token is not None and token.header == header:
            del self._tokens[repository]
