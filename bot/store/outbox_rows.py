"""Reads deliveries and alerts as they are sent, and as an operator sees them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select

from bot.core.message.neutral import Message
from bot.core.model import Alert, Event, WatchId
from bot.ports.outbox import Delivery, Edited, OutboxEntry, OwedAlert
from bot.store.damage import readable
from bot.store.lines import IS_UNSENT
from bot.store.schema import alerts, deliveries, places, watchers, watches
from bot.store.session import Session
from bot.store.states import PENDING, SENT
from bot.store.values import facts_from_json, place_from, platform_from_text

_IDS: Any = bindparam("ids", expanding=True)
_NOT_READABLE = "(not readable)"

_card = deliveries.alias("card")
_DELIVERIES = (
    select(
        deliveries,
        *places.c["service", "conversation", "thread"],
        _card.c.message_id.label("card_message_id"),
    )
    .select_from(
        deliveries.join(places, deliveries.c.place_id == places.c.id).outerjoin(
            _card, _card.c.id == deliveries.c.edits
        )
    )
    .where(deliveries.c.id.in_(_IDS))
)
_ALERTS = select(alerts).where(alerts.c.delivery_id.in_(_IDS)).order_by(alerts.c.id)
_PEOPLE = (
    select(watchers.c.watch_id, watchers.c.person)
    .where(watchers.c.watch_id.in_(select(alerts.c.watch_id).where(alerts.c.delivery_id.in_(_IDS))))
    .order_by(watchers.c.id)
)
_LISTED = (
    select(deliveries, *places.c["service", "conversation", "thread"])
    .join_from(deliveries, places)
    .order_by(deliveries.c.seq.desc())
    .limit(bindparam("at_most"))
)
_LISTED_UNSENT = _LISTED.where(IS_UNSENT)
_LOOSE = (
    select(
        alerts,
        *places.c["service", "conversation", "thread", "parked_until", "gather_until"],
        places.c.muted_until.label("place_muted_until"),
        watches.c.muted_until,
    )
    .select_from(alerts.join(watches).join(places, alerts.c.place_id == places.c.id))
    .where(alerts.c.delivery_id.is_(None))
    .order_by(alerts.c.id.desc())
    .limit(bindparam("at_most"))
)


async def read_deliveries(
    session: Session, ids: Sequence[str], *, uncertain: frozenset[str]
) -> list[Delivery]:
    """Leased deliveries with their alerts, in the order of ids, but those that make no sense."""
    by_id = {"ids": list(ids)}
    rows = {row.id: row for row in await session.execute(_DELIVERIES, by_id)}
    owed = await _owed(session, [row.id for row in rows.values() if row.message is None])

    def read(row: Row[Any]) -> Delivery:
        return Delivery(
            id=row.id,
            place=place_from(row),
            message=None if row.message is None else Message.from_json(row.message),
            alerts=tuple(_owed_alert(alert, people) for alert, people in owed.get(row.id, ())),
            uncertain=row.id in uncertain,
            tries=row.tries - 1,
            first_try_at=row.first_try_at,
            lease=row.lease_token,
            person=row.person,
            instead_of=row.instead_of,
            edits=Edited(row.edits, row.card_message_id) if row.edits else None,
        )

    return list(readable((rows[each] for each in ids), read, table="deliveries"))


async def _owed(
    session: Session, ids: Sequence[str]
) -> dict[str, list[tuple[Row[Any], Sequence[str]]]]:
    """The alerts that deliveries carry, each with the people of its watch."""
    if not ids:
        return {}
    people: defaultdict[int, list[str]] = defaultdict(list)
    for row in await session.execute(_PEOPLE, {"ids": ids}):
        people[row.watch_id].append(row.person)
    owed: defaultdict[str, list[tuple[Row[Any], Sequence[str]]]] = defaultdict(list)
    for row in await session.execute(_ALERTS, {"ids": ids}):
        owed[row.delivery_id].append((row, people[row.watch_id]))
    return owed


def _owed_alert(row: Row[Any], people: Sequence[str]) -> OwedAlert:
    alert = Alert(
        WatchId(row.watch_id),
        Event(row.event),
        platform_from_text(row.platform) if row.platform else None,
        row.episode,
    )
    return OwedAlert(alert, facts_from_json(row.facts), tuple(people))


async def read_entries(session: Session, *, limit: int, include_sent: bool) -> list[OutboxEntry]:
    """The newest of the deliveries and of the alerts without one, in order of their making."""
    listed = await session.execute(_LISTED if include_sent else _LISTED_UNSENT, {"at_most": limit})
    rows = listed.all()
    loose = (await session.execute(_LOOSE, {"at_most": limit})).all()
    carried: Sequence[Row[Any]] = ()
    if alerting := [row.id for row in rows if row.message is None]:
        carried = (await session.execute(_ALERTS, {"ids": alerting})).all()
    about: defaultdict[str, list[str]] = defaultdict(list)
    for row in carried:
        about[row.delivery_id].append(_subject(row))
    entries = [_delivery_entry(row, about[row.id]) for row in reversed(rows)]
    entries += [_alert_entry(row) for row in reversed(loose)]
    entries.sort(key=lambda entry: entry.created_at)
    return entries[max(len(entries) - limit, 0) :]


def _delivery_entry(row: Row[Any], about: Sequence[str]) -> OutboxEntry:
    headline = "; ".join(about) if row.message is None else _headline(row)
    return OutboxEntry(
        id=row.id,
        place=place_from(row),
        state=row.state,
        about=headline,
        tries=row.tries,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.settled_at if row.state == SENT else None,
        last_error=row.last_error,
    )


def _alert_entry(row: Row[Any]) -> OutboxEntry:
    held_back = (
        row.parked_until,
        row.gather_until,
        row.place_muted_until,
        row.muted_until,
        row.created_at,
    )
    return OutboxEntry(
        id=f"alert-{row.id}",
        place=place_from(row),
        state=PENDING,
        about=_subject(row),
        tries=0,
        created_at=row.created_at,
        due_at=max(moment for moment in held_back if moment is not None),
        sent_at=None,
        last_error=None,
    )


def _headline(row: Row[Any]) -> str:
    try:
        return str(row.message["headline"])
    except (TypeError, KeyError):
        return _NOT_READABLE


def _subject(row: Row[Any]) -> str:
    """What an alert is about, in the words it is stored in."""
    try:
        reference = str(facts_from_json(row.facts).reference)
    except (TypeError, ValueError, KeyError):
        reference = _NOT_READABLE
    return " ".join(part for part in (reference, row.platform, row.event) if part)
