"""The targets and their leases."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import ColumnElement, and_, bindparam, case, select, tuple_, update

from bot.core.model import Observation, TargetId
from bot.core.reference import Reference
from bot.ports.store import News
from bot.ports.targets import ClaimedTarget, KnownTarget, LookResult
from bot.store.claiming import claim_targets, earliest_due_at
from bot.store.columns import UtcDateTime
from bot.store.recording import record_looks
from bot.store.schema import targets
from bot.store.session import Session
from bot.store.values import clear_observation, latest_observation, reference_from

IS_THE_TARGET = and_(
    targets.c.registry == bindparam("of_registry"),
    targets.c.repository == bindparam("of_repository"),
    targets.c.tag == bindparam("of_tag"),
)
"""Finds the row of the target whose parts are given by target_key()."""

_NOW = bindparam("now", type_=UtcDateTime())


def due_by(
    moment: ColumnElement[datetime], now: ColumnElement[datetime]
) -> ColumnElement[datetime]:
    """The due time of a target to be looked at by then; while it is leased, the lease's end."""
    return case(
        (targets.c.lease_until > now, targets.c.lease_until),
        (targets.c.due_at <= moment, targets.c.due_at),
        else_=moment,
    )


_FIND = select(targets).where(IS_THE_TARGET)
_KEYS_AT_ONCE = 1_000
"""Of all that a statement may hold they take a tenth; SQLite allows 32,766 parameters."""
_LAST_SEEN = select(
    *targets.c["registry", "repository", "tag"],
    *targets.c["status", "digest", "etag", "entries", "observed_at"],
).where(
    tuple_(*targets.c["registry", "repository", "tag"]).in_(bindparam("keys", expanding=True)),
    targets.c.status.is_not(None),
)
_RELEASE = (
    update(targets)
    .where(targets.c.id == bindparam("target"), targets.c.lease_token == bindparam("lease"))
    .values(due_at=case((targets.c.due_at.is_not(None), _NOW)), lease_token=None, lease_until=None)
)
# A target that somebody watches is the one that has a due time.
_HINT = (
    update(targets)
    .where(IS_THE_TARGET, targets.c.due_at.is_not(None))
    .values(
        due_at=due_by(_NOW, _NOW),
        hint_seq=targets.c.hint_seq + 1,
        hint_digest=bindparam("pushed"),
        hint_tries=0,
    )
)


def target_key(reference: Reference) -> dict[str, str | None]:
    """A reference as the parameters of IS_THE_TARGET."""
    return {
        "of_registry": reference.registry,
        "of_repository": reference.repository,
        "of_tag": reference.tag,
    }


class SqlTargets:
    """bot.ports.Targets over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def claim(
        self, *, capacity: Callable[[str], int], limit: int, now: datetime, lease_s: float
    ) -> list[ClaimedTarget]:
        """Lease the targets that are due, earliest first, up to capacity(registry) of each."""
        return await claim_targets(
            self._session, capacity=capacity, limit=limit, now=now, lease_s=lease_s
        )

    async def next_due_at(
        self, *, opens_at: Callable[[str], datetime | None] | None = None
    ) -> datetime | None:
        """When the earliest target is due, a leased one when its lease ends; None without any.

        opens_at: before when nothing of a registry can be claimed; None for one to leave out.
        """
        return await earliest_due_at(self._session, opens_at=opens_at)

    async def record(self, results: Sequence[LookResult], *, now: datetime) -> list[bool]:
        """Write looks with their wants, history and alerts; False where the lease was lost."""
        return await record_looks(self._session, results, now=now)

    async def release(self, targets: Sequence[ClaimedTarget], *, now: datetime) -> None:
        """Give leases back unused; the targets are due at once."""
        await self._session.execute_each(
            _RELEASE,
            [
                {"target": target.id, "lease": target.lease, "now": now}
                for target in sorted(targets, key=attrgetter("id"))
            ],
        )
        self._session.news.add(News.LOOKS)

    async def find(self, reference: Reference, *, now: datetime) -> KnownTarget | None:
        """The target of a reference, watched or not."""
        row = (await self._session.execute(_FIND, target_key(reference))).one_or_none()
        if row is None:
            return None
        return KnownTarget(
            id=TargetId(row.id),
            reference=reference,
            observation=clear_observation(row),
            looked_at=row.looked_at,
            due_at=row.due_at,
            changed_at=row.changed_at,
            being_looked_at=row.lease_until is not None and row.lease_until > now,
            latest=latest_observation(row),
            hinted=row.hint_digest is not None or (row.due_at is not None and row.due_at <= now),
        )

    async def last_seen(self, references: Collection[Reference]) -> dict[Reference, Observation]:
        """The last clear observation of each of these tags that has one, watched or not."""
        keys = [(each.registry, each.repository, each.tag) for each in references]
        found: dict[Reference, Observation] = {}
        for some in (keys[at : at + _KEYS_AT_ONCE] for at in range(0, len(keys), _KEYS_AT_ONCE)):
            for row in await self._session.execute(_LAST_SEEN, {"keys": some}):
                seen = clear_observation(row)
                if seen is not None:
                    found[reference_from(row)] = seen
        return found

    async def hint(self, reference: Reference, *, digest: str | None, now: datetime) -> bool:
        """Make a watched target due now, also while it is looked at; False if nobody watches it."""
        hinted = await self._session.execute(
            _HINT, {**target_key(reference), "pushed": digest, "now": now}
        )
        if hinted.rowcount == 1:
            self._session.news.add(News.LOOKS)
        return hinted.rowcount == 1
