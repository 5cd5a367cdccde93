"""Reads watches with their wants and people."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from bot.core.model import Watch, WatchId
from bot.store.damage import readable
from bot.store.schema import configured, places, registries, targets, wants, watchers, watches
from bot.store.session import Session
from bot.store.values import (
    clear_observation,
    place_from,
    platform_from_text,
    reference_from,
    trouble_of,
    want_from,
)

_WATCHES = select(
    *watches.c["id", "standing", "created_at", "expires_at", "muted_until", "ended_at", "source"],
    *places.c["service", "conversation", "thread"],
    *targets.c[
        "registry",
        "repository",
        "tag",
        "status",
        "digest",
        "etag",
        "entries",
        "observed_at",
        "looked_at",
        "due_at",
        "trouble_kind",
        "trouble_http_status",
        "trouble_retry_at",
    ],
    registries.c.parked_until,
    configured.c.platforms.label("configured"),
).select_from(
    watches.join(targets)
    .join(places)
    .outerjoin(registries, registries.c.registry == targets.c.registry)
    .outerjoin(configured, configured.c.watch_id == watches.c.id)
)
_WANTS = (
    select(wants, watches.c.standing, watches.c.tells)
    .select_from(wants.join(watches).join(places))
    .order_by(wants.c.id)
)
_PEOPLE = (
    select(watchers.c.watch_id, watchers.c.person)
    .select_from(watchers.join(watches).join(places))
    .order_by(watchers.c.id)
)


class WatchReader:
    """Gives the watches that fulfil some conditions, in three statements however many they are.

    One whose rows make no sense is left out.

    conditions: on columns of watches and places. in_order: what decides about the order, and with
    at_most about which of them; the oldest first without it.
    """

    def __init__(
        self,
        *conditions: ColumnElement[bool],
        in_order: ColumnElement[Any] = watches.c.id,
        at_most: ColumnElement[int] | None = None,
    ) -> None:
        chosen = select(watches.c.id).select_from(watches.join(places)).where(*conditions)
        chosen = chosen.order_by(in_order, watches.c.id)
        chosen = chosen if at_most is None else chosen.limit(at_most)
        of_chosen = watches.c.id.in_(chosen)
        self._watches: Select[Any] = _WATCHES.where(of_chosen).order_by(in_order, watches.c.id)
        self._wants: Select[Any] = _WANTS.where(of_chosen)
        self._people: Select[Any] = _PEOPLE.where(of_chosen)

    async def read(self, session: Session, parameters: Mapping[str, Any]) -> list[Watch]:
        """The watches under these parameters of the conditions."""
        found = (await session.execute(self._watches, parameters)).all()
        if not found:
            return []
        wanted: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for row in await session.execute(self._wants, parameters):
            wanted[row.watch_id].append(row)
        people: defaultdict[int, list[str]] = defaultdict(list)
        for row in await session.execute(self._people, parameters):
            people[row.watch_id].append(row.person)

        def read(row: Row[Any]) -> Watch:
            return _watch(row, wanted[row.id], tuple(people[row.id]))

        # One that has ended since the first statement has no wants in the second.
        whole = [row for row in found if row.id in wanted]
        return list(readable(whole, read, table="watches"))


def _watch(row: Row[Any], wanted: Sequence[Row[Any]], people: tuple[str, ...]) -> Watch:
    return Watch(
        id=WatchId(row.id),
        reference=reference_from(row),
        place=place_from(row),
        wants=tuple(map(want_from, wanted)),
        people=people,
        created_at=row.created_at,
        standing=row.standing,
        expires_at=row.expires_at,
        muted_until=row.muted_until,
        ended_at=row.ended_at,
        looked_at=row.looked_at,
        due_at=row.due_at,
        observation=clear_observation(row),
        trouble=trouble_of(row),
        parked_until=row.parked_until,
        configured=tuple(map(platform_from_text, row.configured or ())),
    )
