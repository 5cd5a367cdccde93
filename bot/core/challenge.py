"""What a registry asks for in WWW-Authenticate, as it is really written.

Source: RFC 9110, sections 11.2 to 11.6; CNCF distribution, "Token Authentication Specification".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# No registry needs more; the rest of a longer header is not read.
MAX_CHALLENGE_LENGTH = 8192

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*'
# Whatever fits none of the three is skipped. A closing quote may be missing at the end. The last
# alternative keeps what stands in a stray quoted string from being taken for a challenge.
_PIECE = re.compile(
    rf"(?P<key>{_WORD})\s*=\s*(?:(?P<quoted>{_QUOTED})\"?|(?P<bare>[^\s,\"=][^\s,]*|(?=\s*(?:,|\Z))))"
    rf"|(?P<scheme>{_WORD})(?:[ \t]+[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|\Z))?"
    rf"|{_QUOTED}\"?",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate: scheme and the names of parameters in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str | None:
        """Where a Bearer token is to be fetched; None where it is missing or empty."""
        return self.parameters.get("realm") or None

    @property
    def service(self) -> str | None:
        """What the token's server calls this registry; None where it is missing or empty."""
        return self.parameters.get("service") or None

    @property
    def is_insufficient_scope(self) -> bool:
        """Whether the token was good but does not permit this: another one would not either."""
        return self.parameters.get("error") == "insufficient_scope"


def parse_challenges(header_values: Sequence[str]) -> tuple[Challenge, ...]:
    """Every challenge of every header line, in order; total: what cannot be read is left out.

    Of a parameter given twice the first counts.
    """
    challenges: list[Challenge] = []
    left = MAX_CHALLENGE_LENGTH
    for value in header_values:
        challenges += _challenges_of_line(value[:left])
        left = max(0, left - len(value))
    return tuple(challenges)


def choose_challenge(challenges: Sequence[Challenge]) -> Challenge | None:
    """The challenge to answer: the first usable Bearer, else the first Basic, else None."""
    for challenge in challenges:
        if challenge.scheme == "bearer" and challenge.realm:
            return challenge
    return next((challenge for challenge in challenges if challenge.scheme == "basic"), None)


def _challenges_of_line(line: str) -> list[Challenge]:
    challenges: list[Challenge] = []
    # Parameters before the first scheme belong to nothing.
    parameters: dict[str, str] = {}
    for piece in _PIECE.finditer(line):
        if piece["scheme"]:
            parameters = {}
            challenges.append(Challenge(piece["scheme"].lower(), parameters))
        elif piece["key"]:
            parameters.setdefault(piece["key"].lower(), _value_of(piece))
    return challenges


def _value_of(piece: re.Match[str]) -> str:
    quoted: str | None = piece["quoted"]
    bare: str = piece["bare"] or ""
    return bare if quoted is None else _ESCAPE.sub(r"\1", quoted[1:])
