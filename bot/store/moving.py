"""A conversation goes on under another id: everything that belongs to it follows."""

from datetime import datetime

from sqlalchemy import BindParameter, Select, bindparam, delete, select, update

from bot.store.columns import UtcDateTime
from bot.store.schema import alerts, deliveries, inbox, patterns, places, watches
from bot.store.session import Session

_OLD: BindParameter[int] = bindparam("old_place")
_NEW: BindParameter[int] = bindparam("new_place")

_OF_CONVERSATION: Select[tuple[int, str]] = select(places.c.id, places.c.thread).where(
    places.c.service == bindparam("of_service"),
    places.c.conversation == bindparam("of_conversation"),
)
_RENAME = (
    update(places).where(places.c.id == _OLD).values(conversation=bindparam("new_conversation"))
)
_READDRESS = (
    update(inbox)
    .where(
        inbox.c.service == bindparam("of_service"),
        inbox.c.conversation == bindparam("of_conversation"),
        inbox.c.due_at.is_not(None),
    )
    .values(conversation=bindparam("new_conversation"))
)
_WATCHED_THERE = select(watches.c.target_id).where(
    watches.c.place_id == _NEW, watches.c.ended_at.is_(None)
)
_END_TWINS = (
    update(watches)
    .where(
        watches.c.place_id == _OLD,
        watches.c.ended_at.is_(None),
        watches.c.target_id.in_(_WATCHED_THERE),
    )
    .values(ended_at=bindparam("moment", type_=UtcDateTime()), ended_why="moved")
)
_FOLLOW = tuple(
    update(table).where(table.c.place_id == _OLD).values(place_id=_NEW)
    for table in (watches, alerts, deliveries)
)
_DROP_PATTERNS = delete(patterns).where(patterns.c.place_id == _OLD)
_DROP = delete(places).where(places.c.id == _OLD)


async def move_conversation(
    session: Session, service: str, old: str, new: str, *, now: datetime
) -> None:
    """Rename the conversation, or add it to the one that has the new id already."""
    there = await _threads(session, service, new)
    for thread, place in (await _threads(session, service, old)).items():
        if thread not in there:
            await session.execute(_RENAME, {"old_place": place, "new_conversation": new})
            continue
        both = {"old_place": place, "new_place": there[thread]}
        await session.execute(_END_TWINS, {**both, "moment": now})
        for statement in _FOLLOW:
            await session.execute(statement, both)
        await session.execute(_DROP_PATTERNS, {"old_place": place})
        await session.execute(_DROP, {"old_place": place})
    await session.execute(
        _READDRESS, {"of_service": service, "of_conversation": old, "new_conversation": new}
    )


async def _threads(session: Session, service: str, conversation: str) -> dict[str, int]:
    rows = await session.execute(
        _OF_CONVERSATION, {"of_service": service, "of_conversation": conversation}
    )
    return {row.thread: row.id for row in rows}
