"""The targets and their leases."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.early import awaited_in
from bot.core.model import Alert, AlertFacts, Decision, Observation, Place, TargetId, Want, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """What the store knows of a target; observation is the last clear one.

    being_looked_at: a lease is running, so that the observation may change any moment.
    changed_at is None until the tag was seen to change. hinted: somebody has seen what this
    observation does not show yet.
    """

    id: TargetId
    reference: Reference
    observation: Observation | None
    looked_at: datetime | None
    due_at: datetime | None
    changed_at: datetime | None
    being_looked_at: bool
    latest: Observation | None = None
    hinted: bool = False


@dataclass(frozen=True, slots=True)
class SharedTarget:
    """The tag that gets a platform after the derived target, and everything that is wanted of it.

    observation is the last clear one; wants are those of all its active watches.
    """

    id: TargetId
    reference: Reference
    observation: Observation | None
    wants: tuple[Want, ...]
    wanted_since: Mapping[tuple[WatchId, Platform], datetime]


@dataclass(frozen=True, slots=True)
class ClaimedTarget:
    """A target this process may look at until its lease runs out.

    observation is the last clear one. anchor: the later of the last change and the newest watch.
    wants are those of all active watches at the time of the claim, places theirs and wanted_since
    since when each is wanted; a watch that is made later moves hint_seq, by which record() knows
    that the target is due again. shared: what the target is derived from, None for others; its
    places and its anchor count here too.
    """

    id: TargetId
    reference: Reference
    observation: Observation | None
    anchor: datetime
    failures: int
    lease: str
    hint_seq: int
    wants: tuple[Want, ...]
    wanted_since: Mapping[tuple[WatchId, Platform], datetime]
    places: frozenset[Place] = frozenset()
    shared: SharedTarget | None = None

    @property
    def awaited(self) -> tuple[Want, ...]:
        """The shared target's wants for whom this derived one is looked at."""
        return () if self.shared is None else awaited_in(self.reference, self.shared.wants)


@dataclass(frozen=True, slots=True)
class LookResult:
    """Everything one look writes, in one transaction, if its lease still holds.

    due_at is None when nobody wants the target any more. changed: the tag is not what the claim's
    observation was, or this is the first. derived: the targets to be looked at for the sake of this
    one, from now on. built: wants of the shared target that were seen to be built; their alerts are
    among the decision's.
    """

    target: ClaimedTarget
    observation: Observation
    decision: Decision
    facts: Mapping[Alert, AlertFacts]
    due_at: datetime | None
    changed: bool
    failures: int
    derived: tuple[Reference, ...] = ()
    built: tuple[Want, ...] = ()


class Targets(Protocol):
    """The targets table and its leases."""

    async def claim(
        self, *, capacity: Callable[[str], int], limit: int, now: datetime, lease_s: float
    ) -> list[ClaimedTarget]:
        """Lease targets that are due, earliest first, up to capacity(registry) of each registry.

        A derived target that nobody waits for any more is not leased, and rests.
        """
        ...

    async def next_due_at(
        self, *, opens_at: Callable[[str], datetime | None] | None = None
    ) -> datetime | None:
        """When the earliest target is due (a leased one: when its lease ends); None if none is.

        opens_at: before when nothing of a registry can be claimed; None for one to leave out.
        """
        ...

    async def record(self, results: Sequence[LookResult], *, now: datetime) -> list[bool]:
        """Write looks with their wants, history and alerts; False for those whose lease was lost.

        An observation that is not clear replaces nothing but the trouble and the count of failures.
        A target whose hint_seq moved since the claim becomes due at once. Alerts of watches that
        have ended meanwhile are not written; an alert that exists already is not written twice.
        What is built is told only to those who still wait for it and do not know. A derived target
        is due at once if it rested, or if the tag it is derived from has changed.
        """
        ...

    async def release(self, targets: Sequence[ClaimedTarget], *, now: datetime) -> None:
        """Give leases back unused; the targets are due at once."""
        ...

    async def find(self, reference: Reference, *, now: datetime) -> KnownTarget | None:
        """The target of a reference, watched or not."""
        ...

    async def last_seen(self, references: Collection[Reference]) -> dict[Reference, Observation]:
        """The last clear observation of each of these tags that has one, watched or not."""
        ...

    async def hint(self, reference: Reference, *, digest: str | None, now: datetime) -> bool:
        """Make a watched target due now, also while it is looked at; False if nobody watches it."""
        ...
