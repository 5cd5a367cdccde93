"""What somebody wants to know about a tag, and who answers it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from bot.core.advice import Advice
from bot.core.model import Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference


class Depth(Enum):
    """How much is asked: the reason alone, alternatives too, or parents and more alternatives."""

    REASON = auto()
    ADVICE = auto()
    EVERYTHING = auto()


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know about one tag, of which a look has just been made.

    changed_at: when the tag was seen to change.
    """

    reference: Reference
    seen: Observation
    place: Place
    depth: Depth = Depth.ADVICE
    changed_at: datetime | None = None


Explaining = Callable[[Question, Sequence[Platform]], Awaitable[tuple[Advice, ...]]]
"""What can be said about each of the platforms; bot.flows.explain.Explainer does it."""
