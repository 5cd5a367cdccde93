"""What the command line does with the database while other processes work over it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from bot.app.errands import retry_delivery, stop_watches
from bot.app.world import World
from bot.config import Settings, load_settings
from bot.core.message.neutral import Message
from bot.ports.patterns import NewPattern
from bot.store.database import open_store
from tests.support.postgres import PostgresServer, rows, until_blocked
from tests.support.stores import ARM64, NODE, NOW, TEAM, add, new_watch


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as made:
        yield made


@pytest.fixture
def settings(url: str) -> Settings:
    return load_settings(None, {"ARCHBELL_DATABASE__URL": url})


async def test_what_another_process_has_crossed_is_done_again(url: str, settings: Settings) -> None:
    async with open_store(url) as store, store.transaction() as transaction:
        delivery = await transaction.outbox.post(TEAM, Message("hello"), now=NOW)
    crossing = await asyncpg.connect(url)

    async with asyncio.TaskGroup() as group, crossing.transaction():
        await crossing.execute("SET LOCAL deadlock_timeout = '60s'")
        await crossing.execute("SELECT 1 FROM deliveries FOR UPDATE")
        retried = group.create_task(retry_delivery(settings, World(), delivery))
        await until_blocked(url)
        await crossing.execute("SELECT 1 FROM places FOR UPDATE")
    await crossing.close()

    assert retried.result()


async def test_whoever_stops_everything_waits_for_lists_of_tags_before_holding_any_target(
    url: str, settings: Settings
) -> None:
    repository = replace(NODE, tag=None)
    async with open_store(url) as store:
        await add(store, new_watch(NODE))
        async with store.transaction() as transaction:
            pattern = NewPattern(repository, "22.*", TEAM, frozenset({ARM64}), "U1")
            await transaction.patterns.add(pattern, now=NOW)
    pushing = await asyncpg.connect(url)

    async with asyncio.TaskGroup() as group, pushing.transaction():
        await pushing.execute("SELECT 1 FROM tag_lists FOR UPDATE")
        stopped = group.create_task(stop_watches(settings, World(), lambda _: True))
        await until_blocked(url)
        await pushing.execute("SELECT 1 FROM targets FOR UPDATE NOWAIT")
    await pushing.close()

    assert stopped.result() is not None
    assert await rows(url, "SELECT 1 FROM watches WHERE ended_at IS NULL") == []
