"""A conversation goes on under another id: everything that belongs to it follows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, delete, exists, select, update

from bot.ports.store import News
from bot.store.columns import UtcDateTime
from bot.store.dialect import insert_or_ignore
from bot.store.parts import Own, join_own, own_from, part_of
from bot.store.schema import (
    alerts,
    deliveries,
    inbox,
    patterns,
    places,
    targets,
    wants,
    watchers,
    watches,
)
from bot.store.session import Session
from bot.store.subscribing import JOIN, WAKE, joined_terms

_OLD: BindParameter[int] = bindparam("old_place")
_NEW: BindParameter[int] = bindparam("new_place")

# Locked, so that nobody gives anything to a place that is about to go.
_OF_CONVERSATION: Select[tuple[int, str]] = (
    select(places.c.id, places.c.thread)
    .where(
        places.c.service == bindparam("of_service"),
        places.c.conversation == bindparam("of_conversation"),
    )
    .order_by(places.c.id)
    .with_for_update()
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
_there = watches.alias("there")
_ARE_TWINS = and_(
    _there.c.target_id == watches.c.target_id,
    and_(watches.c.place_id == _OLD, watches.c.ended_at.is_(None)),
    and_(_there.c.place_id == _NEW, _there.c.ended_at.is_(None)),
)
# Locked and due at once, as always when a watch changes: a look that is under way has decided for
# wants that another watch is about to have.
_TARGETS_OF_TWINS = (
    select(targets.c.id)
    .where(targets.c.id.in_(select(watches.c.target_id).join(_there, _ARE_TWINS)))
    .order_by(targets.c.id)
    .with_for_update(key_share=True)
)
_TERMS = ("standing", "tells", "expires_at")
_TWINS: Select[Any] = select(
    *_there.c[("id", *_TERMS)],
    watches.c.id.label("gone"),
    *(watches.c[name].label(f"gone_{name}") for name in _TERMS),
).join(_there, _ARE_TWINS)
_END: BindParameter[int] = bindparam("gone")
_GO_ON: BindParameter[int] = bindparam("twin")
_PEOPLE = (
    select(watchers.c.person, watchers.c.joined_at)
    .where(watchers.c.watch_id == _END)
    .order_by(watchers.c.id)
)
_WANTED_BY_THE_GONE = select(wants.c.platform).where(wants.c.watch_id == _END)
_WANTED_THERE = select(wants.c.platform).where(wants.c.watch_id == _GO_ON)
_TAKE_WANTS = (
    update(wants)
    .where(wants.c.watch_id == _END, wants.c.platform.not_in(_WANTED_THERE))
    .values(watch_id=_GO_ON)
)
_END_THE_GONE = (
    update(watches)
    .where(watches.c.id == _END)
    .values(ended_at=bindparam("moment", type_=UtcDateTime()), ended_why="moved")
)
_FOLLOW = tuple(
    update(table).where(table.c.place_id == _OLD).values(place_id=_NEW)
    for table in (watches, alerts, deliveries)
)
_there_too = patterns.alias("there_too")
_IS_TWIN = (
    (_there_too.c.place_id == _NEW)
    & (_there_too.c.list_id == patterns.c.list_id)
    & (_there_too.c.tag_pattern == patterns.c.tag_pattern)
)
_TAKE_PATTERNS = (
    update(patterns)
    .where(patterns.c.place_id == _OLD, ~exists().where(_IS_TWIN))
    .values(place_id=_NEW)
)
_WANTED = ("platforms", "configured", "people")
_TWIN_PATTERNS: Select[Any] = (
    select(
        *patterns.c[_WANTED],
        *(_there_too.c[name].label(f"new_{name}") for name in _WANTED),
        _there_too.c.id.label("twin"),
    )
    .join(_there_too, _IS_TWIN)
    .where(patterns.c.place_id == _OLD)
)
_WANT_BOTH = (
    update(patterns)
    .where(patterns.c.id == _GO_ON)
    .values({name: bindparam(f"new_{name}") for name in _WANTED})
)
_DROP_PATTERNS = delete(patterns).where(patterns.c.place_id == _OLD)
_DROP = delete(places).where(places.c.id == _OLD)


async def move_conversation(
    session: Session, service: str, old: str, new: str, *, now: datetime
) -> None:
    """Rename the conversation, or add it to the one that has the new id already.

    Of two watches of one target the one that is there goes on for both.
    """
    there = await _threads(session, service, new)
    for thread, place in (await _threads(session, service, old)).items():
        if thread not in there:
            await session.execute(_RENAME, {"old_place": place, "new_conversation": new})
            continue
        both = {"old_place": place, "new_place": there[thread]}
        await _join_twins(session, both, now=now)
        for statement in _FOLLOW:
            await session.execute(statement, both)
        await session.execute(_TAKE_PATTERNS, both)
        await _join_twin_patterns(session, both)
        await session.execute(_DROP_PATTERNS, {"old_place": place})
        await session.execute(_DROP, {"old_place": place})
    await session.execute(
        _READDRESS, {"of_service": service, "of_conversation": old, "new_conversation": new}
    )


async def _join_twins(session: Session, places_of_both: dict[str, int], *, now: datetime) -> None:
    held = (await session.execute(_TARGETS_OF_TWINS, places_of_both)).scalars().all()
    if not held:
        return
    for row in (await session.execute(_TWINS, places_of_both)).all():
        pair = {"gone": row.gone, "twin": row.id}
        people = (await session.execute(_PEOPLE, {"gone": row.gone})).all()
        await session.execute_each(
            insert_or_ignore(watchers, session.dialect),
            [
                {"watch_id": row.id, "person": one.person, "joined_at": one.joined_at}
                for one in people
            ],
        )
        if (theirs := await _own_of_the_gone(session, row)) is not None:
            await join_own(session, row.id, theirs)
        await session.execute(_TAKE_WANTS, pair)
        terms = (row.gone_standing, row.gone_tells, row.gone_expires_at)
        await session.execute(JOIN, joined_terms(row, *terms))
        await session.execute(_END_THE_GONE, {"gone": row.gone, "moment": now})
    await session.execute_each(
        WAKE, [{"target": each, "moment": now, "now": now, "is_new": 0} for each in held]
    )
    session.news.add(News.LOOKS)


async def _own_of_the_gone(session: Session, row: Row[Any]) -> Own | None:
    """What people want of the watch that ends; None if that is the configuration's alone."""
    part = await part_of(session, row.gone)
    if part is not None:
        return own_from(part.own)
    wanted = await session.execute(_WANTED_BY_THE_GONE, {"gone": row.gone})
    platforms, tells = frozenset(wanted.scalars()), frozenset(row.gone_tells)
    return Own(platforms, row.gone_standing, tells, row.gone_expires_at)


async def _join_twin_patterns(session: Session, places_of_both: dict[str, int]) -> None:
    rows = (await session.execute(_TWIN_PATTERNS, places_of_both)).mappings()
    await session.execute_each(
        _WANT_BOTH,
        [
            {
                "twin": row["twin"],
                **{f"new_{name}": _of_both(row[f"new_{name}"], row[name]) for name in _WANTED},
            }
            for row in rows.all()
        ],
    )


def _of_both(one: list[str] | None, other: list[str] | None) -> list[str] | None:
    return one if other is None else list(dict.fromkeys([*(one or ()), *other]))


async def _threads(session: Session, service: str, conversation: str) -> dict[str, int]:
    rows = await session.execute(
        _OF_CONVERSATION, {"of_service": service, "of_conversation": conversation}
    )
    return {row.thread: row.id for row in rows}
