"""Opening, migrating, and everything a database can refuse."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.core.errors import (
    StoreBusy,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    StoreUnusable,
)
from bot.core.message.neutral import Message
from bot.ports.store import Store
from bot.store.database import new_token, open_store
from bot.store.migrate import alembic_config
from bot.store.schema import metadata
from bot.store.translation import translated
from tests.support.stores import NOW, TEAM, add, new_watch, take, watches_of


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


async def open_and_close(url: str) -> None:
    async with open_store(url, busy_timeout_s=0.1):
        pass


# -- opening --------------------------------------------------------------------------------------


async def test_the_first_start_makes_the_folder_and_the_database(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "archbell.db"

    async with open_store(url_of(path)) as store:
        await add(store, new_watch())

    async with open_store(url_of(path)) as store:
        assert len(await watches_of(store)) == 1


async def test_a_relative_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    await open_and_close("sqlite:///here.db")

    assert (tmp_path / "here.db").exists()


async def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    await open_and_close(url_of(tmp_path / "ein 100% Ordner" / "größe.db"))

    assert (tmp_path / "ein 100% Ordner" / "größe.db").exists()


async def test_the_database_writes_ahead_so_that_readers_need_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "archbell.db"

    await open_and_close(url_of(path))

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("", "cannot be understood", id="empty"),
        pytest.param("archbell.db", "cannot be understood", id="a path"),
        pytest.param("mysql://u:secret@h/d", "no known database", id="another database"),
        pytest.param("nonsense://u:secret@h/d", "no known database", id="an unknown scheme"),
        pytest.param("sqlite+nothing:///x.db", "no known database", id="an unknown driver"),
        pytest.param("postgresql://u:secret@h", "names no database", id="postgresql"),
        pytest.param("postgresql://u:se/secret@h/d", "cannot be understood", id="slash"),
        pytest.param("postgresql://u:secret@h:1/d?sslmode=no", "cannot be", id="sslmode"),
        pytest.param("sqlite://", "names no file", id="no file"),
        pytest.param("sqlite:///:memory:", "names no file", id="memory"),
        pytest.param("sqlite://host/x.db", "names no file", id="two slashes"),
        pytest.param("sqlite:///x.db?mode=ro", r"wrong at '\?'", id="options"),
    ],
)
async def test_an_unusable_url_is_refused_with_what_to_type(url: str, sentence: str) -> None:
    with pytest.raises(StoreUnusable, match=sentence) as caught:
        await open_and_close(url)

    assert "sqlite:///archbell.db" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")

    with pytest.raises(StoreUnusable, match="a file is in the way") as caught:
        await open_and_close(url_of(tmp_path / "folder" / "archbell.db"))

    assert str(tmp_path / "folder") in str(caught.value)


async def test_a_folder_in_place_of_the_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="cannot be opened") as caught:
        await open_and_close(url_of(tmp_path))

    assert str(tmp_path) in str(caught.value)


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Remember the milk. " * 100)

    with pytest.raises(StoreUnusable, match="not a database"):
        await open_and_close(url_of(path))

    assert path.read_text().startswith("Remember the milk.")


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")

    with pytest.raises(StoreUnusable, match="belongs to another program"):
        await open_and_close(url_of(path))

    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("recipes",)]


async def test_a_damaged_database_is_told_from_a_bug(tmp_path: Path) -> None:
    path = tmp_path / "archbell.db"
    await open_and_close(url_of(path))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(StoreUnusable, match="damaged"):
        async with open_store(url_of(path)) as store:
            await add(store, new_watch())


async def test_a_locked_database_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "archbell.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StoreBusy, match="another process") as caught:
            await open_and_close(url_of(path))

    assert str(path) in str(caught.value)


async def test_a_database_that_may_not_be_written_is_read_only(tmp_path: Path) -> None:
    url = url_of(tmp_path / "archbell.db")
    await open_and_close(url)

    async with open_store(url, pragmas={"query_only": "ON"}) as opened:
        with pytest.raises(StoreReadOnly, match="cannot be written"):
            await add(opened, new_watch())


async def post_much(store: Store) -> None:
    async with store.transaction() as transaction:
        for _ in range(100):
            await transaction.outbox.post(TEAM, Message("lost" * 100), now=NOW)


async def test_a_full_disk_loses_only_what_was_not_committed(tmp_path: Path) -> None:
    url = url_of(tmp_path / "archbell.db")
    async with open_store(url) as store, store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("kept"), now=NOW)

    async with open_store(url, pragmas={"max_page_count": 1}) as full:
        with pytest.raises(StoreFull, match="no space is left"):
            await post_much(full)

    async with open_store(url) as store:
        [delivery] = await take(store)
    assert delivery.message == Message("kept")


def test_too_many_readers_at_once_are_told_to_try_again() -> None:
    with pytest.raises(StoreBusy, match="too many readers"), translated("archbell.db"):
        raise PoolTimeout


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user"
)
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_another_users_database_is_refused_with_what_to_do(
    locked: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shared")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    path = folder / "archbell.db"
    if locked == "file":
        asyncio.run(open_and_close(url_of(path)))
        path.chmod(0o644)
        folder.chmod(0o777)
    else:
        path = folder / "deeper" / "archbell.db"

    child = subprocess.run(
        [sys.executable, "-c", _OPEN_AS_NOBODY, url_of(path), url_of(tmp_path / "own.db")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert child.stdout.startswith("StoreReadOnly:"), child.stderr
    assert str(folder) in child.stdout


_OPEN_AS_NOBODY = """
import asyncio, os, sys
from bot.core.errors import StoreError
from bot.core.model import Place
from bot.store.database import open_store

async def use(url):
    try:
        async with open_store(url) as store:
            async with store.transaction() as transaction:
                await transaction.watches.mute_place(Place("slack"), until=None)
    except StoreError as error:
        print(f"{type(error).__name__}: {error}")

asyncio.run(use(sys.argv[2]))  # imports everything while it may be read
os.setuid(65534)
asyncio.run(use(sys.argv[1]))
"""


def test_tokens_are_never_the_same() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


# -- migrations -----------------------------------------------------------------------------------


def migrated(connection: Connection, revision: str) -> None:
    command.upgrade(alembic_config(connection), revision)


async def test_the_migrations_make_exactly_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "archbell.db"
    await open_and_close(url_of(path))
    engine = create_engine(f"sqlite:///{path}")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_a_missing_column_would_be_a_difference(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'archbell.db'}")
    with engine.begin() as connection:
        migrated(connection, "head")
        connection.exec_driver_sql("ALTER TABLE places DROP COLUMN title")
        connection.exec_driver_sql("DROP INDEX ix_targets_due")

        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert {difference[0] for difference in differences} == {"add_column", "add_index"}


def test_migrating_down_and_up_again_comes_out_the_same(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'archbell.db'}")

    def tables(connection: Connection) -> list[object]:
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        return [row[0] for row in rows]

    with engine.begin() as connection:
        migrated(connection, "head")
        first = tables(connection)
        command.downgrade(alembic_config(connection), "base")
        empty = tables(connection)
        migrated(connection, "head")
        second = tables(connection)
    engine.dispose()

    assert len(empty) == 1
    assert first == second


def test_wants_of_a_database_of_the_first_schema_are_kept(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'archbell.db'}")
    rows = (
        "INSERT INTO places (id, service, conversation, thread) VALUES (1, 'slack', 'C1', '')",
        "INSERT INTO targets (id, registry, repository, tag, newest_watch_at) "
        "VALUES (1, 'docker.io', 'library/node', '22', '2025-04-23')",
        "INSERT INTO watches (id, target_id, place_id, source, standing, tells, created_at) "
        "VALUES (1, 1, 1, 'chat', 1, '[]', '2025-04-23')",
        "INSERT INTO wants (watch_id, platform, state) VALUES (1, 'linux/arm64', 'met')",
    )

    with engine.begin() as connection:
        migrated(connection, "0001")
        for row in rows:
            connection.exec_driver_sql(row)
        migrated(connection, "head")
        found = connection.exec_driver_sql("SELECT platform, state, completing FROM wants").all()
    engine.dispose()

    assert [tuple(row) for row in found] == [("linux/arm64", "met", 0)]


def test_there_is_one_newest_revision() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    assert len(scripts.get_heads()) == 1


async def test_opening_a_current_database_does_not_write(store: Store, url: str) -> None:
    async with store.transaction() as transaction:
        await transaction.watches.add(new_watch(), now=NOW)

        await open_and_close(url)


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "archbell.db"
    await open_and_close(url_of(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreTooNew, match="newer version"):
        await open_and_close(url_of(path))


async def test_of_several_first_starts_one_migrates_and_all_succeed(tmp_path: Path) -> None:
    url = url_of(tmp_path / "archbell.db")

    async def start(place: int) -> None:
        async with open_store(url) as store, store.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message(str(place)), now=NOW)

    await asyncio.gather(*(start(number) for number in range(6)))

    async with open_store(url) as store, store.reading() as transaction:
        assert len(await transaction.outbox.entries(limit=9, include_sent=True)) == 6
