"""200 alerts over services that lose answers, cut connections and ask to wait, with a kill -9."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.model import Place
from bot.core.platform import parse_platform
from bot.core.reference import parse_reference
from bot.ports.watches import NewWatch
from bot.store.database import open_store
from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.chat_config import with_slack, with_telegram
from tests.support.chat_faults import CUT_AFTER, CUT_BEFORE, refusal
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image
from tests.support.slack_server import slack_server
from tests.support.telegram_server import telegram_server

ALERTS = 200
RUNS = int(os.environ.get("ARCHBELL_FAULT_RUNS", "1"))
ARM64 = parse_platform("arm64")
NODE = parse_reference("node:22")
AGAIN = "(sent again: no answer the first time)"
TELEGRAM_429 = refusal(
    429,
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1",'
    b'"parameters":{"retry_after":1}}',
    Content_Type="application/json",
)


async def watch_in(places: list[Place], database: Path) -> None:
    """Everybody waits for arm64 of node:22."""
    now = datetime.now(UTC)
    async with open_store(f"sqlite:///{database}") as store, store.transaction() as transaction:
        for place in places:
            watch = NewWatch(
                reference=NODE,
                place=place,
                platforms=(ARM64,),
                met={},
                person="U0ADA" if place.service == "slack" else "7",
                standing=False,
                expires_at=None,
                observation=None,
                source="test",
                due_at=now,
            )
            await transaction.watches.add(watch, now=now)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("run", range(RUNS))
async def test_slack_loses_nothing_and_repeats_nothing(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, tmp_path: Path, run: int
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ("linux/amd64", "linux/arm64"))
    names = [f"C{number:04}" for number in range(ALERTS)]
    await watch_in([Place("slack", name) for name in names], tmp_path / "bot.db")
    async with slack_server() as slack:
        channels = [slack.add_channel(name) for name in names]
        wait = refusal(429, b"{}", Retry_After="1", Content_Type="application/json")
        shares = ((CUT_AFTER, 0.15), (CUT_BEFORE, 0.10), (wait, 0.05))
        slack.faults.by_chance("chat.postMessage", *shares, seed=run)
        config = with_slack(write_config(registry.url), slack)

        async with BotProcess(config) as bot:
            await slack.until(lambda: sum(bool(one.messages) for one in channels) > ALERTS // 2)
            await bot.kill()
        async with BotProcess(config) as bot, asyncio.timeout(240):
            await slack.until(lambda: all(one.messages for one in channels))
            # Who is unlucky many times in a row would be tried again minutes later.
            slack.faults.none_by_chance()
            await nothing_is_owed(tmp_path / "bot.db")
            assert await bot.stop() == 0

    assert [len(one.messages) for one in channels] == [1] * ALERTS


@pytest.mark.timeout(400)
@pytest.mark.parametrize("run", range(RUNS))
async def test_telegram_loses_nothing_and_marks_what_it_repeats(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, tmp_path: Path, run: int
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ("linux/amd64", "linux/arm64"))
    numbers = range(1000, 1000 + ALERTS)
    await watch_in([Place("telegram", str(number)) for number in numbers], tmp_path / "bot.db")
    async with telegram_server() as telegram:
        chats = [telegram.add_chat(number) for number in numbers]
        shares = ((CUT_AFTER, 0.15), (CUT_BEFORE, 0.10), (TELEGRAM_429, 0.05))
        telegram.faults.by_chance("sendMessage", *shares, seed=run)
        config = with_telegram(write_config(registry.url), telegram)

        async with BotProcess(config) as bot:
            await telegram.until(lambda: sum(bool(one.messages) for one in chats) > ALERTS // 2)
            await bot.kill()
        async with BotProcess(config) as bot, asyncio.timeout(240):
            await telegram.until(lambda: all(one.messages for one in chats))
            # Who is unlucky many times in a row would be tried again minutes later.
            telegram.faults.none_by_chance()
            await nothing_is_owed(tmp_path / "bot.db")
            assert await bot.stop() == 0

    assert all(one.messages for one in chats)
    unmarked = [sum(AGAIN not in text for text in one.texts) for one in chats]
    assert max(unmarked) <= 1
    copies = sum(len(one.messages) for one in chats)
    assert copies > ALERTS, "with lost answers there must be some to repeat"


async def nothing_is_owed(database: Path) -> None:
    """Come back when every delivery has its definite outcome."""
    async with open_store(f"sqlite:///{database}") as store:
        while True:
            async with store.reading() as transaction:
                owed = await transaction.outbox.entries(limit=ALERTS, include_sent=False)
            if not owed:
                return
            await asyncio.sleep(0.2)
