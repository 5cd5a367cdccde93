"""When a change of a library file was merged, as GitHub tells it.

A file's list of commits holds what somebody wrote, often hours before it was merged: only the pull
request knows when that was.

Source: GitHub REST API, "List commits" and "List pull requests associated with a commit".
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.git import COMMIT


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that changed a file, and when it was committed."""

    id: str
    at: datetime


def decode_commits(text: str) -> tuple[Commit, ...] | None:
    """The commits of a file, the newest first; None for what is no list of commits."""
    try:
        found = json.loads(text)
        return tuple(
            Commit(_commit_id(each["sha"]), _moment(each["commit"]["committer"]["date"]))
            for each in _list(found)
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def decode_merge(text: str, commit: Commit) -> datetime | None:
    """When the first of a commit's pull requests was merged; None for what is no list of such.

    A commit without a merged one was pushed as it is.
    """
    try:
        merged = [each["merged_at"] for each in _list(json.loads(text))]
        return min((_moment(each) for each in merged if each is not None), default=commit.at)
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _commit_id(value: object) -> str:
    if not isinstance(value, str) or COMMIT.fullmatch(value) is None:
        raise ValueError("no commit")
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError("no moment")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment.astimezone(UTC)
