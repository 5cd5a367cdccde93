"""How much waits to be done."""

from datetime import datetime

from sqlalchemy import bindparam, func, select

from bot.ports.store import Backlog
from bot.store.columns import UtcDateTime
from bot.store.lines import IS_UNSENT
from bot.store.schema import alerts, deliveries, inbox, targets
from bot.store.session import Session

_DUE = targets.c.due_at <= bindparam("now", type_=UtcDateTime())
_ON_THEIR_WAY = deliveries.c.due_at.is_not(None)
_LOOSE = alerts.c.delivery_id.is_(None)
_ALL = select(
    select(func.count()).where(_DUE).scalar_subquery().label("targets"),
    select(func.min(targets.c.due_at)).where(_DUE).scalar_subquery().label("oldest_due_at"),
    select(func.count()).where(_ON_THEIR_WAY).scalar_subquery().label("on_their_way"),
    select(func.min(deliveries.c.created_at))
    .where(_ON_THEIR_WAY)
    .scalar_subquery()
    .label("oldest_on_its_way"),
    select(func.count()).where(_LOOSE).scalar_subquery().label("loose"),
    select(func.min(alerts.c.created_at)).where(_LOOSE).scalar_subquery().label("oldest_loose"),
    select(func.count()).where(inbox.c.due_at.is_not(None)).scalar_subquery().label("commands"),
)
_STATES = (
    select(deliveries.c.state, func.count().label("number"))
    .where(IS_UNSENT)
    .group_by(deliveries.c.state)
)


class SqlBacklogs:
    """bot.ports.Backlogs over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(self, *, now: datetime) -> Backlog:
        """Targets that are due, deliveries and alerts that are owed, commands not done."""
        row = (await self._session.execute(_ALL, {"now": now})).one()
        states = await self._session.execute(_STATES)
        owed_since = [each for each in (row.oldest_on_its_way, row.oldest_loose) if each]
        return Backlog(
            targets=row.targets,
            deliveries=row.on_their_way + row.loose,
            commands=row.commands,
            oldest_due_at=row.oldest_due_at,
            oldest_owed_at=min(owed_since, default=None),
            states={each.state: each.number for each in states},
        )
