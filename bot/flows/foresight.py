"""What can be said of missing platforms from what is kept: nobody is asked for the page's sake."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.advice import Advice
from bot.core.alternatives import Alternative, Offer, candidates, judge
from bot.core.build_records import BuildRecords
from bot.core.estimate import expect, waits_in
from bot.core.evidence import Answer, LibraryAnswer, Said
from bot.core.library import architecture_tag, official_image
from bot.core.matrix import Cause, Standing, Target
from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode, explain
from bot.core.reference import Reference
from bot.core.rhythm import MEMORY, Rhythm, learn_rhythm
from bot.flows.explain import evidence_of
from bot.flows.lineage import Lineage
from bot.flows.past import MAX_TAGS, has_rhythm
from bot.flows.pipeline import progress_in
from bot.ports.official import KnownLibrary, Official
from bot.ports.store import Transaction
from bot.ports.surroundings import Clock

LIBRARY_READ_AGAIN_AFTER = timedelta(minutes=1)
"""Kept copies are renewed by whoever watches for platforms that are missing, twice an hour."""
PAST_READ_AGAIN_AFTER = timedelta(minutes=10)
MAX_PASTS = 10
"""Of so many repositories the past is read for one board; others have their turn with the next."""
RELIED_UPON = timedelta(hours=2)
"""What was confirmed before says nothing of now: files and tags are asked for more often."""

_EXPLAINED = frozenset({Cause.NOT_LISTED, Cause.NO_TAG, Cause.WENT})


@dataclass(frozen=True, slots=True)
class _Past:
    """What was seen of a repository; waits: of each platform, the newest tags' first."""

    read_at: datetime
    waits: Mapping[Platform, Sequence[timedelta]] = field(default_factory=dict)
    rhythm: Rhythm | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept at one moment about the targets of a board.

    built: the last clear observations of architectures' own tags. records: the build system's.
    """

    now: datetime
    libraries: Mapping[str, KnownLibrary]
    built: Mapping[Reference, Observation]
    pasts: Mapping[str, _Past]
    lineage: Lineage
    records: Answer[BuildRecords]

    def advise(self, target: Target) -> Target:
        """The target with what can be said of its missing platforms."""
        missing = _missing(target)
        if not missing or target.observation is None:
            return target
        found = {platform: self._advice(target, platform, cause) for platform, cause in missing}
        return replace(target, advices=found)

    def _advice(self, target: Target, platform: Platform, cause: Cause) -> Advice:
        reference = target.row.reference
        reason = self._reason(target, platform, cause)
        past = self.pasts.get(reference.name) or _Past(self.now)
        rhythm = past.rhythm if reason.is_on_its_way else None
        return Advice(
            reason,
            expect(reason, past.waits.get(platform, ())),
            _built_already(reason),
            next_run=None if rhythm is None else rhythm.next_run(self.now),
        )

    def _reason(self, target: Target, platform: Platform, cause: Cause) -> Reason:
        reference, seen = target.row.reference, target.observation
        assert seen is not None
        image = official_image(reference)
        known = self.libraries.get(image.name, KnownLibrary(None)) if image else KnownLibrary(None)
        evidence = evidence_of(reference, platform, seen, known)
        evidence = replace(evidence, library=self._believed(known.answer))
        own = architecture_tag(reference, platform)
        # The own tag of a platform that went keeps the last build, which says nothing of the next.
        if own is not None and cause is not Cause.WENT:
            evidence = replace(evidence, built=self._seen_lately(own, platform))
        reason = explain(evidence)
        if reason.code is not ReasonCode.QUEUED or image is None:
            return reason
        ancestors = self.lineage.of(reference, platform, now=self.now)
        progress = progress_in(self.records, evidence, f"{image.name}:{reference.tag}")
        return explain(replace(evidence, ancestors=ancestors, progress=progress))

    def _believed(self, answer: LibraryAnswer) -> LibraryAnswer:
        """The answer, unless it may have been true long ago; a kept copy says so itself."""
        is_old = answer is not None and self.now - answer.at > RELIED_UPON
        is_kept = isinstance(answer, Said) and answer.trouble is not None
        return None if is_old and not is_kept else answer

    def _seen_lately(self, own: Reference, platform: Platform) -> Observation | None:
        """What the tag offered; once that is the platform nobody looks again."""
        seen = self.built.get(own)
        if seen is None or seen.offers(platform) is not None:
            return seen
        return seen if self.now - seen.observed_at <= RELIED_UPON else None


class Foresight:
    """Gathers what is kept, and reads each part of it again only after a while."""

    def __init__(self, official: Official, lineage: Lineage, *, clock: Clock) -> None:
        self._official = official
        self._lineage = lineage
        self._clock = clock
        self._libraries: dict[str, tuple[datetime, KnownLibrary]] = {}
        self._pasts: dict[str, _Past] = {}

    async def gather(self, transaction: Transaction, targets: Sequence[Target]) -> Kept:
        """What is kept about those of the targets that miss a platform. Raises StoreError."""
        now = self._clock()
        found = ((target.row.reference, _missing(target)) for target in targets)
        lacking = {reference: missing for reference, missing in found if missing}
        await self._read_libraries(lacking, now)
        records = await self._official.build_records(self._libraries.keys(), may_ask=False)
        await self._read_pasts(transaction, lacking, now)
        own = {
            architecture_tag(reference, platform)
            for reference, missing in lacking.items()
            for platform, _ in missing
        }
        built = await transaction.targets.last_seen([each for each in own if each is not None])
        libraries = {name: known for name, (_, known) in self._libraries.items()}
        return Kept(now, libraries, built, dict(self._pasts), self._lineage, records)

    async def _read_libraries(self, lacking: Iterable[Reference], now: datetime) -> None:
        images = [official_image(reference) for reference in lacking]
        names = {image.name for image in images if image is not None}
        kept = {name: self._libraries[name] for name in names if name in self._libraries}
        for name in names:
            if name not in kept or _is_due(kept[name][0], LIBRARY_READ_AGAIN_AFTER, now):
                kept[name] = (now, await self._official.kept_library(name))
        self._libraries = kept

    async def _read_pasts(
        self, transaction: Transaction, lacking: Iterable[Reference], now: datetime
    ) -> None:
        repositories = {reference.name: reference for reference in lacking}
        kept = {name: self._pasts[name] for name in repositories if name in self._pasts}
        due = [
            name
            for name in repositories
            if name not in kept or _is_due(kept[name].read_at, PAST_READ_AGAIN_AFTER, now)
        ]
        for name in due[:MAX_PASTS]:
            kept[name] = await _past_of(transaction, repositories[name], now)
        self._pasts = kept


async def _past_of(transaction: Transaction, reference: Reference, now: datetime) -> _Past:
    histories = await transaction.past.of_tags(reference, tags=MAX_TAGS)
    platforms = {platform for history in histories for seen in history for platform in seen.entries}
    waits = {platform: waits_in(histories, platform) for platform in platforms}
    if not has_rhythm(reference):
        return _Past(now, waits)
    changes = await transaction.past.changes(reference, since=now - MEMORY)
    return _Past(now, waits, learn_rhythm(changes, now=now))


def _missing(target: Target) -> list[tuple[Platform, Cause]]:
    """The platforms that somebody misses, where the registry does not tell why."""
    return [
        (cell.platform, cell.cause)
        for cell in target.row.wanted
        if cell.standing is Standing.MISSING and cell.cause in _EXPLAINED
    ]


def _built_already(reason: Reason) -> tuple[Alternative, ...]:
    """The same image, where its architecture's own tag has it."""
    built, best = reason.evidence.built, next(candidates(reason), None)
    if built is None or best is None or best.offer is not Offer.SAME_BITS:
        return ()
    found = judge(best, built)
    return () if found is None else (found,)


def _is_due(read_at: datetime, after: timedelta, now: datetime) -> bool:
    return not timedelta() <= now - read_at < after
