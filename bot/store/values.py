"""Values of the core as they are stored, and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from bot.core.errors import TroubleKind
from bot.core.model import (
    AlertFacts,
    Entry,
    Event,
    Observation,
    Place,
    Status,
    Trouble,
    Want,
    WantState,
    WatchId,
)
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.log import Log

log = Log(__name__)

# To call an enum's class takes several times as long.
_STATUSES = {status.value: status for status in Status}
_STATES = {state.value: state for state in WantState}


def storable(text: str) -> str:
    """A stranger's text without what not every database keeps: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1024)
def platform_from(*parts: str) -> Platform:
    """One Platform for all the rows that have it."""
    return Platform(*parts)


@lru_cache(maxsize=1024)
def platform_from_text(stored: str) -> Platform:
    """The platform whose str() was stored."""
    return platform_from(*stored.split("/", 2))


def entries_to_json(entries: Mapping[Platform, Entry]) -> list[list[Any]]:
    """Entries in their order; platforms in parts, because a registry may put anything there."""
    return [
        [
            [platform.os, platform.architecture, platform.variant],
            entry.digest,
            entry.reachable,
            entry.created.isoformat() if entry.created else None,
            entry.revision,
        ]
        for platform, entry in entries.items()
    ]


def entries_from_json(stored: Sequence[Any]) -> dict[Platform, Entry]:
    """The entries that entries_to_json() was given."""
    return {
        platform_from(*platform): Entry(
            digest, reachable, datetime.fromisoformat(created) if created else None, revision
        )
        for platform, digest, reachable, created, revision in stored
    }


def observation_columns(observation: Observation) -> dict[str, Any]:
    """The columns of a target for a clear observation."""
    return {
        "status": observation.status.value,
        "digest": observation.digest,
        "etag": observation.etag,
        "entries": entries_to_json(observation.entries),
        "observed_at": observation.observed_at,
    }


def history_row(
    target: int, observation: Observation, *, before: Observation | None = None
) -> dict[str, Any]:
    """The row of the history for a clear observation that is news; before: what was known of it."""
    return {
        "target_id": target,
        "status": observation.status.value,
        "digest": observation.digest,
        "entries": entries_to_json(observation.entries),
        "observed_at": observation.observed_at,
        "not_before": before.observed_at if before is not None else None,
    }


def clear_observation(row: Row[Any]) -> Observation | None:
    """The last clear observation of a target's row, or None if there was none.

    One that makes no sense is logged and counts as none: the next look replaces it.
    """
    if row.status is None:
        return None
    try:
        return Observation(
            status=_STATUSES[row.status],
            observed_at=row.observed_at,
            digest=row.digest,
            entries=entries_from_json(row.entries),
            etag=row.etag,
        )
    except Exception:
        # Whatever is wrong with it: its target must still be looked at.
        target = f"{row.registry}/{row.repository}:{row.tag}"
        log.exception("observation_not_readable", target=target)
        return None


def latest_observation(row: Row[Any]) -> Observation | None:
    """What the last look at a target found, clear or not."""
    if row.trouble_status is None:
        return clear_observation(row)
    return Observation(Status(row.trouble_status), row.looked_at, trouble=trouble_of(row))


def trouble_of(row: Row[Any]) -> Trouble | None:
    """Why the last look at a target was not clear; None if it was."""
    kind = row.trouble_kind
    if kind is None:
        return None
    return Trouble(TroubleKind(kind), row.trouble_http_status, row.trouble_retry_at)


def reference_from(row: Row[Any]) -> Reference:
    """The reference of a row that has its parts as columns."""
    return Reference(row.registry, row.repository, row.tag)


def place_from(row: Row[Any]) -> Place:
    """The place of a row that has its parts as columns."""
    return Place(row.service, row.conversation, row.thread)


def want_from(row: Row[Any]) -> Want:
    """A want of a row that has the columns of its watch too."""
    return Want(
        watch=WatchId(row.watch_id),
        platform=platform_from_text(row.platform),
        state=_STATES[row.state],
        episode=row.episode,
        standing=row.standing,
        digest=row.digest,
        stale=row.stale,
        completing=row.completing,
        tells=tells_from(tuple(row.tells)),
        built=row.built,
        shown=None if row.shown is None else tuple(row.shown),
    )


@lru_cache(maxsize=64)
def tells_from(stored: tuple[str, ...]) -> frozenset[Event]:
    """The events whose values were stored."""
    return frozenset(Event(value) for value in stored)


def facts_to_json(facts: AlertFacts) -> dict[str, Any]:
    """A JSON object that facts_from_json() turns back into equal facts."""
    reference = facts.reference
    return {
        "reference": [reference.registry, reference.repository, reference.tag, reference.digest],
        "digest": facts.digest,
        "there": list(facts.there),
        "missing": list(facts.missing),
        "observed_at": facts.observed_at.isoformat(),
        "wanted_since": facts.wanted_since.isoformat(),
    }


def facts_from_json(stored: Mapping[str, Any]) -> AlertFacts:
    """The facts that facts_to_json() was given."""
    return AlertFacts(
        reference=Reference(*stored["reference"]),
        digest=stored["digest"],
        there=tuple(stored["there"]),
        missing=tuple(stored["missing"]),
        observed_at=datetime.fromisoformat(stored["observed_at"]),
        wanted_since=datetime.fromisoformat(stored["wanted_since"]),
    )
