"""Whether a platform's build has been left behind by its siblings'."""

from datetime import UTC, datetime, timedelta
from enum import Enum

from bot.core.model import Entry, Observation, Want
from bot.core.platform import Platform

MARGIN = timedelta(hours=24)
"""How much older a build is than a sibling of the next round, where only the time tells.

The builds of one round differ by minutes to hours: slow architectures and emulators take longest.
"""

_FIRST_IMAGES = datetime(2013, 3, 1, tzinfo=UTC)
# Before there were images, no image was built: reproducible builds say 1970, 1980 or the year 1.


class Proof(Enum):
    """What shows that a build is left behind."""

    REVISION = "revision"
    TIME = "time"


def left_behind(platform: Platform, entry: Entry, observation: Observation) -> Proof | None:
    """How a sibling shows that it is of a later build than this entry; None if none does.

    REVISION: it was built later and from another revision. TIME: it was built more than MARGIN
    later, and not both say their revision. Siblings are the platforms of the same operating
    system: under one tag, Windows images are built from sources of their own.
    """
    siblings = (
        sibling for other, sibling in observation.entries.items() if other.os == platform.os
    )
    proofs = {_proof(entry, sibling) for sibling in siblings}
    return next((proof for proof in Proof if proof in proofs), None)


def _proof(entry: Entry, sibling: Entry) -> Proof | None:
    if entry.created is None or entry.created < _FIRST_IMAGES or sibling.created is None:
        return None
    if entry.revision is not None and sibling.revision is not None:
        is_later = sibling.created > entry.created and sibling.revision != entry.revision
        return Proof.REVISION if is_later else None
    return Proof.TIME if sibling.created > entry.created + MARGIN else None


def tells_left_behind(proof: Proof | None, want: Want, entry: Entry) -> bool:
    """Whether that a build is left behind, as proof says, is news to a want.

    A time alone may have other reasons: some publishers take an image from a cache, or write the
    commit's time. So it is news only of a build that the want has noted before and that was not
    behind then: its own time is a part of its digest, so it is a sibling that has moved on. What
    the want sees first, or comes new, is noted in silence.
    """
    if proof is Proof.TIME:
        return entry.digest == want.digest and not want.stale
    return proof is Proof.REVISION
