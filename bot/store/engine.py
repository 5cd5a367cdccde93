"""Opens an SQLite database and begins its transactions."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.compact import compact_json
from bot.store.driver import connect

# WAL: readers and the writer do not wait for one another. With it NORMAL loses nothing when the
# process dies, by kill -9 too, because what is committed is in the operating system's hands; only
# a loss of power may undo the last commits, and leaves the database whole. A statement for many
# makes a table for the time it runs, which as a file costs half as much as writing the rows.
_PRAGMAS: Mapping[str, str | int] = {
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
}
_BEGIN = "archbell_begin"


def open_engine(
    path: Path, *, busy_timeout_s: float, pragmas: Mapping[str, str | int]
) -> AsyncEngine:
    """An engine over one file; nothing is opened yet. pragmas are set on every connection, last."""
    settings = {**_PRAGMAS, **pragmas}
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        async_creator=partial(connect, path, busy_timeout_s=busy_timeout_s, pragmas=settings),
        hide_parameters=True,
        json_serializer=compact_json,
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def that_writes(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, whose transactions may write.

    They take the write lock when they begin: a transaction that has read before it wants the lock
    would fail at once if somebody else had written meanwhile.
    """
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
