"""Why a platform of a tag is not there, from what the sources said.

The codes are tried in their order, and each is said only if all before it are excluded: the first
that cannot be decided, because a source failed, makes the answer UNKNOWN. That something is not
listed or not planned follows from a fresh answer alone, never from a kept copy.

Source: docker-library/faq, "An image's source changed in Git, now what?".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from bot.core.evidence import (
    Check,
    Evidence,
    Said,
    Source,
    answer_check,
    commits_of,
    is_undecided,
    library_check,
    library_of,
    observation_check,
)
from bot.core.library import architecture_tag
from bot.core.model import Entry
from bot.core.parents import Awaited, judge_parent
from bot.core.progress import ON_RECORD, Stage


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
    if is_undecided(evidence.index, evidence.platform):
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
    if library_of(evidence.library) is None:
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
    if evidence.built is None or is_undecided(evidence.built, evidence.platform):
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


def _on_record(evidence: Evidence) -> Reason | None:
    """What the build system's own records say, which is more than can be seen from outside."""
    progress = evidence.known_progress
    if progress is None or progress.stage not in ON_RECORD:
        return None
    gaps = _library_gaps(evidence) + _record_gaps(evidence)
    if progress.stage is Stage.WAITING:
        awaited = tuple(
            Awaited(parent.reference, parent.since, missing=True, build=parent.build)
            for parent in progress.parents
        )
        return Reason(ReasonCode.WAITING_PARENT, evidence, gaps, awaited)
    return Reason(ReasonCode.QUEUED, evidence, gaps)


def _waiting_parent(evidence: Evidence) -> Reason | None:
    if not isinstance(evidence.ancestors, Said):
        check = answer_check(Source.DOCKERFILE, evidence.reference.familiar, evidence.ancestors)
        return _unknown(evidence, check) if check.failed else None
    judged = [judge_parent(ancestor, evidence.platform) for ancestor in evidence.ancestors.value]
    gaps = tuple(each for each in judged if isinstance(each, Check))
    awaited = tuple(each for each in judged if isinstance(each, Awaited))
    if awaited:
        gaps = _library_gaps(evidence) + gaps + _record_gaps(evidence)
        return Reason(ReasonCode.WAITING_PARENT, evidence, gaps, awaited)
    failed = [gap for gap in gaps if gap.failed]
    return _unknown(evidence, *failed) if failed else None


_RULES: tuple[Callable[[Evidence], Reason | None], ...] = (
    _present,
    _not_official,
    _unlisted,
    _not_planned,
    _built,
    _on_record,
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
        return (*_library_gaps(evidence), unasked, *_record_gaps(evidence))
    judged = (judge_parent(ancestor, evidence.platform) for ancestor in evidence.ancestors.value)
    gaps = tuple(each for each in judged if isinstance(each, Check))
    return _library_gaps(evidence) + gaps + _record_gaps(evidence)


def _record_gaps(evidence: Evidence) -> tuple[Check, ...]:
    """What the sources that somebody has switched on did not say, or not anew."""
    return tuple(check for check in evidence.checks_of_builds() if check.trouble is not None)


def _freshness(evidence: Evidence, entry: Entry) -> Freshness:
    commits = commits_of(evidence.reference, evidence.library, evidence.platform)
    if not commits or entry.revision is None:
        return Freshness.NOT_KNOWN
    return Freshness.CURRENT if entry.revision in commits else Freshness.MAY_BE_PREVIOUS
