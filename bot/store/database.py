"""The store: opens a database, and gives transactions over it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.address import make_folder, sqlite_path
from bot.store.engine import open_engine, that_writes
from bot.store.inbox import SqlInbox
from bot.store.migrate import migrate
from bot.store.outbox import SqlOutbox
from bot.store.registries import SqlRegistries
from bot.store.session import NewToken, Session
from bot.store.targets import SqlTargets
from bot.store.translation import translated
from bot.store.watches import SqlWatches

_TOKEN_BYTES = 9
_NO_PRAGMAS: Mapping[str, str | int] = MappingProxyType({})


def new_token() -> str:
    """Hexadecimal digits that nobody can guess and that no service takes for markup."""
    return secrets.token_hex(_TOKEN_BYTES)


class SqlTransaction:
    """bot.ports.Transaction over one connection."""

    def __init__(self, session: Session) -> None:
        self.targets = SqlTargets(session)
        self.watches = SqlWatches(session)
        self.outbox = SqlOutbox(session)
        self.inbox = SqlInbox(session)
        self.registries = SqlRegistries(session)


class SqlStore:
    """bot.ports.Store over an engine, and one connection that writes; it closes neither.

    A transaction within another one of the same task would wait for ever.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        writing: AsyncConnection,
        *,
        database: str,
        new_token: NewToken,
    ) -> None:
        self._reading = engine
        self._writing = writing
        self._database = database
        self._new_token = new_token
        # SQLite has one writer at a time, and a second one tries again and again until its turn:
        # those of this process queue here instead, in order and without waking up in between, and
        # share a connection, because taking one from the pool costs more than a small transaction.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that may write."""
        async with self._turn:
            with translated(self._database):
                async with self._writing.begin():
                    yield self._over(self._writing)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that only reads; it does not wait for writers."""
        with translated(self._database):
            async with self._reading.begin() as connection:
                yield self._over(connection)

    def _over(self, connection: AsyncConnection) -> SqlTransaction:
        session = Session(connection, database=self._database, new_token=self._new_token)
        return SqlTransaction(session)


@asynccontextmanager
async def open_store(
    url: str,
    *,
    busy_timeout_s: float = 5.0,
    pragmas: Mapping[str, str | int] = _NO_PRAGMAS,
    new_token: NewToken = new_token,
) -> AsyncIterator[SqlStore]:
    """The store at a URL, made and migrated if need be, and closed with the block.

    busy_timeout_s: how long to wait for other processes that write. pragmas: SQLite's settings for
    each connection. Raises StoreError; its sentence never holds a password.
    """
    path = sqlite_path(url)
    make_folder(path)
    database = str(path)
    migrating = open_engine(
        path, busy_timeout_s=busy_timeout_s, pragmas={**pragmas, "foreign_keys": "OFF"}
    )
    try:
        await migrate(migrating, database=database)
    finally:
        await migrating.dispose()
    engine = open_engine(path, busy_timeout_s=busy_timeout_s, pragmas=pragmas)
    try:
        async with AsyncExitStack() as stack:
            with translated(database):
                writing = await stack.enter_async_context(that_writes(engine).connect())
            yield SqlStore(engine, writing, database=database, new_token=new_token)
    finally:
        await engine.dispose()
