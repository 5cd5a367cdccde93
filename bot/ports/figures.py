"""What operators want counted."""

from enum import Enum
from typing import Protocol

from bot.core.model import Event, Observation


class Sending(Enum):
    """How handing a message to a chat service ended."""

    SENT = "sent"
    POSTPONED = "postponed"
    NOT_SENT = "not_sent"
    PLACE_CLOSED = "place_closed"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


class Heard(Enum):
    """What became of something that was posted to an address for registries.

    Refused are FORGED (whoever sent it does not know the secret), TOO_LARGE and MALFORMED; FAILED
    is for the sender to repeat.
    """

    HINTED = "hinted"
    UNWATCHED = "unwatched"
    IGNORED = "ignored"
    REPLAYED = "replayed"
    FORGED = "forged"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    FAILED = "failed"


class Figures(Protocol):
    """What operators want counted. Every method comes back at once and never raises."""

    def answered(self, registry: str, status: int | None) -> None:
        """A request to a registry, or for it, had this HTTP status; None: no answer at all."""
        ...

    def looked(self, registry: str, observation: Observation, *, seconds: float) -> None:
        """A look at a target took so long."""
        ...

    def alerted(self, event: Event) -> None:
        """An alert is owed to a place."""
        ...

    def sending_ended(self, service: str, how: Sending) -> None:
        """An attempt to hand a delivery over is over."""
        ...

    def told(self, event: Event, *, seconds: float) -> None:
        """An alert has arrived so long after the look that found what it tells."""
        ...

    def commanded(self, verb: str) -> None:
        """A command was taken up; verb is one of the program's own words, never a person's."""
        ...

    def heard(self, hook: str, how: Heard) -> None:
        """Something was posted to an address for registries; hook is a configured name, or ""."""
        ...


class NoFigures:
    """Figures for whoever counts nothing."""

    def answered(self, registry: str, status: int | None) -> None:
        """Nothing."""

    def looked(self, registry: str, observation: Observation, *, seconds: float) -> None:
        """Nothing."""

    def alerted(self, event: Event) -> None:
        """Nothing."""

    def sending_ended(self, service: str, how: Sending) -> None:
        """Nothing."""

    def told(self, event: Event, *, seconds: float) -> None:
        """Nothing."""

    def commanded(self, verb: str) -> None:
        """Nothing."""

    def heard(self, hook: str, how: Heard) -> None:
        """Nothing."""


NO_FIGURES: Figures = NoFigures()
