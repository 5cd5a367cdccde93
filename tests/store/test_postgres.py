"""Opening a PostgreSQL database, and everything its server can refuse."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.core.errors import (
    StoreBusy,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    StoreUnusable,
)
from bot.core.message.neutral import Message
from bot.store.database import open_store
from bot.store.inspection import inspect_store
from bot.store.migrate import alembic_config
from bot.store.schema import metadata
from bot.store.sqlstates import refusal
from tests.support.postgres import PASSWORD, PostgresServer, postgres_server, rows
from tests.support.stores import NODE, NOW, TEAM, add, new_watch, watches_of

NOBODY_LISTENS = "postgresql://u:canary-x@127.0.0.1:1/archbell"


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database with nothing in it."""
    async with postgres.database(empty=True) as made:
        yield made


async def open_and_close(url: str) -> None:
    async with open_store(url, busy_timeout_s=5):
        pass


async def refused(url: str, kind: type[StoreError]) -> str:
    """The sentence of the error that opening ends with; no password is in it, or behind it."""
    with pytest.raises(kind) as caught:
        await open_and_close(url)
    error: BaseException | None = caught.value
    while error is not None:
        assert "canary" not in f"{error!s} {error!r}"
        error = error.__cause__
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


# -- opening --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_an_empty_database_gets_the_schema(empty: str, scheme: str) -> None:
    url = empty.replace("postgresql", scheme)

    async with open_store(url) as store:
        await add(store, new_watch())

    async with open_store(url) as store:
        assert len(await watches_of(store)) == 1


async def test_of_several_first_starts_one_migrates_and_all_succeed(empty: str) -> None:
    async def start(number: int) -> None:
        async with open_store(empty) as store, store.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message(str(number)), now=NOW)

    await asyncio.gather(*(start(number) for number in range(6)))

    async with open_store(empty) as store, store.reading() as transaction:
        assert len(await transaction.outbox.entries(limit=9, include_sent=True)) == 6


async def test_the_migrations_make_exactly_the_schema_and_unmake_it(empty: str) -> None:
    def compare_and_undo(connection: Connection) -> tuple[list[object], list[str]]:
        command.upgrade(alembic_config(connection), "head")
        options = {"compare_server_default": True, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
        command.downgrade(alembic_config(connection), "base")
        left = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        return differences, list(left.scalars())

    engine = create_async_engine(empty.replace("postgresql", "postgresql+asyncpg"))
    async with engine.begin() as connection:
        differences, left = await connection.run_sync(compare_and_undo)
    await engine.dispose()

    assert differences == []
    assert left == ["alembic_version"]


async def test_what_the_server_has_for_isolation_by_default_does_not_count(
    postgres: PostgresServer, empty: str
) -> None:
    name = empty.rpartition("/")[2]
    isolation = "ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'"
    await postgres.execute(isolation.format(name))
    async with open_store(empty) as store, store.transaction() as before:
        assert await before.watches.active() == []
        await add(store, new_watch())
        seen = await before.targets.hint(NODE, digest=None, now=NOW)

    assert seen


async def test_an_operator_is_told_the_condition_of_a_database(empty: str) -> None:
    before = await inspect_store(empty)
    await open_and_close(empty)
    after = await inspect_store(empty)

    assert before.version is None
    assert after.version == after.newest == before.newest
    assert after.size_bytes > 100_000
    assert PASSWORD not in after.database


# -- refusals -------------------------------------------------------------------------------------


async def test_a_server_that_is_not_there_is_named_without_the_login() -> None:
    sentence = await refused(NOBODY_LISTENS, StoreUnusable)

    assert sentence.startswith("postgresql://127.0.0.1:1/archbell: ")
    assert "cannot be reached" in sentence


async def test_a_wrong_password_is_told_from_a_server_that_is_down(
    postgres: PostgresServer,
) -> None:
    sentence = await refused(postgres.url("postgres", password="canary-wrong"), StoreUnusable)

    assert "refuses the login" in sentence


async def test_an_unknown_user_is_refused_as_a_wrong_password_is(postgres: PostgresServer) -> None:
    sentence = await refused(postgres.url("postgres", user="stranger"), StoreUnusable)

    assert "refuses the login" in sentence


async def test_a_database_that_does_not_exist_is_told_with_what_to_do(
    postgres: PostgresServer,
) -> None:
    sentence = await refused(postgres.url("nowhere"), StoreUnusable)

    assert "no database of this name" in sentence
    assert "createdb" in sentence


async def test_a_user_who_may_not_make_tables_is_told_what_to_do(
    postgres: PostgresServer, empty: str
) -> None:
    name = empty.rpartition("/")[2]
    await postgres.execute("DROP ROLE IF EXISTS guest")
    await postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'canary-guest'")
    guest = postgres.url(name, user="guest", password="canary-guest")

    sentence = await refused(guest, StoreReadOnly)
    with pytest.raises(StoreReadOnly, match="owner"):
        await inspect_store(guest)

    assert "owner" in sentence


async def test_a_database_that_takes_no_writes_is_told_from_a_bug(
    postgres: PostgresServer, empty: str
) -> None:
    name = empty.rpartition("/")[2]
    await postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    sentence = await refused(empty, StoreReadOnly)

    assert "takes no writes" in sentence


async def test_a_database_of_a_newer_version_is_left_alone(empty: str) -> None:
    await open_and_close(empty)
    await rows(empty, "UPDATE alembic_version SET version_num = '9999'")

    sentence = await refused(empty, StoreTooNew)

    assert "newer version" in sentence
    assert await rows(empty, "SELECT version_num FROM alembic_version") == [("9999",)]


async def test_a_database_of_another_program_is_left_alone(empty: str) -> None:
    await rows(empty, "CREATE TABLE recipes (name TEXT)")

    sentence = await refused(empty, StoreUnusable)

    assert "another program" in sentence
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert await rows(empty, tables) == [("recipes",)]


async def test_a_server_without_connections_left_says_so(
    postgres: PostgresServer, empty: str
) -> None:
    name = empty.rpartition("/")[2]
    await postgres.execute("DROP ROLE IF EXISTS crowd")
    await postgres.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0 PASSWORD 'canary-crowd'")

    sentence = await refused(postgres.url(name, user="crowd", password="canary-crowd"), StoreBusy)

    assert "no connection left" in sentence


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        pytest.param("40001", StoreConflict, id="serialization"),
        pytest.param("40P01", StoreConflict, id="deadlock"),
        pytest.param("53100", StoreFull, id="disk full"),
        pytest.param("55P03", StoreBusy, id="lock not available"),
        pytest.param("57014", StoreBusy, id="statement timeout"),
        pytest.param("57P01", StoreUnusable, id="shut down by hand"),
        pytest.param("08006", StoreUnusable, id="connection failure"),
        pytest.param("XX001", StoreUnusable, id="damaged"),
    ],
)
def test_what_a_server_refuses_is_a_sentence_of_ours(state: str, kind: type[StoreError]) -> None:
    error = refusal(state, database="postgresql://h/d")

    assert type(error) is kind
    assert str(error).startswith("postgresql://h/d: ")


def test_a_state_that_nobody_can_act_on_has_no_sentence() -> None:
    assert refusal("22P02", database="d") is None
    assert refusal(None, database="d") is None


def test_without_the_driver_one_is_told_what_to_install() -> None:
    child = subprocess.run(
        [sys.executable, "-c", _WITHOUT_DRIVER, NOBODY_LISTENS],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert child.stdout.startswith("StoreUnusable: "), child.stderr
    assert "pip install 'asyncpg" in child.stdout
    assert child.stdout.count("\n") == 1


_WITHOUT_DRIVER = """
import asyncio, sys
from importlib.abc import MetaPathFinder

class Without(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "asyncpg":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Without())

from bot.core.errors import StoreError
from bot.store.database import open_store

async def use(url):
    try:
        async with open_store(url):
            pass
    except StoreError as error:
        print(f"{type(error).__name__}: {error}")

asyncio.run(use(sys.argv[1]))
"""


# -- a server that ends ---------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with postgres_server() as server:
        yield server


@pytest.mark.timeout(60)
async def test_a_store_goes_on_when_its_server_has_been_restarted(
    own_server: PostgresServer,
) -> None:
    async with own_server.database() as url, open_store(url) as store:
        await add(store, new_watch())
        own_server.stop()

        with pytest.raises(StoreUnusable):
            await watches_of(store)
        await own_server.start()

        assert len(await watches_of(store)) == 1


async def test_a_connection_that_ends_within_a_transaction_is_told_as_such(
    postgres: PostgresServer,
) -> None:
    async with postgres.database() as url, open_store(url) as store:
        end_others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

        async def interrupted() -> None:
            async with store.transaction() as transaction:
                await transaction.watches.add(new_watch(), now=NOW)
                await rows(url, end_others)
                await transaction.watches.active()

        with pytest.raises(StoreUnusable, match="was lost"):
            await interrupted()
        assert await watches_of(store) == []
