"""A server that holds docker-library's files."""

from collections.abc import AsyncIterator

import pytest

from tests.support.source_server import SourceServer, source_server


@pytest.fixture
async def server() -> AsyncIterator[SourceServer]:
    async with source_server() as running:
        yield running
