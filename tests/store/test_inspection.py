"""The condition of a database, told without touching it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.core.errors import StoreTooNew, StoreUnusable
from bot.store.database import open_store
from bot.store.inspection import inspect_store, upgrade_store
from tests.store.conftest import Query


async def test_a_database_in_use_is_of_the_newest_version_and_stays_as_it_is(
    url: str, query: Query
) -> None:
    async with open_store(url):
        before = await query("SELECT version_num FROM alembic_version")
        condition = await inspect_store(url)
        after = await query("SELECT version_num FROM alembic_version")

    assert condition.version == condition.newest == before[0][0]
    assert before == after
    assert condition.size_bytes > 10_000
    assert (condition.folder is None) == url.startswith("postgresql")


async def test_upgrading_twice_does_nothing_the_second_time(url: str) -> None:
    _, made = await upgrade_store(url)
    first, second = await upgrade_store(url)

    assert made.version == made.newest
    assert first == second


async def test_upgrading_makes_a_file_from_nothing(tmp_path: Path) -> None:
    before, after = await upgrade_store(f"sqlite:///{tmp_path / 'archbell.db'}")

    assert before.version is None
    assert after.version == after.newest is not None


async def test_a_file_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "archbell.db"

    condition = await inspect_store(f"sqlite:///{path}")

    assert condition.version is None
    assert condition.folder == tmp_path
    assert not path.parent.exists()


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE things (id INTEGER)")

    with pytest.raises(StoreUnusable, match="belongs to another program"):
        await inspect_store(f"sqlite:///{path}")


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'archbell.db'}"
    await upgrade_store(url)
    with closing(sqlite3.connect(tmp_path / "archbell.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(StoreTooNew, match="newer version"):
        await inspect_store(url)
