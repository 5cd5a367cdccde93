"""Writes what looks found."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.core.model import Alert, Event, Want, WatchId
from bot.ports.store import News
from bot.ports.targets import LookResult
from bot.store.deriving import derive_targets, mark_built, shared_targets
from bot.store.dialect import insert_or_ignore
from bot.store.looked import Held, write_targets
from bot.store.many import among
from bot.store.schema import alerts, observations, targets, wants, watches
from bot.store.session import Session
from bot.store.values import facts_to_json, history_row

_HELD = (
    select(
        targets.c.id,
        targets.c.lease_token,
        targets.c.hint_seq,
        targets.c.hint_digest,
        targets.c.hint_tries,
    )
    .where(among(targets.c.id, "ids"))
    .order_by(targets.c.id)
    .with_for_update(key_share=True)
)
_WANTED = (
    select(*wants.c["watch_id", "platform", "episode"], watches.c.standing)
    .join_from(wants, watches)
    .where(wants.c.watch_id.in_(bindparam("watches", expanding=True)))
)
_GOING = (Event.GONE, Event.TAG_GONE)
_CHANGING = ("state", "episode", "digest", "stale", "completing", "shown")
_CHANGE_WANT = (
    update(wants)
    .where(wants.c.watch_id == bindparam("of_watch"), wants.c.platform == bindparam("of_platform"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_ACTIVE = select(watches.c.id, watches.c.place_id).where(
    watches.c.id.in_(bindparam("watches", expanding=True)), watches.c.ended_at.is_(None)
)
_FINISH = (
    update(watches)
    .where(watches.c.id.in_(bindparam("watches", expanding=True)), watches.c.ended_at.is_(None))
    .values(ended_at=bindparam("moment"), ended_why="complete")
)


async def record_looks(
    session: Session, looks: Sequence[LookResult], *, now: datetime
) -> list[bool]:
    """Write looks with their wants, history and alerts; False for those whose lease was lost.

    The targets are locked first, and whatever else changes wants or watches does the same: what
    is read here stays so until the commit, and whoever comes second sees it.
    """
    locked = {look.target.id for look in looks} | shared_targets(looks)
    rows = await session.execute(_HELD, {"ids": sorted(locked)})
    now_there = {row.id: row for row in rows}
    held = [
        Held(look, now_there[look.target.id])
        for look in looks
        if now_there[look.target.id].lease_token == look.target.lease
    ]
    await _write_decisions(session, held, now=now)
    await _write_history(session, held)
    await write_targets(session, held, now=now)
    await derive_targets(session, held, now=now)
    written = {id(each.look) for each in held}
    return [id(look) in written for look in looks]


async def _write_decisions(session: Session, held: Sequence[Held], *, now: datetime) -> None:
    left = await _left_to_the_next_look(session, held) | _gone_too_early(held)
    decisions = [each.look.decision for each in held]
    await session.execute_each(
        _CHANGE_WANT,
        [
            _want_columns(want)
            for decision in decisions
            for want in decision.wants
            if want.watch not in left
        ],
    )
    built = await mark_built(session, held)
    await _write_alerts(session, held, left=left, built=built, now=now)
    finished = {watch for decision in decisions for watch in decision.finished} - left
    if finished:
        await session.execute(_FINISH, {"watches": sorted(finished), "moment": now})


async def _left_to_the_next_look(session: Session, held: Iterable[Held]) -> frozenset[WatchId]:
    """The watches whose platforms, or whether they stand, are no longer what the look knew.

    Nothing that was decided for them is written: their target is due at once, and the next look
    decides anew for what they want now.
    """
    known = {
        (want.watch, str(want.platform), want.episode, want.standing)
        for each in held
        if each.is_hinted
        for want in each.look.target.wants
    }
    if not known:
        return frozenset()
    rows = await session.execute(_WANTED, {"watches": sorted({watch for watch, *_ in known})})
    wanted = {(WatchId(row.watch_id), row.platform, row.episode, row.standing) for row in rows}
    return frozenset(watch for watch, *_ in known ^ wanted)


def _gone_too_early(held: Iterable[Held]) -> frozenset[WatchId]:
    """The watches that would be told that something has gone before the tag shows what was pushed.

    A build that is pushed in two steps takes a platform away for a moment, and the look that comes
    with the second one may still find the first.
    """
    return frozenset(
        alert.watch
        for each in held
        if each.awaits_push
        for alert in each.look.decision.alerts
        if alert.event in _GOING
    )


async def _write_alerts(
    session: Session,
    held: Iterable[Held],
    *,
    left: frozenset[WatchId],
    built: frozenset[Alert],
    now: datetime,
) -> None:
    """Write what is owed; of what is built, what is news to those who wait for it."""
    owed = [
        (alert, facts_to_json(each.look.facts[alert]))
        for each in held
        for alert in each.look.decision.alerts
        if (alert in built if alert.event is Event.BUILT else alert.watch not in left)
    ]
    if not owed:
        return
    session.news.add(News.DELIVERIES)
    watching = sorted({alert.watch for alert, _ in owed})
    rows = await session.execute(_ACTIVE, {"watches": watching})
    places: dict[int, int] = {row.id: row.place_id for row in rows}
    await session.execute_each(
        insert_or_ignore(alerts, session.dialect),
        [
            {
                **_alert_columns(alert),
                "place_id": places[alert.watch],
                "facts": facts,
                "created_at": now,
            }
            for alert, facts in owed
            if alert.watch in places
        ],
    )


async def _write_history(session: Session, held: Iterable[Held]) -> None:
    changed = [each.look for each in held if each.look.changed and each.look.observation.is_clear]
    await session.execute_each(
        observations.insert(),
        [
            history_row(look.target.id, look.observation, before=look.target.observation)
            for look in changed
        ],
    )


def _want_columns(want: Want) -> dict[str, Any]:
    return {
        "of_watch": want.watch,
        "of_platform": str(want.platform),
        "new_state": want.state.value,
        "new_episode": want.episode,
        "new_digest": want.digest,
        "new_stale": want.stale,
        "new_completing": want.completing,
        "new_shown": None if want.shown is None else list(want.shown),
    }


def _alert_columns(alert: Alert) -> dict[str, Any]:
    return {
        "watch_id": alert.watch,
        "platform": str(alert.platform) if alert.platform else "",
        "event": alert.event.value,
        "episode": alert.episode,
    }
