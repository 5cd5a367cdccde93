"""New tags that fit a pattern: a card, its edits, and one message when all is there."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.model import Place
from bot.core.pattern import parse_tag_pattern
from bot.core.platform import parse_platform
from bot.ports.patterns import NewPattern
from bot.store.database import open_store
from tests.scenarios.conftest import WriteConfig
from tests.scenarios.test_fault_run import AGAIN, TELEGRAM_429, nothing_is_owed
from tests.support.bot_process import BotProcess
from tests.support.chat_config import with_slack, with_telegram
from tests.support.chat_faults import CUT_AFTER, CUT_BEFORE, refusal
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import push_image
from tests.support.slack_server import slack_server
from tests.support.telegram_server import telegram_server

REPOSITORY = "library/node"
LIST = f"GET /v2/{REPOSITORY}/tags/list?n=1000"
AMD64, BOTH = ("linux/amd64",), ("linux/amd64", "linux/arm64")
PLACES = 25
OUT = "node:22.16-slim is out: amd64 there, arm64 not yet."
WHOLE = "node:22.16-slim is out: amd64 and arm64 there."
COMPLETE = "node:22.16-slim has every platform you waited for"


def often(config: Path, *lines: str) -> Path:
    text = config.read_text(encoding="utf-8").replace(
        "fast_s = 0.3", "fast_s = 0.3\ntags_s = 0.3\nmin_s = 0.3\nmax_s = 0.3"
    )
    config.write_text("\n".join((text, *lines, "")), encoding="utf-8")
    return config


async def push(registry: DockerRegistry, tag: str, platforms: tuple[str, ...]) -> None:
    await push_image(registry.url, REPOSITORY, tag, platforms)


async def follow_in(places: list[Place], database: Path) -> None:
    """Everybody wants to hear of new tags of node."""
    pattern = parse_tag_pattern("node:22.*-slim")
    platforms = frozenset({parse_platform("amd64"), parse_platform("arm64")})
    async with open_store(f"sqlite:///{database}") as store, store.transaction() as transaction:
        for place in places:
            person = "U0ADA" if place.service == "slack" else "7"
            new = NewPattern(pattern.repository, pattern.text, place, platforms, person)
            await transaction.patterns.add(new, now=datetime.now(UTC))


async def test_what_is_there_is_silent_and_what_comes_is_told(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push(registry, "22.15-slim", AMD64)
    config = often(
        write_config(registry.url),
        "[[watch]]",
        'images = ["node:22.*-slim"]',
        'platforms = ["amd64", "arm64"]',
        'places = ["terminal"]',
    )

    async with BotProcess(config) as bot:
        await registry.wait_for_request(LIST, count=2, timeout_s=60)
        await bot.say("/list")
        await bot.wait_for("node:22.*-slim: new tags, for linux/amd64 and linux/arm64")
        await push(registry, "22.16", AMD64)
        await push(registry, "22.16-slim", AMD64)
        await bot.wait_for(OUT, timeout_s=30)
        await push(registry, "22.16-slim", BOTH)
        await bot.wait_for(COMPLETE, timeout_s=30)
        await bot.say("/watch node:~22\\.1[7-9] arm64")
        await bot.wait_for(r"🔭 Watching for new tags that fit node:~22\\.1\[7-9\]")
        await bot.say("/unwatch node:~22\\.1[7-9]")
        await bot.wait_for("🛑 Stopped watching for new tags")
        assert await bot.stop() == 0

    assert "22.15" not in bot.transcript
    assert "node:22.16 is" not in bot.transcript
    assert bot.transcript.count(OUT) == 1
    assert bot.transcript.count(COMPLETE) == 1


@pytest.mark.timeout(240)
async def test_slack_edits_each_card_and_tells_the_end_once(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, tmp_path: Path
) -> None:
    registry = await docker_registry_factory()
    await push(registry, "22.15-slim", AMD64)
    names = [f"C{number:04}" for number in range(PLACES)]
    await follow_in([Place("slack", name) for name in names], tmp_path / "bot.db")
    async with slack_server() as slack:
        channels = [slack.add_channel(name) for name in names]
        wait = refusal(429, b"{}", Retry_After="1", Content_Type="application/json")
        shares = ((CUT_AFTER, 0.15), (CUT_BEFORE, 0.10), (wait, 0.05))
        slack.faults.by_chance("chat.postMessage", *shares, seed=1)
        slack.faults.by_chance("chat.update", *shares, seed=2)
        config = with_slack(often(write_config(registry.url)), slack)

        async with BotProcess(config) as bot:
            await registry.wait_for_request(LIST, count=2, timeout_s=60)
            await push(registry, "22.16-slim", AMD64)
            await slack.until(lambda: sum(bool(one.messages) for one in channels) > PLACES // 2)
            await push(registry, "22.16-slim", BOTH)
            await slack.until(
                lambda: any(COMPLETE in text for one in channels for text in one.texts)
            )
            await bot.kill()
        async with BotProcess(config) as bot, asyncio.timeout(150):
            await slack.until(
                lambda: all(any(COMPLETE in text for text in one.texts) for one in channels)
            )
            await nothing_is_owed(tmp_path / "bot.db")
            assert await bot.stop() == 0

    for one in channels:
        card, end = one.texts
        assert WHOLE in card
        assert COMPLETE in end


@pytest.mark.timeout(240)
async def test_telegram_edits_each_card_and_tells_the_end(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, tmp_path: Path
) -> None:
    registry = await docker_registry_factory()
    await push(registry, "22.15-slim", AMD64)
    numbers = range(1000, 1000 + PLACES)
    await follow_in([Place("telegram", str(number)) for number in numbers], tmp_path / "bot.db")
    async with telegram_server() as telegram:
        chats = [telegram.add_chat(number) for number in numbers]
        shares = ((CUT_AFTER, 0.15), (CUT_BEFORE, 0.10), (TELEGRAM_429, 0.05))
        telegram.faults.by_chance("sendMessage", *shares, seed=1)
        telegram.faults.by_chance("editMessageText", *shares, seed=2)
        config = with_telegram(often(write_config(registry.url)), telegram)

        async with BotProcess(config) as bot:
            await registry.wait_for_request(LIST, count=2, timeout_s=60)
            await push(registry, "22.16-slim", AMD64)
            await telegram.until(lambda: sum(bool(one.messages) for one in chats) > PLACES // 2)
            await push(registry, "22.16-slim", BOTH)
            await telegram.until(
                lambda: any(COMPLETE in text for one in chats for text in one.texts)
            )
            await bot.kill()
        async with BotProcess(config) as bot, asyncio.timeout(150):
            await telegram.until(
                lambda: all(any(COMPLETE in text for text in one.texts) for one in chats)
            )
            await nothing_is_owed(tmp_path / "bot.db")
            assert await bot.stop() == 0

    for one in chats:
        ends = [text for text in one.texts if COMPLETE in text]
        assert sum(AGAIN not in text for text in ends) <= 1
        assert any(WHOLE in text for text in one.texts)
