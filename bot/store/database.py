"""The store: opens a database, and gives transactions over it."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.store import News
from bot.ports.surroundings import Sleep
from bot.store.address import PostgresAddress, parse_address
from bot.store.backlogs import SqlBacklogs
from bot.store.configured import SqlConfigured
from bot.store.history import SqlHistory
from bot.store.inbox import SqlInbox
from bot.store.libraries import SqlLibraries
from bot.store.listings import SqlListings
from bot.store.outbox import SqlOutbox
from bot.store.past import SqlPast
from bot.store.patterns import SqlPatterns
from bot.store.postgres import postgres_database
from bot.store.registries import SqlRegistries
from bot.store.session import NewToken, Session
from bot.store.sqlite import sqlite_database
from bot.store.targets import SqlTargets
from bot.store.translation import translated
from bot.store.watches import SqlWatches

_TOKEN_BYTES = 9
_NO_PRAGMAS: Mapping[str, str | int] = MappingProxyType({})


def new_token() -> str:
    """Hexadecimal digits that nobody can guess and that no service takes for markup."""
    return secrets.token_hex(_TOKEN_BYTES)


class Database(Protocol):
    """What each kind of database does in its own way. name never holds a password."""

    name: str

    def writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that may write."""
        ...

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that only reads; it does not wait for writers."""
        ...

    async def announce(self, connection: AsyncConnection, news: frozenset[News]) -> None:
        """Have other processes told when this transaction is committed."""
        ...

    async def listen(self, hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
        """As bot.ports.Listen says."""
        ...


class SqlTransaction:
    """bot.ports.Transaction over one connection."""

    def __init__(self, session: Session) -> None:
        self.targets = SqlTargets(session)
        self.watches = SqlWatches(session)
        self.configured = SqlConfigured(session)
        self.patterns = SqlPatterns(session)
        self.outbox = SqlOutbox(session)
        self.inbox = SqlInbox(session)
        self.registries = SqlRegistries(session)
        self.backlogs = SqlBacklogs(session)
        self.past = SqlPast(session)
        self.libraries = SqlLibraries(session)
        self.history = SqlHistory(session)
        self.listings = SqlListings(session)
        self._session = session

    @property
    def news(self) -> frozenset[News]:
        """What was written so far that somebody may be waiting for, once it is committed."""
        return frozenset(self._session.news)


class SqlStore:
    """bot.ports.SharedStore over a database, which it does not close."""

    def __init__(self, database: Database, *, new_token: NewToken) -> None:
        self._database = database
        self._new_token = new_token

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that may write; not within another one of the same task."""
        with translated(self._database.name):
            async with self._database.writing() as connection:
                session = self._over(connection, read_only=False)
                yield SqlTransaction(session)
                if session.news:
                    await self._database.announce(connection, frozenset(session.news))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that only reads; it does not wait for writers."""
        with translated(self._database.name):
            async with self._database.reading() as connection:
                yield SqlTransaction(self._over(connection, read_only=True))

    async def listen(self, hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
        """Call hear() for what other processes write, until cancelled; see bot.ports.Listen."""
        await self._database.listen(hear, sleep=sleep)

    def _over(self, connection: AsyncConnection, *, read_only: bool) -> Session:
        return Session(
            connection,
            database=self._database.name,
            new_token=self._new_token,
            read_only=read_only,
        )


@asynccontextmanager
async def open_store(
    url: str,
    *,
    busy_timeout_s: float = 5.0,
    pragmas: Mapping[str, str | int] = _NO_PRAGMAS,
    new_token: NewToken = new_token,
) -> AsyncIterator[SqlStore]:
    """The store at a URL, migrated if need be, and closed with the block.

    An SQLite file is made; a PostgreSQL database must exist. busy_timeout_s: how long to wait for
    what other processes hold. pragmas: SQLite's settings for each connection. Raises StoreError;
    its sentence never holds a password.
    """
    async with _opened(parse_address(url), busy_timeout_s, pragmas) as database:
        yield SqlStore(database, new_token=new_token)


def _opened(
    address: Path | PostgresAddress, busy_timeout_s: float, pragmas: Mapping[str, str | int]
) -> AbstractAsyncContextManager[Database]:
    if isinstance(address, Path):
        return sqlite_database(address, busy_timeout_s=busy_timeout_s, pragmas=pragmas)
    return postgres_database(address, lock_timeout_s=busy_timeout_s)
