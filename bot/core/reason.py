"""Why a platform of a tag is not there, from what the sources said.

The codes are tried in their order, and each is said only if all before it are excluded: the first
that cannot be decided, because a source failed, makes the answer UNKNOWN. That something is not
listed or not planned follows from a fresh answer alone, never from a kept copy.

Source: docker-library/faq, "An image's source changed in Git, now what?".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bot.core.evidence import (
    Ancestor,
    Check,
    Evidence,
    LibraryAnswer,
    Said,
    Source,
    answer_check,
    library_check,
    observation_check,
    planned_platforms,
)
from bot.core.library import Library, architecture_tag, official_image
from bot.core.model import Entry, Observation
from bot.core.platform import Platform
from bot.core.reference import Reference

PARENT_BUILDS_WITHIN = timedelta(days=2)
"""How long after its library file changed an older build of a parent is still being replaced.

Nine in ten builds come within a day and a half. Later a differing revision says nothing: a source
that did not change is not built again and keeps the revision of its last build.
"""


class ReasonCode(Enum):
    """Why a platform is there or not, in the order in which the reasons are tried."""

    PRESENT = "present"
    NOT_OFFICIAL = "not_official"
    UNLISTED = "unlisted"
    NOT_PLANNED = "not_planned"
    BUILT_PENDING_INDEX = "built_pending_index"
    WAITING_PARENT = "waiting_parent"
    QUEUED = "queued"
    UNKNOWN = "unknown"


_ON_ITS_WAY = frozenset(
    {ReasonCode.BUILT_PENDING_INDEX, ReasonCode.QUEUED, ReasonCode.WAITING_PARENT}
)


class Freshness(Enum):
    """Whether what is there was built from what the library file says now.

    MAY_BE_PREVIOUS is no more than that: a source that did not change keeps an older revision.
    """

    CURRENT = "current"
    MAY_BE_PREVIOUS = "may_be_previous"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Awaited:
    """A parent that has to be built first.

    since: when its library file changed, None if that is not known. missing: there is no build of
    it at all; otherwise there is an older one.
    """

    reference: Reference
    since: datetime | None
    missing: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a platform is there or not, and what that rests on.

    gaps: what could not be learnt, or not anew; with UNKNOWN the reason for it, with QUEUED also
    what was not asked about parents. awaited: with WAITING_PARENT alone, the nearest first.
    freshness: of the platform where it is, in the tag or in the architecture's own.
    """

    code: ReasonCode
    evidence: Evidence
    gaps: tuple[Check, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    freshness: Freshness = Freshness.NOT_KNOWN

    def checks(self) -> Iterator[Check]:
        """Every source that was asked, and those that could not be, with what came of it."""
        evidence = self.evidence
        yield from dict.fromkeys((*evidence.checks(), *evidence.checks_of_ancestors(), *self.gaps))

    @property
    def is_retired(self) -> bool:
        """Whether the tag is there though it is not built any more."""
        return self.code is ReasonCode.UNLISTED and self.evidence.index.digest is not None

    @property
    def is_on_its_way(self) -> bool:
        """Whether docker-library is about to add the platform to the tag."""
        return self.code in _ON_ITS_WAY

    @property
    def will_never_come(self) -> bool:
        """Whether waiting is in vain as things stand."""
        return self.code is ReasonCode.NOT_PLANNED or self.is_retired


def explain(evidence: Evidence) -> Reason:
    """Why the platform is there or not; UNKNOWN with the gaps wherever it would be a guess."""
    for rule in _RULES:
        reason = rule(evidence)
        if reason is not None:
            return reason
    return Reason(ReasonCode.QUEUED, evidence, _queue_gaps(evidence))


def _present(evidence: Evidence) -> Reason | None:
    if _is_undecided(evidence.index, evidence.platform):
        check = observation_check(Source.INDEX, evidence.reference, evidence.index)
        return _unknown(evidence, check)
    entry = evidence.index.offers(evidence.platform)
    if entry is None:
        return None
    gaps = _library_gaps(evidence) if evidence.image is not None else ()
    return Reason(ReasonCode.PRESENT, evidence, gaps, freshness=_freshness(evidence, entry))


def _not_official(evidence: Evidence) -> Reason | None:
    if evidence.image is None:
        return Reason(ReasonCode.NOT_OFFICIAL, evidence)
    check = library_check(evidence.reference, evidence.library)
    if check.at is None or check.failed:
        return _unknown(evidence, check)
    if _library(evidence.library) is None:
        return _absent(ReasonCode.NOT_OFFICIAL, evidence)
    return None


def _unlisted(evidence: Evidence) -> Reason | None:
    return _absent(ReasonCode.UNLISTED, evidence) if evidence.planned is None else None


def _not_planned(evidence: Evidence) -> Reason | None:
    if evidence.platform not in (evidence.planned or ()):
        return _absent(ReasonCode.NOT_PLANNED, evidence)
    return None


def _built(evidence: Evidence) -> Reason | None:
    own = architecture_tag(evidence.reference, evidence.platform)
    if own is None:  # the tag is the architecture's own
        return None
    if evidence.built is None or _is_undecided(evidence.built, evidence.platform):
        check = observation_check(Source.ARCHITECTURE_TAG, own, evidence.built)
        return _unknown(evidence, check)
    entry = evidence.built.offers(evidence.platform)
    if entry is None:
        return None
    return Reason(
        ReasonCode.BUILT_PENDING_INDEX,
        evidence,
        _library_gaps(evidence),
        freshness=_freshness(evidence, entry),
    )


def _waiting_parent(evidence: Evidence) -> Reason | None:
    if not isinstance(evidence.ancestors, Said):
        check = answer_check(Source.DOCKERFILE, evidence.reference.familiar, evidence.ancestors)
        return _unknown(evidence, check) if check.failed else None
    judged = [_judge(ancestor, evidence.platform) for ancestor in evidence.ancestors.value]
    gaps = tuple(each for each in judged if isinstance(each, Check))
    awaited = tuple(each for each in judged if isinstance(each, Awaited))
    if awaited:
        gaps = _library_gaps(evidence) + gaps
        return Reason(ReasonCode.WAITING_PARENT, evidence, gaps, awaited)
    failed = [gap for gap in gaps if gap.failed]
    return _unknown(evidence, *failed) if failed else None


_RULES: tuple[Callable[[Evidence], Reason | None], ...] = (
    _present,
    _not_official,
    _unlisted,
    _not_planned,
    _built,
    _waiting_parent,
)


def _unknown(evidence: Evidence, *checks: Check) -> Reason:
    return Reason(ReasonCode.UNKNOWN, evidence, checks)


def _absent(code: ReasonCode, evidence: Evidence) -> Reason:
    """A reason that follows from what the library file does not say, which must be fresh."""
    gaps = _library_gaps(evidence)
    return _unknown(evidence, *gaps) if gaps else Reason(code, evidence)


def _library_gaps(evidence: Evidence) -> tuple[Check, ...]:
    check = library_check(evidence.reference, evidence.library)
    return (check,) if check.at is None or check.trouble is not None else ()


def _queue_gaps(evidence: Evidence) -> tuple[Check, ...]:
    """What was not asked about parents, so that one of them may be what the build waits for."""
    if not isinstance(evidence.ancestors, Said):
        unasked = answer_check(Source.DOCKERFILE, evidence.reference.familiar, None)
        return (*_library_gaps(evidence), unasked)
    judged = (_judge(ancestor, evidence.platform) for ancestor in evidence.ancestors.value)
    return _library_gaps(evidence) + tuple(each for each in judged if isinstance(each, Check))


def _judge(ancestor: Ancestor, platform: Platform) -> Awaited | Check | None:
    """A parent that is waited for; what is not known, or not anew, about it; None for others."""
    if official_image(ancestor.reference) is None:
        return None
    check = library_check(ancestor.reference, ancestor.library)
    if check.at is None or check.failed:
        return check
    judged = _judge_build(ancestor, platform)
    return check if judged is None and check.kept else judged


def _judge_build(ancestor: Ancestor, platform: Platform) -> Awaited | Check | None:
    planned = planned_platforms(ancestor.reference, ancestor.library)
    if platform not in (planned or ()):
        # Frozen, no image of docker-library's, or a stage that is built for another platform.
        return None
    if ancestor.built is None or _is_undecided(ancestor.built, platform):
        own = architecture_tag(ancestor.reference, platform) or ancestor.reference
        return observation_check(Source.ARCHITECTURE_TAG, own, ancestor.built)
    entry = ancestor.built.offers(platform)
    if entry is None:
        return Awaited(ancestor.reference, ancestor.changed_at, missing=True)
    if _is_being_replaced(ancestor, entry, platform, ancestor.built.observed_at):
        return Awaited(ancestor.reference, ancestor.changed_at, missing=False)
    return None


def _is_being_replaced(
    ancestor: Ancestor, entry: Entry, platform: Platform, seen_at: datetime
) -> bool:
    changed_at = ancestor.changed_at
    if changed_at is None or seen_at - changed_at > PARENT_BUILDS_WITHIN:
        return False
    if entry.created is not None and entry.created >= changed_at:
        return False
    commits = frozenset(_commits(ancestor.reference, ancestor.library, platform))
    return entry.revision is not None and entry.revision not in commits


def _is_undecided(observation: Observation, platform: Platform) -> bool:
    """Whether the look does not tell if the platform is there."""
    listed = observation.listed(platform)
    unseen = listed is not None and listed[1].reachable is None
    return not observation.is_clear or unseen


def _freshness(evidence: Evidence, entry: Entry) -> Freshness:
    commits = frozenset(_commits(evidence.reference, evidence.library, evidence.platform))
    if not commits or entry.revision is None:
        return Freshness.NOT_KNOWN
    return Freshness.CURRENT if entry.revision in commits else Freshness.MAY_BE_PREVIOUS


def _commits(reference: Reference, answer: LibraryAnswer, platform: Platform) -> Iterator[str]:
    """The commits that the platform of a tag is built from now."""
    library = _library(answer)
    if library is not None and official_image(reference) is not None:
        for build in library.builds_of(reference.tag or "", platform):
            yield build.git_commit


def _library(answer: LibraryAnswer) -> Library | None:
    value = answer.value if isinstance(answer, Said) else None
    return value if isinstance(value, Library) else None
