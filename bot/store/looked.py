"""Writes what looks found on their targets: what was seen, and when to look again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Integer,
    Row,
    Text,
    Update,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    update,
)

from bot.ports.store import News
from bot.ports.targets import LookResult
from bot.store.columns import UtcDateTime, moment_as_text
from bot.store.compact import compact_json
from bot.store.many import rows_of_json
from bot.store.schema import targets, watches
from bot.store.session import Session
from bot.store.values import observation_columns

# A push is announced before the tag moves, so that the first look after a hint often finds the old
# digest; this is how long after each such look the next one follows.
_LOOK_AGAIN_AFTER_S = (0.1, 0.5, 2.0, 10.0)

_CHANGE_HINT = (
    update(targets)
    .where(targets.c.id == bindparam("target"))
    .values(hint_digest=bindparam("new_hint_digest"), hint_tries=bindparam("new_hint_tries"))
)


_WATCHED = exists().where(watches.c.target_id == targets.c.id, watches.c.ended_at.is_(None))
_WANTED = or_(_WATCHED, targets.c.derived_from.is_not(None))


def _update_target(*columns: str, **fixed: Any) -> Update:
    """Set these columns from parameters new_<column>, and what every look sets."""
    due_at = bindparam("new_due_at", type_=UtcDateTime())
    return (
        update(targets)
        .where(targets.c.id == bindparam("target"), targets.c.lease_token == bindparam("lease"))
        .values(
            {name: bindparam(f"new_{name}") for name in ("looked_at", "failures", *columns)}
            | {"due_at": case((_WANTED, due_at), else_=null())}
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

# What _SAME does, for all of them at once, where that is cheaper.
_LOOKS = rows_of_json(
    "looks",
    {
        "id": Integer(),
        "lease": Text(),
        "seen_at": UtcDateTime(),
        "etag": Text(),
        "due_at": UtcDateTime(),
    },
)
_ALL_SAME = (
    update(targets)
    .where(targets.c.id == _LOOKS.c.id, targets.c.lease_token == _LOOKS.c.lease)
    .values(
        looked_at=_LOOKS.c.seen_at,
        observed_at=_LOOKS.c.seen_at,
        etag=_LOOKS.c.etag,
        failures=0,
        due_at=case((_WANTED, _LOOKS.c.due_at), else_=null()),
        lease_token=None,
        lease_until=None,
        **_NO_TROUBLE,
    )
)


@dataclass(frozen=True, slots=True)
class Held:
    """A look whose lease holds, and its target as it is now."""

    look: LookResult
    row: Row[Any]

    @property
    def is_hinted(self) -> bool:
        """Whether something happened to the target since it was claimed."""
        return bool(self.row.hint_seq != self.look.target.hint_seq)

    @property
    def awaits_push(self) -> bool:
        """Whether what was pushed is not to be seen yet, so that this look is soon repeated."""
        digest = self.row.hint_digest
        is_over = self.row.hint_tries == len(_LOOK_AGAIN_AFTER_S)
        return digest is not None and not is_over and not _shows(self.look, digest)


async def write_targets(session: Session, held: Iterable[Held], *, now: datetime) -> None:
    """What was seen, the next due time, and what becomes of hints; the leases end."""
    rows: dict[Update, list[dict[str, Any]]] = {_SAME: [], _OTHER: [], _UNCLEAR: []}
    same: list[tuple[Any, ...]] = []
    hints: list[dict[str, Any]] = []
    at_once = session.dialect == "sqlite"
    for each in held:
        due_at, hint = _next(each, now)
        if at_once and _is_unchanged(each.look):
            same.append(_unchanged(each.look, due_at))
        else:
            statement, columns = _observed(each.look)
            rows[statement].append({**columns, "new_due_at": due_at})
        if hint is not None:
            hints.append({"target": each.row.id, **hint})
        if hint is not None or each.is_hinted:
            session.news.add(News.LOOKS)
    for statement, parameters in rows.items():
        await session.execute_each(statement, parameters)
    if same:
        await session.execute(_ALL_SAME, {"looks": compact_json(same)})
    await session.execute_each(_CHANGE_HINT, hints)


def _next(held: Held, now: datetime) -> tuple[datetime | None, Mapping[str, Any] | None]:
    """When the target is due, and what becomes of the hint, or None if it stays as it is."""
    look, tries = held.look, held.row.hint_tries
    if held.is_hinted:
        return now, None
    if held.row.hint_digest is None or not look.observation.is_clear:
        return look.due_at, None
    if not held.awaits_push:
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
    observation = look.observation
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
    if _is_unchanged(look):
        columns["new_observed_at"] = observation.observed_at
        columns["new_etag"] = observation.etag
        return _SAME, columns
    seen = {f"new_{name}": value for name, value in observation_columns(observation).items()}
    # At first sight nobody knows since when it is so.
    changed_at = observation.observed_at if look.changed and look.target.observation else None
    return _OTHER, columns | seen | {"new_changed_at": changed_at}


def _is_unchanged(look: LookResult) -> bool:
    """Whether only the time has gone on; most looks are of this kind and cost the least."""
    known, observation = look.target.observation, look.observation
    if look.changed or known is None or observation.trouble is not None:
        return False
    return (
        known.status is observation.status
        and known.digest == observation.digest
        and (known.entries is observation.entries or known.entries == observation.entries)
    )


def _unchanged(look: LookResult, due_at: datetime | None) -> tuple[Any, ...]:
    """A row of _LOOKS."""
    target, observation = look.target, look.observation
    seen_at = moment_as_text(observation.observed_at)
    return target.id, target.lease, seen_at, observation.etag, moment_as_text(due_at)
