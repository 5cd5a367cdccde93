"""Chooses what each place is told next, and puts alerts that are owed into deliveries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    bindparam,
    select,
    union,
    update,
)

from bot.store.editing import EDITS_OF_SERVICES, LOOSE_EDITS, choose_edits
from bot.store.lines import (
    DUE_PLACES,
    LANDED,
    LINE,
    OF_SERVICES,
    OPEN_PLACES,
    OUT,
    PLACES,
    Turn,
    carry,
    heads,
    is_over,
    make,
)
from bot.store.schema import alerts, places, watches
from bot.store.session import Session
from bot.store.states import SENDING

MAX_ALERTS = 20
"""One message carries at most so many; the rest goes into the next."""


_LOOSE = (
    select(alerts.c.id, alerts.c.place_id)
    .select_from(alerts.join(watches).join(places, alerts.c.place_id == places.c.id))
    .where(alerts.c.delivery_id.is_(None), alerts.c.event != LANDED)
)
_MAY_GO = (
    is_over(places.c.muted_until),
    is_over(watches.c.muted_until),
    is_over(places.c.gather_until),
)

# Locked, so that two who claim at once never have one place between them: whoever has the lock sees
# in the statements after it what the one before has taken. Places that somebody else holds come
# with the next claim.
_READY_PLACES = (
    select(places.c.id)
    .where(
        OF_SERVICES,
        is_over(places.c.parked_until),
        places.c.id.in_(
            union(
                DUE_PLACES,
                _LOOSE.with_only_columns(alerts.c.place_id).where(*_MAY_GO),
                LOOSE_EDITS.with_only_columns(alerts.c.place_id),
            )
        ),
    )
    .with_for_update(skip_locked=True, key_share=True)
)
_FORMABLE = (
    _LOOSE.add_columns(alerts.c.event)
    .where(alerts.c.place_id.in_(PLACES), alerts.c.place_id.not_in(OPEN_PLACES), *_MAY_GO)
    .order_by(alerts.c.id)
)
_GATHER = (
    update(places).where(places.c.id == bindparam("place")).values(gather_until=bindparam("until"))
)

_HEADS_OF_SERVICES: Select[Any] = (
    select(*LINE.c["state", "due_at", "lease_until"], places.c.parked_until)
    .select_from(LINE.join(places, LINE.c.place_id == places.c.id))
    .where(LINE.c.rank == 1, OF_SERVICES)
)
_LOOSE_OF_SERVICES: Select[Any] = (
    _LOOSE.with_only_columns(
        *places.c["parked_until", "muted_until", "gather_until"],
        watches.c.muted_until.label("watch_muted_until"),
        alerts.c.created_at,
    )
    .where(OF_SERVICES, alerts.c.place_id.not_in(OPEN_PLACES))
    .distinct()
)


async def choose(session: Session, turn: Turn) -> list[str]:
    """The ids of the deliveries that are to go now, at most one a place; some just formed."""
    ready = await session.execute(
        _READY_PLACES, {"services": sorted(turn.services), "now": turn.now}
    )
    places_ready = list(ready.scalars())
    if not places_ready:
        return []
    in_these = {"places": places_ready, "now": turn.now}
    first = await heads(session, in_these, edits=False, at_most=turn.limit)
    chosen = [row.id for row in first]
    busy = {row.place_id for row in first}
    if len(chosen) < turn.limit:
        loose = (await session.execute(_FORMABLE, in_these)).all()
        formed = await _form(session, loose, turn, at_most=turn.limit - len(chosen))
        chosen += formed.values()
        busy |= formed.keys()
    idle = [place for place in places_ready if place not in busy]
    if len(chosen) < turn.limit and idle:
        chosen += await choose_edits(session, idle, turn, at_most=turn.limit - len(chosen))
    return chosen


async def _form(
    session: Session, loose: Iterable[Row[Any]], turn: Turn, *, at_most: int
) -> dict[int, str]:
    """Make deliveries, one a place, of the oldest alerts; their ids, by place."""
    by_place: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in loose:
        by_place[row.place_id].append(row)
    formed = [
        (session.new_token(), place, _together(owed))
        for place, owed in list(by_place.items())[:at_most]
    ]
    await make(session, [(each, place, None) for each, place, _ in formed], now=turn.now)
    await carry(session, [(each, row.id) for each, _, carried in formed for row in carried])
    gathered = turn.now + timedelta(seconds=turn.group_within_s)
    await session.execute_each(
        _GATHER,
        [
            {"place": place, "until": gathered}
            for _, place, carried in formed
            if carried[0].event != OUT
        ],
    )
    return {place: delivery for delivery, place, _ in formed}


def _together(owed: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """The alerts that ride in one message, at least one; a card is a message of its own."""
    if owed[0].event == OUT:
        return owed[:1]
    cards = (at for at, row in enumerate(owed) if row.event == OUT)
    return owed[: min(next(cards, MAX_ALERTS), MAX_ALERTS)]


async def next_turn_at(session: Session, services: frozenset[str]) -> datetime | None:
    """When there will be something to choose, as far as is known now."""
    named = {"services": sorted(services)}
    heads: Sequence[Row[Any]] = (await session.execute(_HEADS_OF_SERVICES, named)).all()
    loose: Sequence[Row[Any]] = (await session.execute(_LOOSE_OF_SERVICES, named)).all()
    edits: Sequence[Row[Any]] = (await session.execute(EDITS_OF_SERVICES, named)).all()
    moments = [
        row.lease_until if row.state == SENDING else _latest(row.due_at, row.parked_until)
        for row in heads
    ]
    moments += [_latest(*row) for row in (*loose, *edits)]
    return min(moments, default=None)


def _latest(*moments: datetime | None) -> datetime:
    return max(moment for moment in moments if moment is not None)
