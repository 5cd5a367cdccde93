"""What a page shows, as values that nothing has worded yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.chronicle import Chronicle
from bot.core.estimate import Estimate, estimate_from
from bot.core.health import Health, Letter, RegistryHealth
from bot.core.matrix import Target
from bot.core.platform import Platform
from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a platform took to come, shortest first. estimate: None if they are too few."""

    platform: Platform
    lengths: tuple[timedelta, ...]
    median: timedelta
    estimate: Estimate | None


def waits_of(chronicle: Chronicle) -> tuple[Waits, ...]:
    """How long platforms took to come, those with the most waits first."""
    found = [
        Waits(platform, ordered, ordered[(len(ordered) - 1) // 2], estimate_from(ordered))
        for platform, lengths in chronicle.waits.items()
        if (ordered := tuple(sorted(lengths)))
    ]
    return tuple(sorted(found, key=lambda waits: (-len(waits.lengths), waits.platform)))


@dataclass(frozen=True, slots=True)
class Board:
    """All that the page shows. mark changes with what it shows; seen_at: when it was read."""

    mark: str
    seen_at: datetime
    targets: tuple[Target, ...]
    waits: tuple[Waits, ...]
    registries: tuple[RegistryHealth, ...]
    letters: tuple[Letter, ...]
    health: Health

    def find(self, reference: Reference) -> Target | None:
        """The target of a reference, if it is watched."""
        return next((each for each in self.targets if each.row.reference == reference), None)
