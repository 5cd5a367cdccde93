"""Writes what looks found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Update, bindparam, case, exists, func, null, select, update

from bot.core.model import Alert, Observation, Want, WatchId
from bot.ports import LookResult, News
from bot.store.columns import UtcDateTime
from bot.store.dialect import insert_or_ignore
from bot.store.schema import alerts, observations, targets, wants, watches
from bot.store.session import Session
from bot.store.values import entries_to_json, facts_to_json, observation_columns

# A push is announced before the tag moves, so that the first look after a hint often finds the old
# digest; this is how long after each such look the next one follows.
_LOOK_AGAIN_AFTER_S = (0.1, 0.5, 2.0, 10.0)

_HELD = (
    select(
        targets.c.id,
        targets.c.lease_token,
        targets.c.hint_seq,
        targets.c.hint_digest,
        targets.c.hint_tries,
    )
    .where(targets.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(targets.c.id)
    .with_for_update(key_share=True)
)
_WANTED = (
    select(*wants.c["watch_id", "platform", "episode"], watches.c.standing)
    .join_from(wants, watches)
    .where(wants.c.watch_id.in_(bindparam("watches", expanding=True)))
)
_CHANGING = ("state", "episode", "digest", "stale", "completing")
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
_CHANGE_HINT = (
    update(targets)
    .where(targets.c.id == bindparam("target"))
    .values(hint_digest=bindparam("new_hint_digest"), hint_tries=bindparam("new_hint_tries"))
)


def _update_target(*columns: str, **fixed: Any) -> Update:
    """Set these columns from parameters new_<column>, and what every look sets."""
    wanted = exists().where(watches.c.target_id == targets.c.id, watches.c.ended_at.is_(None))
    due_at = bindparam("new_due_at", type_=UtcDateTime())
    return (
        update(targets)
        .where(targets.c.id == bindparam("target"), targets.c.lease_token == bindparam("lease"))
        .values(
            {name: bindparam(f"new_{name}") for name in ("looked_at", "failures", *columns)}
            | {"due_at": case((wanted, due_at), else_=null())}
            | {"lease_token": None, "lease_until": None}
            | fixed
        )
    )


_NO_TROUBLE = {
    "trouble_status": None,
    "trouble_kind": None,
    "trouble_http_status": None,
    "trouble_retry_at": None,
}
_SAME = _update_target("observed_at", "etag", **_NO_TROUBLE)
_OTHER = _update_target(
    "status",
    "digest",
    "etag",
    "entries",
    "observed_at",
    changed_at=func.coalesce(
        bindparam("new_changed_at", type_=UtcDateTime()), targets.c.changed_at
    ),
    **_NO_TROUBLE,
)
_UNCLEAR = _update_target(*_NO_TROUBLE)


@dataclass(frozen=True, slots=True)
class _Held:
    """A look whose lease holds, and its target as it is now."""

    look: LookResult
    row: Row[Any]

    @property
    def is_hinted(self) -> bool:
        """Whether something happened to the target since it was claimed."""
        return bool(self.row.hint_seq != self.look.target.hint_seq)


async def record_looks(
    session: Session, looks: Sequence[LookResult], *, now: datetime
) -> list[bool]:
    """Write looks with their wants, history and alerts; False for those whose lease was lost.

    The targets are locked first, and whatever else changes wants or watches does the same: what
    is read here stays so until the commit, and whoever comes second sees it.
    """
    rows = await session.execute(_HELD, {"ids": [look.target.id for look in looks]})
    now_there = {row.id: row for row in rows}
    held = [
        _Held(look, now_there[look.target.id])
        for look in looks
        if now_there[look.target.id].lease_token == look.target.lease
    ]
    await _write_decisions(session, held, now=now)
    await _write_history(session, held)
    await _write_targets(session, held, now=now)
    written = {id(each.look) for each in held}
    return [id(look) in written for look in looks]


async def _write_decisions(session: Session, held: Sequence[_Held], *, now: datetime) -> None:
    left = await _left_to_the_next_look(session, held)
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
    await _write_alerts(session, held, left=left, now=now)
    finished = {watch for decision in decisions for watch in decision.finished} - left
    if finished:
        await session.execute(_FINISH, {"watches": sorted(finished), "moment": now})


async def _left_to_the_next_look(session: Session, held: Iterable[_Held]) -> frozenset[WatchId]:
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


async def _write_alerts(
    session: Session, held: Iterable[_Held], *, left: frozenset[WatchId], now: datetime
) -> None:
    owed = [
        (alert, facts_to_json(each.look.facts[alert]))
        for each in held
        for alert in each.look.decision.alerts
        if alert.watch not in left
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


async def _write_history(session: Session, held: Iterable[_Held]) -> None:
    changed = [each.look for each in held if each.look.changed and each.look.observation.is_clear]
    await session.execute_each(
        observations.insert(),
        [
            {
                "target_id": look.target.id,
                "status": look.observation.status.value,
                "digest": look.observation.digest,
                "entries": entries_to_json(look.observation.entries),
                "observed_at": look.observation.observed_at,
            }
            for look in changed
        ],
    )


async def _write_targets(session: Session, held: Iterable[_Held], *, now: datetime) -> None:
    rows: dict[Update, list[dict[str, Any]]] = {_SAME: [], _OTHER: [], _UNCLEAR: []}
    hints: list[dict[str, Any]] = []
    for each in held:
        due_at, hint = _next(each, now)
        statement, columns = _observed(each.look)
        rows[statement].append({**columns, "new_due_at": due_at})
        if hint is not None:
            hints.append({"target": each.row.id, **hint})
        if hint is not None or each.is_hinted:
            session.news.add(News.LOOKS)
    for statement, parameters in rows.items():
        await session.execute_each(statement, parameters)
    await session.execute_each(_CHANGE_HINT, hints)


def _next(held: _Held, now: datetime) -> tuple[datetime | None, Mapping[str, Any] | None]:
    """When the target is due, and what becomes of the hint, or None if it stays as it is."""
    look, tries = held.look, held.row.hint_tries
    if held.is_hinted:
        return now, None
    if held.row.hint_digest is None or not look.observation.is_clear:
        return look.due_at, None
    if tries == len(_LOOK_AGAIN_AFTER_S) or _shows(look, held.row.hint_digest):
        return look.due_at, {"new_hint_digest": None, "new_hint_tries": 0}
    soon = now + timedelta(seconds=_LOOK_AGAIN_AFTER_S[tries])
    kept = {"new_hint_digest": held.row.hint_digest, "new_hint_tries": tries + 1}
    return min(look.due_at or soon, soon), kept


def _shows(look: LookResult, digest: str) -> bool:
    """Whether the tag, or one of its platforms, has the digest that was pushed."""
    entries = look.observation.entries.values()
    return digest == look.observation.digest or any(digest == entry.digest for entry in entries)


def _observed(look: LookResult) -> tuple[Update, dict[str, Any]]:
    """The statement that records what was seen, and its parameters but for the due time."""
    observation, known = look.observation, look.target.observation
    columns: dict[str, Any] = {
        "target": look.target.id,
        "lease": look.target.lease,
        "new_looked_at": observation.observed_at,
        "new_failures": look.failures,
    }
    if not observation.is_clear:
        trouble = observation.trouble
        return _UNCLEAR, columns | {
            "new_trouble_status": observation.status.value,
            "new_trouble_kind": trouble.kind.value if trouble else None,
            "new_trouble_http_status": trouble.http_status if trouble else None,
            "new_trouble_retry_at": trouble.retry_at if trouble else None,
        }
    if not look.changed and known is not None and _is_same(known, observation):
        columns["new_observed_at"] = observation.observed_at
        columns["new_etag"] = observation.etag
        return _SAME, columns
    seen = {f"new_{name}": value for name, value in observation_columns(observation).items()}
    # At first sight nobody knows since when it is so.
    changed_at = observation.observed_at if look.changed and known is not None else None
    return _OTHER, columns | seen | {"new_changed_at": changed_at}


def _is_same(known: Observation, observation: Observation) -> bool:
    """Whether only the time has gone on; most looks are of this kind and cost the least."""
    return (known.status, known.digest, known.entries) == (
        observation.status,
        observation.digest,
        observation.entries,
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
    }


def _alert_columns(alert: Alert) -> dict[str, Any]:
    return {
        "watch_id": alert.watch,
        "platform": str(alert.platform) if alert.platform else "",
        "event": alert.event.value,
        "episode": alert.episode,
    }
