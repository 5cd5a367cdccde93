"""A real store for the verbs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import SqlStore, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield opened
