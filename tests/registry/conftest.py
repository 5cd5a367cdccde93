"""A scripted registry, and a client that knows it as registry.test."""

from collections.abc import AsyncIterator

import pytest

from bot.net.sessions import Timeouts
from tests.support.registry_client import Connection, connected
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as served:
        yield served


@pytest.fixture
async def elsewhere() -> AsyncIterator[ScriptedRegistry]:
    """Another host."""
    async with scripted_registry() as served:
        yield served


@pytest.fixture
async def connection(registry: ScriptedRegistry) -> AsyncIterator[Connection]:
    """With time-outs that a test can wait for."""
    timeouts = Timeouts(connect_s=2, read_s=1, total_s=5)
    async with connected(registry.settings(), timeouts=timeouts) as opened:
        yield opened
