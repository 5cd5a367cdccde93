"""Puts what has come for cards into edits of them.

A card can be edited once its post has its outcome; if that is dead, or was told elsewhere instead,
there is nothing to edit.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from bot.store.lines import (
    IS_EDIT,
    LANDED,
    OF_SERVICES,
    OPEN_PLACES,
    OUT,
    PLACES,
    Turn,
    carry,
    heads,
    make,
)
from bot.store.schema import alerts, deliveries, places
from bot.store.session import Session
from bot.store.states import DEAD, SENDING, SENT

_out, _card = alerts.alias("out"), deliveries.alias("card")
LOOSE_EDITS = (
    select(alerts.c.id, alerts.c.place_id, _card.c.id.label("card"), _card.c.message_id)
    .select_from(
        alerts.join(_out, (_out.c.watch_id == alerts.c.watch_id) & (_out.c.event == OUT))
        .join(_card, _out.c.delivery_id == _card.c.id)
        .join(places, alerts.c.place_id == places.c.id)
    )
    .where(
        alerts.c.delivery_id.is_(None),
        alerts.c.event == LANDED,
        _card.c.state.in_((SENT, DEAD)),
    )
)
_EDITABLE = LOOSE_EDITS.where(
    alerts.c.place_id.in_(PLACES), alerts.c.place_id.not_in(OPEN_PLACES)
).order_by(alerts.c.id)
# What has not gone yet says what is newest when it goes.
_WAITING_EDITS = select(deliveries.c.edits, deliveries.c.id).where(
    deliveries.c.place_id.in_(PLACES),
    deliveries.c.due_at.is_not(None),
    deliveries.c.state != SENDING,
    IS_EDIT,
)
EDITS_OF_SERVICES: Select[Any] = (
    LOOSE_EDITS.with_only_columns(places.c.parked_until, alerts.c.created_at)
    .where(OF_SERVICES, alerts.c.place_id.not_in(OPEN_PLACES))
    .distinct()
)


async def choose_edits(
    session: Session, idle: Sequence[int], turn: Turn, *, at_most: int
) -> list[str]:
    """Edits for places that are told nothing else now, at most one a place.

    All that has come for a card since its last edit goes into one, and says what is newest.
    """
    in_these = {"places": idle, "now": turn.now}
    waiting = {row.edits: row.id for row in await session.execute(_WAITING_EDITS, in_these)}
    every = (await session.execute(_EDITABLE, in_these)).all()
    # Kept with the card itself: should that be posted after all, it says these, too.
    await carry(session, [(row.card, row.id) for row in every if row.message_id is None])
    loose = [row for row in every if row.message_id is not None]
    await carry(session, [(waiting[row.card], row.id) for row in loose if row.card in waiting])
    first = await heads(session, in_these, edits=True, at_most=at_most)
    chosen = [row.id for row in first]
    cards: dict[int, str] = {row.place_id: "" for row in first}
    for row in loose:
        if row.card not in waiting and len(cards) < at_most:
            cards.setdefault(row.place_id, row.card)
    made = [(session.new_token(), place, card) for place, card in cards.items() if card]
    await make(session, made, now=turn.now)
    edits = {card: delivery for delivery, _, card in made}
    await carry(session, [(edits[row.card], row.id) for row in loose if row.card in edits])
    return [*chosen, *edits.values()]
