"""A PostgreSQL server's database as the store's, shared by as many processes as there are."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.core.errors import StoreError, StoreUnusable
from bot.log import Log
from bot.ports.store import News
from bot.ports.surroundings import Sleep
from bot.store.address import PostgresAddress, unusable_url
from bot.store.compact import compact_json
from bot.store.migrate import migrate
from bot.store.sqlstates import refusal

CHANNEL = "archbell"
CONNECT_WITHIN_S = 10.0
LISTEN_AGAIN_AFTER_S = 1.0
PING_EVERY_S = 60.0
PING_WITHIN_S = 10.0

# A process writes its looks on one connection, and answers and delivers on some more.
_POOL = {"pool_size": 5, "max_overflow": 10, "pool_timeout": CONNECT_WITHIN_S}
# A process that vanishes without a word, with its machine or its network, must not hold rows that
# others wait for; one that is killed does not, because its connections end with it. What a server
# has for isolation by default would have writers, the first start too, decide by an old moment.
_SETTINGS = {
    "application_name": "archbell",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_NOTIFY = text("SELECT pg_notify(:channel, :words)")

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Connect:
    """Makes connections of the driver. Raises StoreErrors, which never hold a password."""

    address: PostgresAddress
    lock_timeout_s: float

    async def __call__(self) -> Any:
        """A new connection."""
        import asyncpg

        lock_timeout = {"lock_timeout": f"{round(self.lock_timeout_s * 1000)}ms"}
        try:
            return await asyncpg.connect(
                self.address.dsn,
                timeout=CONNECT_WITHIN_S,
                server_settings=_SETTINGS | lock_timeout,
            )
        except TimeoutError:
            raise self._unreachable(f"no answer within {CONNECT_WITHIN_S:.0f} s") from None
        except OSError as error:
            raise self._unreachable(error.strerror or type(error).__name__) from None
        except asyncpg.PostgresError as error:
            raise self._refused(error.sqlstate, error) from None
        except (asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError):
            # Its sentence may repeat a part of the URL.
            raise unusable_url("cannot be understood") from None

    def _unreachable(self, reason: str) -> StoreError:
        return StoreUnusable(
            f"{self.address.name}: the PostgreSQL server cannot be reached ({reason}); see that it "
            "runs, and that host and port in [database] url are right"
        )

    def _refused(self, state: str | None, error: Exception) -> StoreError:
        name = self.address.name
        first_line = str(error).partition("\n")[0]
        return refusal(state, database=name) or StoreError(
            f"{name}: the PostgreSQL server refused: {first_line}"
        )


class PostgresDatabase:
    """A bot.store.database.Database over a pool of connections.

    Transactions that write are READ COMMITTED: what may not change under them they lock, in the
    order places, deliveries, targets, watches, registries, commands; so nobody waits in a circle.
    Those that read see one moment.
    """

    def __init__(self, engine: AsyncEngine, connect: Connect) -> None:
        self.name = connect.address.name
        self._engine = engine
        self._snapshot = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._connect = connect
        self._me = secrets.token_hex(6)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write, beside others."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; it does not wait for writers."""
        async with self._snapshot.begin() as connection:
            yield connection

    async def announce(self, connection: AsyncConnection, news: frozenset[News]) -> None:
        """Have other processes told when this transaction is committed."""
        words = " ".join((self._me, *sorted(each.value for each in news)))
        await connection.execute(_NOTIFY, {"channel": CHANNEL, "words": words})

    async def listen(self, hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
        """Call hear() for what other processes announce, until cancelled.

        After a connection that was lost, as after the first, everything is heard once: something
        may have been missed.
        """
        while True:
            try:
                await self._hear_until_lost(hear)
            except StoreError as error:
                log.warning("not_listening", error=str(error))
            await sleep(LISTEN_AGAIN_AFTER_S)

    async def _hear_until_lost(self, hear: Callable[[News], None]) -> None:
        lost = asyncio.Event()
        connection = await self._connect()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, partial(self._hear, hear))
            for each in News:
                hear(each)
            while not lost.is_set():
                await _ping_after_a_while(connection, lost)
        except Exception as error:
            # Whatever the driver raises means the same here, and the next attempt says what it is.
            raise StoreError(f"{self.name}: the listening connection was lost") from error
        finally:
            connection.terminate()

    def _hear(self, hear: Callable[[News], None], *notification: Any) -> None:
        words = str(notification[-1]).split()
        if words[:1] != [self._me]:
            known = {each.value: each for each in News}
            for word in words[1:]:
                if word in known:
                    hear(known[word])


async def _ping_after_a_while(connection: Any, lost: asyncio.Event) -> None:
    """Wait until the connection is lost; one that only seems to be there is found out by asking."""
    try:
        async with asyncio.timeout(PING_EVERY_S):
            await lost.wait()
    except TimeoutError:
        await connection.execute("SELECT 1", timeout=PING_WITHIN_S)


@asynccontextmanager
async def postgres_database(
    address: PostgresAddress, *, lock_timeout_s: float
) -> AsyncIterator[PostgresDatabase]:
    """The database at an address, migrated if need be; it must exist."""
    connect = Connect(address, lock_timeout_s)
    engine = open_postgres(connect)
    try:
        await migrate(engine, database=address.name)
        yield PostgresDatabase(engine, connect)
    finally:
        await engine.dispose()


def open_postgres(connect: Callable[[], Any]) -> AsyncEngine:
    """An engine over connections that are made so; nothing is opened yet."""
    try:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            hide_parameters=True,
            json_serializer=compact_json,
            **_POOL,
        )
    except ImportError:
        raise StoreUnusable(
            "[database] url: PostgreSQL needs the package asyncpg, which is not installed; run: "
            "python -m pip install 'asyncpg>=0.30,<1'"
        ) from None
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, *_: object) -> None:
    """Have the pool replace a connection whose end the driver has noticed, as after a restart."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
