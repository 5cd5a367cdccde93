"""What one chat's trouble means for its alerts, and for the other chat."""

import asyncio
import statistics
import time

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.scenarios.test_chats import ADA, IMAGE, grow
from tests.support.bot_process import BotProcess
from tests.support.chat_config import GROUP, the_text, with_slack, with_telegram
from tests.support.docker_registry import StartRegistry
from tests.support.slack_server import SlackServer
from tests.support.telegram_server import TelegramServer

pytestmark = pytest.mark.timeout(240)


async def test_a_token_revoked_later_pauses_one_chat_and_keeps_its_alerts(
    docker_registry_factory: StartRegistry,
    write_config: WriteConfig,
    slack: SlackServer,
    telegram: TelegramServer,
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_telegram(with_slack(write_config(registry.url), slack), telegram)
    channel, chat = slack.channels["C0TEAM"], telegram.chats[GROUP]

    async with BotProcess(config) as bot:
        await slack.until(lambda: slack.connections == 2)
        await slack.command("/watch", f"{IMAGE} arm64", channel="C0TEAM", user="U0ADA")
        await telegram.say(f"/watch {IMAGE} arm64", chat=GROUP, user=ADA)
        await the_text(slack, channel, "👀 Watching")
        await the_text(telegram, chat, "👀 Watching")

        slack.bot_error = "token_revoked"
        await grow(registry, "linux/amd64", "linux/arm64")
        await the_text(telegram, chat, "✅ linux/arm64 is there")
        async with asyncio.timeout(60):
            await slack.until(
                lambda: [name for name, _ in slack.requests].count("chat.postMessage") >= 2
            )
        await telegram.say("/status", chat=GROUP, user=ADA)
        status = await the_text(telegram, chat, "Up for")
        assert "the bot token has been revoked" in status
        assert not [text for text in channel.texts if "✅" in text]

        slack.bot_error = None
        await the_text(slack, channel, "✅ linux/arm64 is there")
        assert await bot.stop() == 0

    assert len([text for text in channel.texts if "✅" in text]) == 1
    assert len([text for text in chat.texts if "✅" in text]) == 1


async def test_a_hundred_commands_at_once_are_all_kept_and_answered(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, slack: SlackServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    names = [f"C{number:03}" for number in range(100)]
    channels = [slack.add_channel(name) for name in names]
    config = with_slack(write_config(registry.url), slack)

    async with BotProcess(config) as bot:
        await slack.until(lambda: slack.connections == 2)
        began_at = time.monotonic()
        sent = [
            await slack.command("/watch", f"{IMAGE} arm64", channel=name, user=f"U{name}")
            for name in names
        ]
        async with asyncio.timeout(60):
            await slack.until(lambda: all(envelope.acked for envelope in sent))
            await slack.until(lambda: all(channel.messages for channel in channels))
        assert await bot.stop() == 0

    waits = [(envelope.acked_at or 0) - envelope.sent_at for envelope in sent]
    median_ms, longest_ms = statistics.median(waits) * 1000, max(waits) * 1000
    print(f"acknowledged: median {median_ms:.0f} ms, longest {longest_ms:.0f} ms")
    print(f"all answered after {time.monotonic() - began_at:.1f} s")
    assert all("👀 Watching" in channel.texts[0] for channel in channels)
    # Slack itself gives up after 3 s; what is usual here is for the benchmark to say.
    assert max(waits) < 3
