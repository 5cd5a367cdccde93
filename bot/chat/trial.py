"""What a chat service says to a token."""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """UNCLEAR: the service could not be reached, or says something that is not about the token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Trial:
    """why: what is wrong, without the token; empty if it is accepted."""

    outcome: Outcome
    why: str = ""


ACCEPTED = Trial(Outcome.ACCEPTED)
