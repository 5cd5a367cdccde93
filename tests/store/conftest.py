"""Stores over each kind of database: real files, and a real server."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.store.database import SqlStore, open_store
from tests.support.postgres import PostgresServer, rows

Query = Callable[[str], Awaitable[list[Any]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> PostgresServer | None:
    """The server of the database, or None for a file; every contract test runs over each kind."""
    if request.param == "sqlite":
        return None
    running: PostgresServer = request.getfixturevalue("postgres")
    return running


@pytest.fixture
async def url(server: PostgresServer | None, tmp_path: Path) -> AsyncIterator[str]:
    """A fresh database."""
    if server is None:
        yield f"sqlite:///{tmp_path / 'archbell.db'}"
        return
    async with server.database() as made:
        yield made


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with open_store(url, busy_timeout_s=5) as opened:
        yield opened


@pytest.fixture
async def other(url: str, store: SqlStore) -> AsyncIterator[SqlStore]:
    """Another process's store over the same database."""
    async with open_store(url, busy_timeout_s=5) as opened:
        yield opened


@pytest.fixture
def query(url: str) -> Query:
    """Reads the tables, or changes them, past the store."""

    async def run(sql: str) -> list[Any]:
        if url.startswith("postgresql"):
            return await rows(url, sql)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            return connection.execute(sql).fetchall()

    return run
