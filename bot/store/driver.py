"""aiosqlite with one trip to the connection's thread a statement.

SQLAlchemy asks a cursor in four steps: make it, execute, fetch, close. aiosqlite goes to its thread
and back for each, which costs more than the statement itself; this does all four in one go.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import aiosqlite

_CHUNK = 64


class OneTripCursor:
    """What SQLAlchemy asks of a cursor; the rows are there once a statement has been executed."""

    def __init__(self, connection: "OneTripConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "OneTripCursor":
        return self

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> None:
        """Run a statement once."""
        await self._connection.run(self._finish, sqlite3.Cursor.execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Iterable[Iterable[Any]]) -> None:
        """Run a statement once for each of the parameters."""
        await self._connection.run(self._finish, sqlite3.Cursor.executemany, statement, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows that have not been fetched."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing: the cursor of SQLite is closed already."""

    def _finish(
        self,
        execute: Callable[..., sqlite3.Cursor],
        statement: str,
        parameters: Any,
        *,
        database: sqlite3.Connection,
    ) -> None:
        """Everything there is to do with a cursor; runs in the thread."""
        cursor = database.cursor()
        try:
            execute(cursor, statement, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount = cursor.rowcount
            self.lastrowid = cursor.lastrowid
        finally:
            cursor.close()


class OneTripConnection(aiosqlite.Connection):
    """A connection of aiosqlite whose cursors are OneTripCursors."""

    ended: asyncio.Future[Any] | None = None

    def cursor(self) -> Any:
        """A cursor, made without a trip to the thread."""
        return OneTripCursor(self)

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, whose end can be waited for."""
        self.ended = super().stop()
        return self.ended

    async def run(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call the function in the thread with the arguments and the database."""
        await self._execute(function, *arguments, database=self._conn)  # type: ignore[no-untyped-call]


async def connect(
    path: Path, *, busy_timeout_s: float, pragmas: Mapping[str, str | int]
) -> OneTripConnection:
    """Open a file with these settings; the driver begins no transactions of its own."""

    def open_file() -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        try:
            for name, setting in pragmas.items():
                database.execute(f"PRAGMA {name}={setting}")
        except sqlite3.Error:
            database.close()
            raise
        return database

    connection = OneTripConnection(open_file, _CHUNK)
    # Before version 0.22 a connection is its own thread. Neither may keep the process alive.
    thread: Any = getattr(connection, "_thread", connection)
    thread.daemon = True
    try:
        await connection
    except sqlite3.Error:
        if connection.ended is not None:
            await connection.ended
        raise
    return connection
