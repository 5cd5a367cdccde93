"""When to expect a missing platform, and what that rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice

from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode

MIN_WAITS = 5
"""Fewer waits than these are no basis."""
MAX_WAITS = 20
"""Of more only the newest count: habits change."""


class Basis(Enum):
    """Where an estimate comes from: the repository's own waits, or official images at large."""

    OWN_WAITS = "own_waits"
    OFFICIAL_IMAGES = "official_images"


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long such waits take.

    Own waits begin when a tag has its first platform; those of official images at large when the
    tag is listed, or when the architecture's own tag has the platform. low, high: most waits end
    between them; of own waits they are the first and the ninth decile.
    late: by then the slow ones have ended too, None if nothing is known beyond high. median: None
    where only the range is known. sample: how many own waits it rests on.
    """

    low: timedelta
    high: timedelta
    basis: Basis
    median: timedelta | None = None
    late: timedelta | None = None
    sample: int = 0

    def between(self, since: datetime) -> tuple[datetime, datetime]:
        """When to expect it, for a wait that began then."""
        return since + self.low, since + self.high

    def is_exceeded(self, since: datetime, now: datetime) -> bool:
        """Whether the wait takes longer than the slow ones, so that the estimate says nothing."""
        return now - since > (self.late or self.high)


# Measured on docker-library/meta: from the merge to the build, and up to three hours for the shared
# index. Slow are the days on which a base image is built anew.
OFFICIAL_BUILD = Estimate(
    timedelta(hours=1), timedelta(hours=5), Basis.OFFICIAL_IMAGES, late=timedelta(days=2)
)
# Half of the builds of these took longer than five hours, or one in ten longer than two days.
_SLOWER: Mapping[Platform, tuple[timedelta, timedelta]] = {
    Platform("linux", "arm", "v7"): (timedelta(hours=15), timedelta(hours=125)),
    Platform("linux", "ppc64le"): (timedelta(hours=5), timedelta(hours=147)),
    Platform("linux", "s390x"): (timedelta(hours=26), timedelta(hours=69)),
}
SHARED_INDEX = Estimate(timedelta(0), timedelta(hours=3), Basis.OFFICIAL_IMAGES)
"""From the architecture's own tag to the shared one: its job runs every three hours."""
_A_LEVEL = timedelta(hours=1)
"""What each parent that has to be built first adds: the build system looks once an hour."""


def waits_in(
    histories: Iterable[Sequence[Observation]], platform: Platform
) -> tuple[timedelta, ...]:
    """How long the platform took to come after the first one, for tags seen from their beginning.

    histories: what was seen of each tag, oldest first; of the newest tags first. A tag that had
    something at first sight began unseen, and a platform that came with the first one did not have
    to be waited for.
    """
    waits = (_wait_in(history, platform) for history in histories)
    return tuple(islice((wait for wait in waits if wait), MAX_WAITS))


def _wait_in(history: Sequence[Observation], platform: Platform) -> timedelta | None:
    if not history or history[0].entries:
        return None
    filled = [seen.observed_at for seen in history if seen.entries]
    there = [seen.observed_at for seen in history if _has(seen, platform)]
    return there[0] - filled[0] if there else None


def _has(seen: Observation, platform: Platform) -> bool:
    found = seen.listed(platform)
    return found is not None and found[1].reachable is not False


def estimate_from(waits: Sequence[timedelta]) -> Estimate | None:
    """First decile, median and ninth decile of past waits; None if they are too few."""
    if len(waits) < MIN_WAITS:
        return None
    seconds = sorted(wait.total_seconds() for wait in waits)
    # Commands that look once start sooner without it.
    from statistics import quantiles

    deciles = quantiles(seconds, n=10, method="inclusive")
    low, median, high = (timedelta(seconds=deciles[n]) for n in (0, 4, 8))
    return Estimate(low, high, Basis.OWN_WAITS, median, sample=len(waits))


def official_estimate(platform: Platform, *, parents: int = 0) -> Estimate:
    """What is known of official images at large, for one that waits for so many parents first."""
    high, late = _SLOWER.get(platform, (OFFICIAL_BUILD.high, OFFICIAL_BUILD.late))
    more = parents * _A_LEVEL
    return replace(OFFICIAL_BUILD, low=OFFICIAL_BUILD.low + more, high=high + more, late=late)


def expect(reason: Reason, waits: Sequence[timedelta]) -> tuple[Estimate, ...]:
    """When to expect the platform: what is known of such images, then of the repository itself.

    None at all without a basis, and where it is there or will not come. waits: how long this
    platform took to come after the first one, for earlier tags of the same repository.
    """
    own = estimate_from(waits)
    found: list[Estimate | None] = []
    match reason.code:
        case ReasonCode.BUILT_PENDING_INDEX:
            found = [SHARED_INDEX]
        case ReasonCode.QUEUED if reason.evidence.is_built:
            found = [SHARED_INDEX]
        case ReasonCode.QUEUED | ReasonCode.WAITING_PARENT:
            parents = len(reason.awaited)
            found = [official_estimate(reason.evidence.platform, parents=parents), own]
        case ReasonCode.UNKNOWN if reason.evidence.is_unbuilt:
            found = [official_estimate(reason.evidence.platform), own]
        case ReasonCode.NOT_OFFICIAL | ReasonCode.UNKNOWN:
            found = [own]
        case _:
            pass
    return tuple(each for each in found if each is not None)
