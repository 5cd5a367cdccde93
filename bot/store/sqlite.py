"""An SQLite file as the store's database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.ports.store import News
from bot.ports.surroundings import Sleep
from bot.store.address import make_folder
from bot.store.engine import open_engine, that_writes
from bot.store.migrate import migrate
from bot.store.translation import translated


class SqliteDatabase:
    """A bot.store.database.Database over an engine and one connection that writes.

    A writing transaction within another one of the same task would wait for ever.
    """

    def __init__(self, engine: AsyncEngine, writing: AsyncConnection, *, name: str) -> None:
        self.name = name
        self._engine = engine
        self._writing = writing
        # SQLite has one writer at a time, and a second one tries again and again until its turn:
        # those of this process queue here instead, in order and without waking up in between, and
        # share a connection, because taking one from the pool costs more than a small transaction.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write, and holds all others that may."""
        async with self._turn, self._writing.begin():
            yield self._writing

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; it does not wait for writers."""
        async with self._engine.begin() as connection:
            yield connection

    async def announce(self, connection: AsyncConnection, news: frozenset[News]) -> None:
        """Nothing: SQLite tells nobody, so everybody asks every second."""

    async def listen(self, hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
        """Come back at once: there is nothing to hear."""


@asynccontextmanager
async def sqlite_database(
    path: Path, *, busy_timeout_s: float, pragmas: Mapping[str, str | int]
) -> AsyncIterator[SqliteDatabase]:
    """The database in a file, made and migrated if need be."""
    make_folder(path)
    name = str(path)
    migrating = open_engine(
        path, busy_timeout_s=busy_timeout_s, pragmas={**pragmas, "foreign_keys": "OFF"}
    )
    try:
        await migrate(migrating, database=name)
    finally:
        await migrating.dispose()
    engine = open_engine(path, busy_timeout_s=busy_timeout_s, pragmas=pragmas)
    try:
        async with AsyncExitStack() as stack:
            with translated(name):
                writing = await stack.enter_async_context(that_writes(engine).connect())
            yield SqliteDatabase(engine, writing, name=name)
    finally:
        await engine.dispose()
