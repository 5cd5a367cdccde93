"""Chooses what each place is told next, and puts alerts that are owed into deliveries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from bot.store.columns import UtcDateTime
from bot.store.schema import alerts, deliveries, places, watches
from bot.store.session import Session
from bot.store.states import PENDING, SENDING

MAX_ALERTS = 20
"""One message carries at most so many; the rest goes into the next."""

_NOW = bindparam("now", type_=UtcDateTime())
_SERVICES = places.c.service.in_(bindparam("services", expanding=True))
_PLACES: BindParameter[Any] = bindparam("places", expanding=True)


def _is_over(moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(moment.is_(None), moment <= _NOW)


# What has a due time is not done. Of one place only the first in this line can go: what is on its
# way, what the service asked us to postpone, then answers, then alerts, each in their order; so
# nothing overtakes what was put back, and a place that is to be left alone for a while is.
_LINE = (
    select(
        deliveries,
        func.row_number()
        .over(
            partition_by=deliveries.c.place_id,
            order_by=(
                case(
                    (deliveries.c.state == SENDING, 0),
                    (deliveries.c.postponed, 1),
                    (deliveries.c.is_answer, 2),
                    else_=3,
                ),
                deliveries.c.seq,
            ),
        )
        .label("rank"),
    )
    .where(deliveries.c.due_at.is_not(None))
    .subquery()
)
_LOOSE = (
    select(alerts.c.id, alerts.c.place_id)
    .select_from(alerts.join(watches).join(places, alerts.c.place_id == places.c.id))
    .where(alerts.c.delivery_id.is_(None))
)
_OPEN_PLACES = select(deliveries.c.place_id).where(deliveries.c.due_at.is_not(None))
_MAY_GO = (
    _is_over(places.c.muted_until),
    _is_over(watches.c.muted_until),
    _is_over(places.c.gather_until),
)

# Locked, so that two who claim at once never have one place between them: whoever has the lock sees
# in the statements after it what the one before has taken. Places that somebody else holds come
# with the next claim.
_READY_PLACES = (
    select(places.c.id)
    .where(
        _SERVICES,
        _is_over(places.c.parked_until),
        places.c.id.in_(
            union(
                _OPEN_PLACES.where(deliveries.c.due_at <= _NOW, deliveries.c.state != SENDING),
                _LOOSE.with_only_columns(alerts.c.place_id).where(*_MAY_GO),
            )
        ),
    )
    .with_for_update(skip_locked=True, key_share=True)
)
_HEADS = (
    select(_LINE.c.id)
    .where(
        _LINE.c.rank == 1,
        _LINE.c.place_id.in_(_PLACES),
        _LINE.c.due_at <= _NOW,
        _LINE.c.state != SENDING,
    )
    .order_by(_LINE.c.is_answer.desc(), _LINE.c.due_at, _LINE.c.seq)
    .limit(bindparam("at_most"))
)
_FORMABLE = _LOOSE.where(
    alerts.c.place_id.in_(_PLACES), alerts.c.place_id.not_in(_OPEN_PLACES), *_MAY_GO
).order_by(alerts.c.id)
_JOIN_DELIVERY = (
    update(alerts)
    .where(alerts.c.id == bindparam("alert"))
    .values(delivery_id=bindparam("delivery"))
)
_GATHER = (
    update(places).where(places.c.id == bindparam("place")).values(gather_until=bindparam("until"))
)

_HEADS_OF_SERVICES: Select[Any] = (
    select(*_LINE.c["state", "due_at", "lease_until"], places.c.parked_until)
    .select_from(_LINE.join(places, _LINE.c.place_id == places.c.id))
    .where(_LINE.c.rank == 1, _SERVICES)
)
_LOOSE_OF_SERVICES: Select[Any] = (
    _LOOSE.with_only_columns(
        *places.c["parked_until", "muted_until", "gather_until"],
        watches.c.muted_until.label("watch_muted_until"),
        alerts.c.created_at,
    )
    .where(_SERVICES, alerts.c.place_id.not_in(_OPEN_PLACES))
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a claim takes place, and for whom."""

    services: frozenset[str]
    now: datetime
    group_within_s: float
    limit: int


async def choose(session: Session, turn: Turn) -> list[str]:
    """The ids of the deliveries that are to go now, at most one a place; some just formed."""
    ready = await session.execute(
        _READY_PLACES, {"services": sorted(turn.services), "now": turn.now}
    )
    places_ready = list(ready.scalars())
    if not places_ready:
        return []
    in_these = {"places": places_ready, "now": turn.now}
    heads = await session.execute(_HEADS, {**in_these, "at_most": turn.limit})
    chosen = list(heads.scalars())
    if len(chosen) < turn.limit:
        loose = await session.execute(_FORMABLE, in_these)
        chosen += await _form(session, loose, turn, at_most=turn.limit - len(chosen))
    return chosen


async def _form(
    session: Session, loose: Iterable[Row[Any]], turn: Turn, *, at_most: int
) -> list[str]:
    """Make deliveries, one a place, of the oldest alerts; their ids."""
    by_place: defaultdict[int, list[int]] = defaultdict(list)
    for row in loose:
        by_place[row.place_id].append(row.id)
    formed = [
        (session.new_token(), place, owed[:MAX_ALERTS])
        for place, owed in list(by_place.items())[:at_most]
    ]
    await session.execute_each(
        insert(deliveries),
        [
            {
                "id": delivery,
                "place_id": place,
                "is_answer": False,
                "state": PENDING,
                "created_at": turn.now,
                "due_at": turn.now,
            }
            for delivery, place, _ in formed
        ],
    )
    await session.execute_each(
        _JOIN_DELIVERY,
        [
            {"alert": alert, "delivery": delivery}
            for delivery, _, carried in formed
            for alert in carried
        ],
    )
    gathered = turn.now + timedelta(seconds=turn.group_within_s)
    await session.execute_each(
        _GATHER, [{"place": place, "until": gathered} for _, place, _ in formed]
    )
    return [delivery for delivery, _, _ in formed]


async def next_turn_at(session: Session, services: frozenset[str]) -> datetime | None:
    """When there will be something to choose, as far as is known now."""
    named = {"services": sorted(services)}
    heads: Sequence[Row[Any]] = (await session.execute(_HEADS_OF_SERVICES, named)).all()
    loose: Sequence[Row[Any]] = (await session.execute(_LOOSE_OF_SERVICES, named)).all()
    moments = [
        row.lease_until if row.state == SENDING else _latest(row.due_at, row.parked_until)
        for row in heads
    ]
    moments += [_latest(*row) for row in loose]
    return min(moments, default=None)


def _latest(*moments: datetime | None) -> datetime:
    return max(moment for moment in moments if moment is not None)
