"""How much waits to be done."""

from datetime import datetime

from sqlalchemy import bindparam, func, select

from bot.ports import Backlog
from bot.store.columns import UtcDateTime
from bot.store.schema import alerts, deliveries, inbox, targets
from bot.store.session import Session

_TARGETS = select(func.count()).where(targets.c.due_at <= bindparam("now", type_=UtcDateTime()))
_ON_THEIR_WAY = select(func.count()).where(deliveries.c.due_at.is_not(None))
_LOOSE = select(func.count()).where(alerts.c.delivery_id.is_(None))
_COMMANDS = select(func.count()).where(inbox.c.due_at.is_not(None))
_ALL = select(
    _TARGETS.scalar_subquery().label("targets"),
    _ON_THEIR_WAY.scalar_subquery().label("on_their_way"),
    _LOOSE.scalar_subquery().label("loose"),
    _COMMANDS.scalar_subquery().label("commands"),
)


class SqlBacklogs:
    """bot.ports.Backlogs over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(self, *, now: datetime) -> Backlog:
        """Targets that are due, deliveries and alerts that are owed, commands not done."""
        row = (await self._session.execute(_ALL, {"now": now})).one()
        return Backlog(
            targets=row.targets, deliveries=row.on_their_way + row.loose, commands=row.commands
        )
