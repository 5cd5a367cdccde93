"""Why a platform is missing, when it may come and what to use now: asks everybody who may know."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from bot.core.advice import Advice
from bot.core.alternatives import Alternative, Candidate, Offer, candidates, judge
from bot.core.errors import TroubleKind
from bot.core.estimate import expect
from bot.core.evidence import Ancestor, Answer, Evidence, Failed, Said
from bot.core.habit import Habit, judge_habit, other_tags
from bot.core.library import architecture_tag
from bot.core.model import Observation, Place, Trouble
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode, explain
from bot.core.reference import Reference
from bot.flows.ancestry import Ancestry
from bot.flows.lineage import Lineage
from bot.flows.pipeline import Pipeline
from bot.flows.question import Depth, Question
from bot.flows.together import together
from bot.ports.official import NO_OFFICIAL, KnownLibrary, Official
from bot.ports.surroundings import Clock

LIBRARY_FRESH_S = 300.0
"""How old a library file may be for somebody who asks; its host keeps copies as long itself."""
MAX_PLATFORMS = 6
"""Of so many platforms of one question each is asked about by itself."""
EXPLAINING_S = 45.0
"""What all of it may take, with every source at its slowest, beyond the look at the tag itself."""


class Glance(Protocol):
    """A short look at another tag, for somebody who waits."""

    def __call__(
        self, reference: Reference, platforms: tuple[Platform, ...], *, place: Place
    ) -> Coroutine[Any, Any, Observation]:
        """What the tag has now; never raises RegistryError."""
        ...


class Tags(Protocol):
    """The tags of a repository."""

    async def __call__(self, reference: Reference, /, *, place: Place) -> tuple[str, ...]:
        """As far as the place may see them; none if that fails."""
        ...


class Waits(Protocol):
    """How long a platform took to come after the first one, for earlier tags of a repository."""

    async def __call__(
        self, reference: Reference, platform: Platform, *, place: Place
    ) -> Sequence[timedelta]:
        """As far as the bot has seen it and the place may know it."""
        ...


class NextRun(Protocol):
    """When the job that writes an official image's tags runs next."""

    async def __call__(self, reference: Reference, *, place: Place) -> datetime | None:
        """As far as the bot has seen it and the place may know it."""
        ...


MAX_LOOKS = {Depth.REASON: 0, Depth.ADVICE: 3, Depth.EVERYTHING: 6}
"""At alternatives, for each platform."""


async def no_tags(reference: Reference, /, *, place: Place) -> tuple[str, ...]:  # noqa: ARG001
    """Tags of which nobody knows."""
    return ()


async def no_waits(
    reference: Reference,  # noqa: ARG001
    platform: Platform,  # noqa: ARG001
    *,
    place: Place,  # noqa: ARG001
) -> Sequence[timedelta]:
    """Waits that nobody has seen."""
    return ()


async def no_run(reference: Reference, *, place: Place) -> datetime | None:  # noqa: ARG001
    """A run of which nobody knows when it is."""
    return None


def evidence_of(
    reference: Reference, platform: Platform, seen: Observation, known: KnownLibrary
) -> Evidence:
    """What the tag itself and its library file say of a platform."""
    since = known.listed_at.get(reference.tag or "")
    return Evidence(reference, platform, seen, known.answer, listed_since=since)


@dataclass(slots=True, kw_only=True)
class Explainer:
    """Explains; a source that fails or is too slow makes the advice say so, and costs no more.

    glance: looks at tags beside the one that is asked about. library_within_s, pipeline_within_s,
    ancestors_within_s: how long to wait for these at most. lineage: where it is noted what was
    found out about parents.
    """

    glance: Glance
    clock: Clock
    official: Official = NO_OFFICIAL
    tags: Tags = no_tags
    waits: Waits = no_waits
    next_run: NextRun = no_run
    library_within_s: float = 6.0
    pipeline_within_s: float = 8.0
    ancestors_within_s: float = 10.0
    lineage: Lineage = field(default_factory=Lineage)
    _ancestry: Ancestry = field(init=False)

    def __post_init__(self) -> None:
        self._ancestry = Ancestry(self.official, self.glance, self.library, clock=self.clock)

    async def __call__(
        self, question: Question, platforms: Sequence[Platform]
    ) -> tuple[Advice, ...]:
        """What can be said about each of the platforms, the first few of them."""
        known = KnownLibrary(None)
        evidence = Evidence(question.reference, platforms[0], question.seen)
        if evidence.image is not None and not question.seen.trouble:
            known = await self.library(evidence.image.name)
        asked = platforms[:MAX_PLATFORMS]
        return tuple(await together(self._advise(question, each, known) for each in asked))

    async def library(self, name: str) -> KnownLibrary:
        """The library file, or that it was too slow."""
        try:
            async with asyncio.timeout(self.library_within_s):
                return await self.official.library(name, max_age_s=LIBRARY_FRESH_S)
        except TimeoutError:
            return KnownLibrary(Failed(self.clock(), Trouble(TroubleKind.TIMED_OUT)))

    async def _advise(self, question: Question, platform: Platform, known: KnownLibrary) -> Advice:
        reason = await self.reason(question, platform, known)
        if reason.code is ReasonCode.PRESENT or question.seen.trouble is not None:
            return Advice(reason, changed_at=question.changed_at)
        waits = await self.waits(question.reference, platform, place=question.place)
        return Advice(
            reason,
            expect(reason, waits),
            await self._alternatives(question, reason),
            await self._habit(question, reason),
            question.changed_at,
            await self._next_run(question, reason),
        )

    async def _next_run(self, question: Question, reason: Reason) -> datetime | None:
        """When the tag may change next, where the platform is on its way."""
        if not reason.is_on_its_way:
            return None
        return await self.next_run(question.reference, place=question.place)

    async def reason(self, question: Question, platform: Platform, known: KnownLibrary) -> Reason:
        """Why the platform is missing; only what can still matter is asked for."""
        reference = question.reference
        evidence = evidence_of(reference, platform, question.seen, known)
        own = architecture_tag(reference, platform)
        reason = explain(evidence)
        if reason.code is not ReasonCode.UNKNOWN or question.seen.trouble is not None:
            return reason
        if own is None or not self.official.is_enabled:
            return reason
        built = await self.glance(own, (platform,), place=question.place)
        reason = explain(replace(evidence, built=built))
        if reason.code is not ReasonCode.QUEUED or question.depth is Depth.REASON:
            return reason
        is_thorough = question.depth is Depth.EVERYTHING
        pipeline = Pipeline(self.official, clock=self.clock, within_s=self.pipeline_within_s)
        evidence = await pipeline.known(reason.evidence, may_ask=is_thorough)
        reason = explain(evidence)
        if is_thorough and not evidence.is_on_record:
            ancestors = await self._ancestors(question, evidence)
            reason = explain(replace(evidence, ancestors=ancestors))
        return reason

    async def _ancestors(
        self, question: Question, evidence: Evidence
    ) -> Answer[tuple[Ancestor, ...]]:
        try:
            async with asyncio.timeout(self.ancestors_within_s):
                found = await self._ancestry.of(evidence, place=question.place)
        except TimeoutError:
            return Failed(self.clock(), Trouble(TroubleKind.TIMED_OUT))
        if isinstance(found, Said):
            self.lineage.note(question.reference, evidence.platform, found)
        return found

    async def _alternatives(self, question: Question, reason: Reason) -> tuple[Alternative, ...]:
        """Those of the candidates that are there; what was built already needs no other beside."""
        found = list(islice(candidates(reason), MAX_LOOKS[question.depth]))
        is_enough = question.depth is not Depth.EVERYTHING
        if found and found[0].offer is Offer.SAME_BITS and is_enough:
            del found[1:]
        seen = await together(self._seen(each, question, reason) for each in found)
        judged = map(judge, found, seen)
        return tuple(alternative for alternative in judged if alternative is not None)

    async def _seen(self, candidate: Candidate, question: Question, reason: Reason) -> Observation:
        """What a look shows of a candidate; some have been looked at already."""
        if candidate.offer is Offer.EMULATED:
            return question.seen
        built = reason.evidence.built
        if candidate.offer is Offer.SAME_BITS and built is not None:
            return built
        return await self.glance(candidate.reference, (candidate.platform,), place=question.place)

    async def _habit(self, question: Question, reason: Reason) -> Habit | None:
        """What the publisher's other tags have, where only the registry can tell."""
        is_told = reason.code is ReasonCode.NOT_OFFICIAL and question.depth is not Depth.REASON
        platform, reference = reason.evidence.platform, question.reference
        if not is_told or reference.tag is None:
            return None
        names = other_tags(reference.tag, await self.tags(reference, place=question.place))
        others = [reference.with_tag(name) for name in names]
        seen = await together(
            self.glance(other, (platform,), place=question.place) for other in others
        )
        return judge_habit(platform, list(zip(others, seen, strict=True)))
