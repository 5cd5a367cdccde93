"""How the bot is, by what its database says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bot.core.matrix import Target


class Level(Enum):
    """How the bot is, from good to bad."""

    WELL = "well"
    STRAINED = "strained"
    BROKEN = "broken"


class Finding(Enum):
    """What is not as it should be."""

    LOOKS_ARE_LATE = "looks_are_late"
    REGISTRIES_REST = "registries_rest"
    MESSAGES_WAIT = "messages_wait"
    MESSAGES_DEAD = "messages_dead"


_GRAVE = frozenset({Finding.LOOKS_ARE_LATE, Finding.MESSAGES_DEAD})
LATE_AFTER = timedelta(minutes=5)
"""Looks and messages that are due for longer than this do not wait for their turn any more."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is, by what the database says. looked_at: the newest look at any watched tag."""

    findings: tuple[Finding, ...]
    looked_at: datetime | None
    looks_due: int
    messages: int

    @property
    def level(self) -> Level:
        """The worst of the findings."""
        if _GRAVE.intersection(self.findings):
            return Level.BROKEN
        return Level.STRAINED if self.findings else Level.WELL


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way, or one that cannot be sent."""

    place: str
    about: str
    state: str
    tries: int
    created_at: datetime
    last_error: str | None

    @property
    def is_dead(self) -> bool:
        """Whether nobody tries any more."""
        return self.state == "dead"


@dataclass(frozen=True, slots=True)
class RegistryHealth:
    """One registry: before when it is left alone, what it allows yet, failures in a row."""

    name: str
    parked_until: datetime | None
    remaining: int | None
    limit: int | None
    failures: int


def health_of(
    targets: Sequence[Target],
    letters: Sequence[Letter],
    registries: Sequence[RegistryHealth],
    *,
    looks_due: int,
    messages: int,
    now: datetime,
) -> Health:
    """How the bot is; registries that rest are named, and their tags are not called late."""
    resting = any(_rests(registry, now) for registry in registries)
    findings = {
        Finding.LOOKS_ARE_LATE: any(_is_late(target, now) for target in targets),
        Finding.REGISTRIES_REST: resting,
        Finding.MESSAGES_DEAD: any(letter.is_dead for letter in letters),
        Finding.MESSAGES_WAIT: any(_waits_in_vain(letter, now) for letter in letters),
    }
    return Health(
        tuple(finding for finding, is_so in findings.items() if is_so),
        max((target.looked_at for target in targets if target.looked_at), default=None),
        looks_due,
        messages,
    )


def _waits_in_vain(letter: Letter, now: datetime) -> bool:
    """Whether it was tried and did not get through; what was never tried waits for a reason."""
    return not letter.is_dead and letter.tries > 0 and letter.created_at + LATE_AFTER < now


def _rests(registry: RegistryHealth, now: datetime) -> bool:
    return registry.parked_until is not None and registry.parked_until > now


def _is_late(target: Target, now: datetime) -> bool:
    allowed = target.parked_until is None or target.parked_until + LATE_AFTER < now
    return allowed and target.due_at is not None and target.due_at + LATE_AFTER < now
