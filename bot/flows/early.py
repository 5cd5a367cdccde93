"""Official images: what an architecture's own tag tells before the shared one has the platform."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.early import early_tags
from bot.core.library import official_image
from bot.core.model import Decision, Want
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports.targets import ClaimedTarget

Planned = Callable[[Reference], frozenset[Platform] | None]
"""The platforms that a tag is built for, as far as that is known without asking; None if not."""


def nothing_known(_: Reference) -> None:
    """Planned where nobody reads library files."""


@dataclass(frozen=True, slots=True)
class Early:
    """Which tags are looked at for the sake of others, and what these are told of them.

    enabled: whether any are. tells: whether what is built is told, or only noted.
    """

    enabled: bool = False
    tells: bool = True
    planned: Planned = nothing_known

    def derived(self, target: ClaimedTarget, decision: Decision) -> tuple[Reference, ...]:
        """The tags that are to be looked at besides a target, for those who still wait for it."""
        if not (self.enabled and decision.waiting) or official_image(target.reference) is None:
            return ()
        wants = {(want.watch, want.platform): want for want in (*target.wants, *decision.wants)}
        return early_tags(target.reference, wants.values(), self.planned(target.reference))

    def awaited(self, target: ClaimedTarget) -> tuple[Want, ...]:
        """The wants of the shared target for whom a derived one is worth a look."""
        if not self.enabled or target.shared is None:
            return ()
        planned = self.planned(target.shared.reference)
        return tuple(want for want in target.awaited if planned is None or want.platform in planned)


NOTHING_EARLY = Early()
"""No tag is looked at but those that are watched."""
