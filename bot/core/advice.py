"""Everything that can be said to somebody about one platform of a tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.alternatives import Alternative
from bot.core.estimate import Estimate
from bot.core.habit import Habit
from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Advice:
    """Why a platform is missing, when to expect it, and what can be used now.

    estimates: none without a basis; what is known of such images before the repository's own.
    alternatives: each seen by a look, the best first. habit: of repositories of which only the
    registry tells; None if nobody looked. changed_at: when the tag was seen to change, None if it
    was not. next_run: about when the job that writes an official image's tags runs next; None if it
    is not known, or does not matter.
    """

    reason: Reason
    estimates: tuple[Estimate, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    habit: Habit | None = None
    changed_at: datetime | None = None
    next_run: datetime | None = None

    @property
    def platform(self) -> Platform:
        """The platform that it is about."""
        return self.reason.evidence.platform

    @property
    def needs_a_word(self) -> bool:
        """Whether a watch makes sense only for somebody who insists: it is not built at present."""
        return self.reason.code in {ReasonCode.NOT_PLANNED, ReasonCode.UNLISTED}


def in_vain(advices: Sequence[Advice]) -> tuple[Advice, ...]:
    """Those of which nothing is to be expected."""
    return tuple(advice for advice in advices if advice.needs_a_word)


def never_comes(advices: Sequence[Advice]) -> bool:
    """Whether whoever wants all of these waits in vain, as things stand."""
    return any(advice.reason.will_never_come for advice in advices)


def is_planned(advices: Sequence[Advice]) -> bool:
    """Whether the tag is known to be listed, so that it is not misspelt."""
    return any(advice.reason.evidence.planned is not None for advice in advices)


def is_single_manifest(seen: Observation) -> bool:
    """Whether the tag is one image rather than an index of several platforms."""
    return any(entry.digest == seen.digest for entry in seen.entries.values())
