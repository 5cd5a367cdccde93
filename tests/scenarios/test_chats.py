"""The main job in Slack and in Telegram: the bot as a process, over the real docker-registry."""

import asyncio
import re

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.chat_config import GROUP, WITHIN_S, the_text, with_slack, with_telegram
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import push_image
from tests.support.slack_server import SlackServer
from tests.support.telegram_server import TelegramServer

TAG = "22.15-bullseye-slim"
IMAGE = f"node:{TAG}"
ADA, BOB = 7, 8
pytestmark = pytest.mark.timeout(240)


async def grow(registry: DockerRegistry, *platforms: str) -> str:
    pushed = await push_image(registry.url, "library/node", TAG, platforms)
    return pushed.children.get("linux/arm64", "")


async def test_arm64_is_told_once_in_slack(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, slack: SlackServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_slack(write_config(registry.url), slack)
    channel = slack.channels["C0TEAM"]

    async with BotProcess(config) as bot:
        await slack.until(lambda: slack.connections == 2)
        sent = await slack.command("/watch", f"{IMAGE} arm64", channel="C0TEAM", user="U0ADA")
        await asyncio.wait_for(sent.ack.wait(), WITHIN_S)
        answer = await the_text(slack, channel, "👀 Watching")
        assert await bot.stop() == 0
    async with BotProcess(config) as bot:
        digest = await grow(registry, "linux/amd64", "linux/arm64")
        alert = await the_text(slack, channel, "✅ linux/arm64 is there")
        assert await bot.stop() == 0

    assert re.search(r"amd64.*[Mm]issing.*arm64", answer, re.DOTALL)
    assert f"docker pull --platform linux/arm64 {IMAGE}" in alert
    assert digest[:19] in alert
    assert "<@U0ADA>" in alert
    assert len([text for text in channel.texts if "✅" in text]) == 1
    for secret in (slack.bot_token, slack.app_token):
        assert secret not in bot.log + bot.transcript


async def test_arm64_is_told_once_in_telegram(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, telegram: TelegramServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_telegram(write_config(registry.url), telegram)
    chat = telegram.chats[GROUP]

    async with BotProcess(config) as bot:
        await telegram.say(f"/watch@archbell_bot {IMAGE} arm64", chat=GROUP, user=ADA)
        answer = await the_text(telegram, chat, "👀 Watching")
        assert await bot.stop() == 0
    async with BotProcess(config) as bot:
        digest = await grow(registry, "linux/amd64", "linux/arm64")
        alert = await the_text(telegram, chat, "✅ linux/arm64 is there")
        assert await bot.stop() == 0

    assert re.search(r"amd64.*[Mm]issing.*arm64", answer, re.DOTALL)
    assert f"docker pull --platform linux/arm64 {IMAGE}" in alert
    assert digest[:19] in alert
    assert '<a href="tg://user?id=7">Ada</a>' in alert
    assert len([text for text in chat.texts if "✅" in text]) == 1
    assert telegram.token not in bot.log + bot.transcript


async def test_buttons_do_what_they_say_in_both(
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
        for label, wanted in (
            ("Check now", "amd64"),
            ("Why missing?", "arm64"),
            ("Stop", "topped"),
        ):
            await slack.press(channel.messages[0], label, channel="C0TEAM", user="U0BOB")
            await telegram.press(chat.messages[0], label, user=BOB)
            await the_text(slack, channel, wanted)
            await the_text(telegram, chat, wanted)
        assert await bot.stop() == 0


async def test_a_wrong_token_is_one_sentence(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, slack: SlackServer
) -> None:
    slack.bot_error = "invalid_auth"
    config = with_slack(write_config("http://127.0.0.1:9"), slack)

    async with BotProcess(config) as bot:
        assert await bot.ended(timeout_s=30) == 3

    assert bot.log.splitlines()[-1] == "archbell: Slack: the bot token is wrong (invalid_auth)"
    assert "Traceback" not in bot.log
