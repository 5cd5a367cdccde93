"""Targets that are looked at for the sake of others, and what they tell these."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, tuple_, update

from bot.core.early import built_alert
from bot.core.model import Alert, TargetId, Want, WantState
from bot.core.reference import Reference
from bot.ports.store import News
from bot.ports.targets import LookResult
from bot.store.columns import UtcDateTime
from bot.store.dialect import insert_or_ignore
from bot.store.looked import Held
from bot.store.schema import targets, wants, watches
from bot.store.session import Session

_NOW = bindparam("now", type_=UtcDateTime())
_KEY = ("registry", "repository", "tag")
_KNOWN = select(*targets.c[(*_KEY, "id", "derived_from", "due_at", "lease_until")]).where(
    tuple_(*targets.c[_KEY]).in_(bindparam("keys", expanding=True))
)
# One that somebody is looking at just now, or has locked, has its turn with the next look.
_FREE = (
    select(targets.c.id)
    .where(targets.c.id == bindparam("derived"))
    .with_for_update(skip_locked=True, key_share=True)
).scalar_subquery()
_TIE = update(targets).where(targets.c.id == _FREE).values(derived_from=bindparam("shared"))
_WAKE = _TIE.values(due_at=_NOW)
_BEGIN = _WAKE.values(newest_watch_at=_NOW)

_AWAITING = (
    select(*wants.c["id", "watch_id", "platform", "episode"])
    .join_from(wants, watches)
    .where(
        wants.c.watch_id.in_(bindparam("watches", expanding=True)),
        wants.c.state == WantState.WAITING.value,
        wants.c.built.is_(False),
        watches.c.ended_at.is_(None),
    )
)
_MARK = update(wants).where(wants.c.id.in_(bindparam("ids", expanding=True))).values(built=True)


async def derive_targets(session: Session, held: Iterable[Held], *, now: datetime) -> None:
    """Have the targets looked at that looks want for the sake of their own.

    One that rests begins at once; so does one whose shared target has just changed, as the rest of
    a build seldom comes alone.
    """
    of = {_key(reference): each for each in held for reference in each.look.derived}
    if not of:
        return
    known = await _known(session, of)
    fresh = [dict(zip(_KEY, key, strict=True)) for key in of if key not in known]
    if fresh:
        made = insert_or_ignore(targets, session.dialect)
        await session.execute_each(made, [{**key, "newest_watch_at": now} for key in fresh])
        known = await _known(session, of)
    for key, row in sorted(known.items(), key=lambda pair: pair[1].id):
        await _rouse(session, row, of[key], now=now)


async def _known(session: Session, keys: Iterable[tuple[str, ...]]) -> dict[Any, Row[Any]]:
    rows = await session.execute(_KNOWN, {"keys": list(keys)})
    return {(row.registry, row.repository, row.tag): row for row in rows}


def _key(reference: Reference) -> tuple[str, ...]:
    return (reference.registry, reference.repository, reference.tag or "")


async def _rouse(session: Session, row: Row[Any], shared: Held, *, now: datetime) -> None:
    """Write what must change on a derived target, which mostly is nothing."""
    is_leased = row.lease_until is not None and row.lease_until > now
    these = {"derived": row.id, "shared": shared.row.id}
    if row.due_at is None:
        await session.execute(_BEGIN, {**these, "now": now})
        session.news.add(News.LOOKS)
    elif shared.look.changed and row.due_at > now and not is_leased:
        await session.execute(_WAKE, {**these, "now": now})
        session.news.add(News.LOOKS)
    elif row.derived_from != shared.row.id:
        await session.execute(_TIE, these)


def shared_targets(looks: Iterable[LookResult]) -> set[TargetId]:
    """The targets whose wants are changed by what was seen of others derived from them."""
    return {
        look.target.shared.id for look in looks if look.target.shared is not None and look.built
    }


async def mark_built(session: Session, held: Iterable[Held]) -> frozenset[Alert]:
    """Have the wants know that their platform is built; the alerts of those that did not yet.

    One that has been met, dropped or told meanwhile is left alone. Their targets must be locked.
    """
    found = {_identity(want): want for each in held for want in each.look.built}
    if not found:
        return frozenset()
    watching = sorted({want.watch for want in found.values()})
    rows = await session.execute(_AWAITING, {"watches": watching})
    awaiting = {(row.watch_id, row.platform, row.episode): row.id for row in rows}
    marked = found.keys() & awaiting.keys()
    if marked:
        await session.execute(_MARK, {"ids": sorted(awaiting[each] for each in marked)})
    return frozenset(built_alert(found[each]) for each in marked)


def _identity(want: Want) -> tuple[int, str, int]:
    return (want.watch, str(want.platform), want.episode)
