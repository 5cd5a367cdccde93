"""A database with as many watched targets as a row wants, as if each had been looked at before."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, insert

from bench.images import MISSING, PLATFORMS, child_digest, index_digest
from bot.core.model import Entry, Observation, Status
from bot.core.platform import parse_platform
from bot.store.database import open_store
from bot.store.schema import places, targets, wants, watches
from bot.store.values import observation_columns

REGISTRY = "registry.bench"
DATABASE = "bench.db"
TAGS_OF_A_REPOSITORY = 100
CHUNK = 5_000
WATCHED_SINCE = timedelta(days=1)


def seed(path: Path, count: int, *, missing: int = 0) -> None:
    """Make a database where one place watches so many tags for arm64, which none of them has.

    missing: so many of the last ones are of tags that do not exist. All are due.
    """
    asyncio.run(_make(path))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(
            insert(places), {"id": 1, "service": "slack", "conversation": "C1", "thread": ""}
        )
        now = datetime.now(UTC)
        for first in range(1, count + 1, CHUNK):
            numbers = range(first, min(first + CHUNK, count + 1))
            for table, rows in _rows(numbers, exist=count - missing, now=now):
                _insert(connection, table, rows)
    engine.dispose()


async def _make(path: Path) -> None:
    async with open_store(f"sqlite:///{path}"):
        pass


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _rows(
    numbers: range, *, exist: int, now: datetime
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    yield targets, [_target(number, missing=number > exist, now=now) for number in numbers]
    yield (
        watches,
        [
            {
                "id": number,
                "target_id": number,
                "place_id": 1,
                "source": "chat",
                "standing": False,
                "tells": [],
                "created_at": now - WATCHED_SINCE,
            }
            for number in numbers
        ],
    )
    yield (
        wants,
        [{"watch_id": number, "platform": "linux/arm64", "state": "waiting"} for number in numbers],
    )


def name_of(number: int, *, missing: bool = False) -> tuple[str, str]:
    """The repository and the tag of a target."""
    tag = f"{MISSING if missing else ''}{number}"
    return f"team/image-{(number - 1) // TAGS_OF_A_REPOSITORY}", tag


def _target(number: int, *, missing: bool, now: datetime) -> dict[str, Any]:
    repository, tag = name_of(number, missing=missing)
    seen_at = now - WATCHED_SINCE
    observation = Observation(Status.TAG_MISSING, seen_at)
    if not missing:
        digest = index_digest(repository, tag)
        entries = {
            parse_platform(platform): Entry(child_digest(repository, tag, platform))
            for platform in PLATFORMS
        }
        observation = Observation(Status.PRESENT, seen_at, digest, entries, etag=f'"{digest}"')
    return {
        "id": number,
        "registry": REGISTRY,
        "repository": repository,
        "tag": tag,
        **observation_columns(observation),
        "looked_at": seen_at,
        "newest_watch_at": seen_at,
        "due_at": now,
    }
