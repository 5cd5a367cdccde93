"""Stores over each kind of database, in real files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import SqlStore, open_store


@pytest.fixture(params=["sqlite"])
def url(tmp_path: Path) -> str:
    """A database that does not exist yet; every contract test runs over each kind."""
    return f"sqlite:///{tmp_path / 'archbell.db'}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with open_store(url, busy_timeout_s=5) as opened:
        yield opened


@pytest.fixture
async def other(url: str, store: SqlStore) -> AsyncIterator[SqlStore]:
    """Another process's store over the same database."""
    async with open_store(url, busy_timeout_s=5) as opened:
        yield opened
