"""What is known of the tags that docker-library lists."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import bindparam, select, update

from bot.core.model import MISSING, TargetId, WantState, Watch
from bot.core.reference import DOCKER_HUB
from bot.ports.listings import AwaitedTag
from bot.store.columns import UtcDateTime
from bot.store.schema import targets, wants, watches
from bot.store.session import Session
from bot.store.values import reference_from
from bot.store.watch_rows import WatchReader

_OFFICIAL = "library/"
# Where nobody has looked yet it is not known whether anything is missing.
_IS_MISSING = [state.value for state in MISSING if state is not WantState.UNSEEN]
_MISSES = (
    select(watches.c.target_id)
    .join_from(watches, wants)
    .where(watches.c.ended_at.is_(None), wants.c.state.in_(_IS_MISSING))
)
_AWAITED = (
    select(*targets.c["id", "registry", "repository", "tag", "listed_at"])
    .where(
        targets.c.registry == DOCKER_HUB,
        targets.c.repository.startswith(_OFFICIAL, autoescape=True),
        targets.c.id.in_(_MISSES),
    )
    .order_by(targets.c.id)
)
_LISTED = (
    update(targets)
    .where(targets.c.id == bindparam("target"), targets.c.listed_at.is_(None))
    .values(listed_at=bindparam("now", type_=UtcDateTime()))
)
_UNLISTED = (
    update(targets)
    .where(targets.c.id == bindparam("target"), targets.c.listed_at.is_not(None))
    .values(listed_at=None)
)
_OF_TARGET = WatchReader(watches.c.ended_at.is_(None), watches.c.target_id == bindparam("target"))


class SqlListings:
    """bot.ports.Listings over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def awaited(self) -> list[AwaitedTag]:
        """Every tag of which somebody waits for a platform that it may be built for."""
        rows = await self._session.execute(_AWAITED)
        return [AwaitedTag(TargetId(row.id), reference_from(row), row.listed_at) for row in rows]

    async def note_listed(self, targets: Sequence[TargetId], *, now: datetime) -> None:
        """Remember that these tags are listed; of those that were already, since when stays."""
        await self._session.execute_each(
            _LISTED, [{"target": target, "now": now} for target in sorted(targets)]
        )

    async def waiting(self, target: TargetId) -> list[Watch]:
        """The active watches of a tag that miss a platform, the oldest first."""
        found = await _OF_TARGET.read(self._session, {"target": target})
        return sorted(
            (watch for watch in found if any(want.state in MISSING for want in watch.wants)),
            key=attrgetter("id"),
        )

    async def unlist(self, target: TargetId) -> list[Watch]:
        """Remember that a tag is not listed any more; its watches that miss a platform.

        The target is locked by that, as for whatever ends watches; see Listings.
        """
        unlisted = await self._session.execute(_UNLISTED, {"target": target})
        return await self.waiting(target) if unlisted.rowcount == 1 else []
