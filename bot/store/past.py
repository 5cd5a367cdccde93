"""What was seen of tags over time: read for estimates and rhythms, never for a look."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from bot.core.model import Observation, Status
from bot.core.reference import Reference
from bot.core.rhythm import Change
from bot.store.columns import UtcDateTime
from bot.store.damage import readable
from bot.store.schema import observations, targets
from bot.store.session import Session
from bot.store.values import entries_from_json

OBSERVATIONS_A_TAG = 20
"""A tag that has had so many different contents tells nothing more about how it began."""
CHANGES = 500

_OF_REPOSITORY = (
    targets.c.registry == bindparam("registry"),
    targets.c.repository == bindparam("repository"),
)
_NEWEST = (
    select(targets.c.id)
    .where(*_OF_REPOSITORY)
    .order_by(targets.c.id.desc())
    .limit(bindparam("tags"))
)
_NUMBERED = (
    select(
        *observations.c["id", "target_id", "status", "digest", "entries", "observed_at"],
        func.row_number()
        .over(
            partition_by=observations.c.target_id,
            order_by=(observations.c.observed_at, observations.c.id),
        )
        .label("number"),
    )
    .where(observations.c.target_id.in_(_NEWEST))
    .subquery()
)
_BEGINNINGS = (
    select(_NUMBERED)
    .where(_NUMBERED.c.number <= OBSERVATIONS_A_TAG)
    .order_by(_NUMBERED.c.target_id.desc(), _NUMBERED.c.number)
)
_CHANGED = (
    select(*observations.c["id", "not_before", "observed_at"])
    .join_from(observations, targets)
    .where(
        *_OF_REPOSITORY,
        observations.c.observed_at > bindparam("since", type_=UtcDateTime()),
        observations.c.not_before.is_not(None),
    )
    .order_by(observations.c.observed_at.desc(), observations.c.id.desc())
    .limit(CHANGES)
)


class SqlPast:
    """bot.ports.Past over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_tags(self, reference: Reference, *, tags: int) -> list[Sequence[Observation]]:
        """The beginnings of the newest tags of the reference's repository, each oldest first."""
        rows = await self._session.execute(_BEGINNINGS, {**_repository(reference), "tags": tags})
        found: defaultdict[int, list[Observation]] = defaultdict(list)
        for target, seen in readable(rows, _observation, table="observations"):
            found[target].append(seen)
        return list(found.values())

    async def changes(self, reference: Reference, *, since: datetime) -> list[Change]:
        """When tags of the reference's repository were seen to change, the newest last."""
        rows = await self._session.execute(_CHANGED, {**_repository(reference), "since": since})
        return [Change(row.not_before, row.observed_at) for row in reversed(rows.all())]


def _repository(reference: Reference) -> dict[str, str]:
    return {"registry": reference.registry, "repository": reference.repository}


def _observation(row: Row[Any]) -> tuple[int, Observation]:
    seen = Observation(
        Status(row.status), row.observed_at, row.digest, entries_from_json(row.entries)
    )
    return row.target_id, seen
