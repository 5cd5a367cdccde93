"""Which of the images that a tag's build builds upon have to be built first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.evidence import (
    Ancestor,
    Check,
    Source,
    commits_of,
    is_undecided,
    library_check,
    observation_check,
    planned_platforms,
)
from bot.core.library import architecture_tag, official_image
from bot.core.model import Entry
from bot.core.platform import Platform
from bot.core.reference import Reference

PARENT_BUILDS_WITHIN = timedelta(days=2)
"""How long after its library file changed an older build of a parent is still being replaced.

Nine in ten builds come within a day and a half. Later a differing revision says nothing: a source
that did not change is not built again and keeps the revision of its last build.
"""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A parent that has to be built first.

    since: when its library file changed, or its build's record was first seen; None if that is not
    known. missing: there is no build of it, otherwise there is an older one. build: the ID of the
    one that is waited for, if it is on record.
    """

    reference: Reference
    since: datetime | None
    missing: bool
    build: str | None = None


def judge_parent(ancestor: Ancestor, platform: Platform) -> Awaited | Check | None:
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
    if ancestor.built is None or is_undecided(ancestor.built, platform):
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
    commits = commits_of(ancestor.reference, ancestor.library, platform)
    return entry.revision is not None and entry.revision not in commits
