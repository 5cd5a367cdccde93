"""What targets were before."""

from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from bot.core.chronicle import Record
from bot.core.model import Status
from bot.core.reference import Reference
from bot.store.damage import readable
from bot.store.schema import (
    alerts,
    deliveries,
    observations,
    places,
    registries,
    targets,
    wants,
    watches,
)
from bot.store.session import Session
from bot.store.targets import IS_THE_TARGET, target_key
from bot.store.values import platform_from, reference_from

_RECORDS = select(
    *observations.c["id", "status", "observed_at", "entries"],
    *targets.c["registry", "repository", "tag"],
).join_from(observations, targets)
_NEWEST = select(func.coalesce(func.max(observations.c.id), 0))
_AFTER = (
    _RECORDS.where(observations.c.id > bindparam("after"))
    .order_by(observations.c.id)
    .limit(bindparam("at_most"))
)
_OF = _RECORDS.where(IS_THE_TARGET).order_by(observations.c.id.desc()).limit(bindparam("at_most"))


def _one(statement: Select[Any]) -> Any:
    return statement.scalar_subquery()


_OPEN = watches.c.ended_at.is_(None)
# Each is answered by the end of an index, or reads what is small or still open.
_MARK = select(
    _one(select(func.max(observations.c.id))),
    _one(select(func.max(alerts.c.id))),
    _one(select(func.max(wants.c.id))),
    _one(select(func.max(deliveries.c.seq))),
    _one(select(func.count()).where(deliveries.c.due_at.is_not(None))),
    _one(select(func.sum(deliveries.c.tries)).where(deliveries.c.due_at.is_not(None))),
    _one(select(func.count()).where(_OPEN)),
    _one(select(func.max(watches.c.id)).where(_OPEN)),
    _one(select(func.count(watches.c.muted_until)).where(_OPEN)),
    _one(select(func.max(watches.c.muted_until)).where(_OPEN)),
    _one(select(func.max(places.c.muted_until))),
    _one(select(func.max(registries.c.parked_until))),
    _one(select(func.count(targets.c.trouble_kind))),
    _one(select(func.count(targets.c.status))),
)


class SqlHistory:
    """bot.ports.History over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def newest(self) -> int:
        """The id of the newest record; 0 if there is none."""
        newest: int = (await self._session.execute(_NEWEST)).scalar_one()
        return newest

    async def after(self, id: int, *, limit: int) -> list[Record]:
        """Records of all tags with greater ids, in order of their ids."""
        rows = await self._session.execute(_AFTER, {"after": id, "at_most": limit})
        return list(readable(rows, _record, table="observations"))

    async def of(self, reference: Reference, *, limit: int) -> list[Record]:
        """The newest records of one tag, oldest first."""
        key = target_key(reference)
        rows = (await self._session.execute(_OF, {**key, "at_most": limit})).all()
        return list(readable(reversed(rows), _record, table="observations"))

    async def mark(self) -> str:
        """A text that is another one once anything that is shown has changed."""
        row = (await self._session.execute(_MARK)).one()
        return " ".join("-" if value is None else str(value) for value in row)


def _record(row: Row[Any]) -> Record:
    return Record(
        id=row.id,
        reference=reference_from(row),
        status=Status(row.status),
        observed_at=row.observed_at,
        digests={platform_from(*platform): digest for platform, digest, *_ in row.entries},
    )
