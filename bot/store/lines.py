"""The line in which what a place is told stands, and how deliveries get into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from bot.core.model import Event
from bot.store.columns import UtcDateTime
from bot.store.schema import alerts, deliveries, places
from bot.store.session import Session
from bot.store.states import EDIT, PENDING, POST, SENDING, SENT

OUT, LANDED = Event.OUT.value, Event.LANDED.value

NOW = bindparam("now", type_=UtcDateTime())
OF_SERVICES = places.c.service.in_(bindparam("services", expanding=True))
PLACES: BindParameter[Any] = bindparam("places", expanding=True)
IS_EDIT = deliveries.c.kind == EDIT
IS_POST = deliveries.c.kind != EDIT
IS_UNSENT = deliveries.c.state != literal_column(f"'{SENT}'")
"""Has not arrived. A constant, because by a parameter no database finds the index of these rows."""


def is_over(moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether the moment has come, or there is none."""
    return or_(moment.is_(None), moment <= NOW)


# What has a due time is not done. Of one place only the first in this line can go: what is on its
# way, what the service asked us to postpone, then answers, then alerts, each in their order; so
# nothing overtakes what was put back, and a place that is to be left alone for a while is. Edits of
# what was said before come last, and wait for their turn without keeping anybody else.
LINE = (
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
                    (IS_POST, 3),
                    else_=4,
                ),
                deliveries.c.seq,
            ),
        )
        .label("rank"),
    )
    .where(deliveries.c.due_at.is_not(None))
    .subquery()
)
DUE_PLACES = select(deliveries.c.place_id).where(
    deliveries.c.due_at <= NOW, deliveries.c.state != SENDING
)
OPEN_PLACES = select(deliveries.c.place_id).where(
    deliveries.c.due_at.is_not(None),
    or_(IS_POST, deliveries.c.state == SENDING, deliveries.c.postponed),
)
_HEADS = (
    select(*LINE.c["id", "place_id"])
    .where(
        LINE.c.rank == 1,
        LINE.c.place_id.in_(PLACES),
        LINE.c.due_at <= NOW,
        LINE.c.state != SENDING,
        (LINE.c.kind == EDIT) == (bindparam("edits") == 1),
    )
    .order_by(LINE.c.is_answer.desc(), LINE.c.due_at, LINE.c.seq)
    .limit(bindparam("at_most"))
)
_JOIN_DELIVERY = (
    update(alerts)
    .where(alerts.c.id == bindparam("alert"))
    .values(delivery_id=bindparam("delivery"))
)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a claim takes place, and for whom."""

    services: frozenset[str]
    now: datetime
    group_within_s: float
    limit: int


async def heads(
    session: Session, in_these: Mapping[str, Any], *, edits: bool, at_most: int
) -> Sequence[Row[Any]]:
    """Those that are first in their place's line, and due; posts or edits."""
    kind = {**in_these, "edits": int(edits), "at_most": at_most}
    return (await session.execute(_HEADS, kind)).all()


async def make(
    session: Session, those: Sequence[tuple[str, int, str | None]], *, now: datetime
) -> None:
    """Make deliveries of alerts: the id, the place, and the card that it edits, if it does."""
    await session.execute_each(
        insert(deliveries),
        [
            {
                "id": delivery,
                "place_id": place,
                "kind": POST if card is None else EDIT,
                "edits": card,
                "is_answer": False,
                "state": PENDING,
                "created_at": now,
                "due_at": now,
            }
            for delivery, place, card in those
        ],
    )


async def carry(session: Session, those: Sequence[tuple[str, int]]) -> None:
    """Have deliveries carry alerts."""
    await session.execute_each(
        _JOIN_DELIVERY, [{"alert": alert, "delivery": delivery} for delivery, alert in those]
    )
