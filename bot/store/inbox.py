"""Commands received, not yet done."""

from datetime import datetime, timedelta

from sqlalchemy import Text, bindparam, func, select, update

from bot.core.model import Place
from bot.ports.inbox import Command
from bot.ports.store import News
from bot.store.columns import UtcDateTime
from bot.store.dialect import insert_or_ignore, insert_or_replace
from bot.store.places import place_parts
from bot.store.schema import cursors, inbox
from bot.store.session import Session
from bot.store.values import place_from, storable

_NOW = bindparam("now", type_=UtcDateTime())

# While a command is leased its due_at is the end of the lease: the next command of that person in
# that place waits behind it either way.
_RANKED = (
    select(
        inbox.c.id,
        inbox.c.due_at,
        func.row_number()
        .over(
            partition_by=(
                inbox.c.service,
                inbox.c.conversation,
                inbox.c.thread,
                inbox.c.person,
            ),
            order_by=inbox.c.id,
        )
        .label("rank"),
    )
    .where(inbox.c.due_at.is_not(None))
    .subquery()
)
_CLAIMABLE = (
    select(inbox.c.id)
    .where(
        inbox.c.id.in_(select(_RANKED.c.id).where(_RANKED.c.rank == 1)),
        inbox.c.due_at <= _NOW,
    )
    .order_by(inbox.c.id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True, key_share=True)
)
_CLAIM = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        due_at=bindparam("lease_end"),
        lease_until=bindparam("lease_end"),
        lease_token=bindparam("token"),
        tries=inbox.c.tries + 1,
    )
    .returning(inbox)
)
_HELD = (inbox.c.id == bindparam("command_id")) & (inbox.c.lease_token == bindparam("token"))
_DONE = (
    update(inbox)
    .where(_HELD)
    .values(done_at=bindparam("moment"), due_at=None, lease_token=None, lease_until=None)
)
_PUT_BACK = (
    update(inbox)
    .where(_HELD)
    .values(
        due_at=bindparam("moment"),
        tries=inbox.c.tries - bindparam("uncounted"),
        lease_token=None,
        lease_until=None,
    )
)
_RELEASE_ALL = (
    update(inbox)
    .where(inbox.c.lease_token.is_not(None))
    .values(due_at=bindparam("moment"), lease_token=None, lease_until=None)
)
_NEXT = select(func.min(_RANKED.c.due_at)).where(_RANKED.c.rank == 1)
_CURSOR = select(cursors.c.position).where(cursors.c.name == bindparam("name"))


# A number is given when a row is made and seen when it is committed; of one person's commands the
# first made must be the first seen, or the second would be claimed before it.
_IN_LINE = select(
    func.pg_advisory_xact_lock(
        func.hashtextextended(
            func.concat_ws(
                "/",
                bindparam("service", type_=Text),
                bindparam("conversation", type_=Text),
                bindparam("thread", type_=Text),
                bindparam("person", type_=Text),
            ),
            0,
        )
    )
)


class SqlInbox:
    """bot.ports.Inbox over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def receive(
        self, *, event_id: str, place: Place, person: str, text: str, now: datetime
    ) -> bool:
        """Keep a command; False if this event of the place's service was received before."""
        who = {**place_parts(place), "person": person}
        if self._session.dialect == "postgresql":
            await self._session.execute(_IN_LINE, who)
        kept = await self._session.execute(
            insert_or_ignore(inbox, self._session.dialect, "id"),
            {
                **who,
                "event_id": event_id,
                "command": storable(text),
                "received_at": now,
                "due_at": now,
            },
        )
        if kept.first() is None:
            return False
        self._session.news.add(News.COMMANDS)
        return True

    async def claim(self, *, now: datetime, lease_s: float, limit: int) -> list[Command]:
        """Lease the oldest commands; of one person in one place only the first that is not done."""
        found = await self._session.execute(_CLAIMABLE, {"now": now, "at_most": limit})
        ids = list(found.scalars())
        if not ids:
            return []
        lease = {
            "ids": ids,
            "token": self._session.new_token(),
            "lease_end": now + timedelta(seconds=lease_s),
        }
        rows = (await self._session.execute(_CLAIM, lease)).all()
        return [
            Command(
                id=row.id,
                service=row.service,
                place=place_from(row),
                person=row.person,
                text=row.command,
                received_at=row.received_at,
                tries=row.tries - 1,
                lease=row.lease_token,
            )
            for row in sorted(rows, key=lambda row: row.id)
        ]

    async def done(self, command: Command, *, now: datetime) -> bool:
        """Mark it done; False if the lease was lost, whereupon the caller must not commit."""
        marked = await self._session.execute(
            _DONE, {"command_id": command.id, "token": command.lease, "moment": now}
        )
        return marked.rowcount == 1

    async def put_back(self, command: Command, *, due_at: datetime, untried: bool = False) -> None:
        """Not done: to be claimed again at due_at; nothing if the lease was lost.

        untried: that it was claimed does not count.
        """
        await self._session.execute(
            _PUT_BACK,
            {
                "command_id": command.id,
                "token": command.lease,
                "moment": due_at,
                "uncounted": int(untried),
            },
        )

    async def release_all(self, *, now: datetime) -> None:
        """Let every lease end now: whoever had one is known to be gone."""
        await self._session.execute(_RELEASE_ALL, {"moment": now})

    async def next_due_at(self) -> datetime | None:
        """When a command can be claimed, or None if all are done."""
        due_at: datetime | None = (await self._session.execute(_NEXT)).scalar()
        return due_at

    async def cursor(self, name: str) -> str | None:
        """A receiver's position in its service's stream of events."""
        position: str | None = (await self._session.execute(_CURSOR, {"name": name})).scalar()
        return position

    async def move_cursor(self, name: str, position: str) -> None:
        """Remember the position, in the same transaction as what came before it."""
        await self._session.execute(
            insert_or_replace(cursors, self._session.dialect), {"name": name, "position": position}
        )
