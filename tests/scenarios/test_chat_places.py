"""Where the bot cannot speak, or should not, people are told all the same."""

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.scenarios.test_chats import ADA, IMAGE, grow
from tests.support.bot_process import BotProcess
from tests.support.chat_config import GROUP, the_text, with_slack, with_telegram
from tests.support.docker_registry import StartRegistry
from tests.support.slack_server import SlackServer
from tests.support.telegram_server import TelegramServer

pytestmark = pytest.mark.timeout(240)
HOW_TO_INVITE = "type /invite @archbell in it"


async def test_where_the_bot_was_not_invited_answers_and_alerts_come_by_direct_message(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, slack: SlackServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_slack(write_config(registry.url), slack)
    closed, alone = slack.add_channel("C0SECRET", member=False), slack.add_channel("D0ADA")

    async with BotProcess(config) as bot:
        await slack.until(lambda: slack.connections == 2)
        await slack.command("/watch", f"{IMAGE} arm64", channel="C0SECRET", user="U0ADA")
        answer = await the_text(slack, alone, "👀 Watching")
        await grow(registry, "linux/amd64", "linux/arm64")
        alert = await the_text(slack, alone, "✅ linux/arm64 is there")
        closed.member = True
        await slack.command("/status", "", channel="C0SECRET", user="U0ADA")
        await the_text(slack, closed, "Watches: 0")
        assert await bot.stop() == 0

    assert HOW_TO_INVITE in answer
    assert HOW_TO_INVITE in alert
    assert len(closed.texts) == 1
    assert len([text for text in alone.texts if "✅" in text]) == 1


async def test_who_wants_to_be_told_alone_is_and_the_button_works_there(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, slack: SlackServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_slack(write_config(registry.url), slack)
    channel, alone = slack.channels["C0TEAM"], slack.add_channel("D0ADA")

    async with BotProcess(config) as bot:
        await slack.until(lambda: slack.connections == 2)
        await slack.command("/watch", f"{IMAGE} arm64 dm", channel="C0TEAM", user="U0ADA")
        await the_text(slack, alone, "👀 Watching")
        await the_text(slack, channel, "📬 I answer you alone")
        await slack.press(alone.messages[0], "Stop", channel="D0ADA", user="U0ADA")
        await the_text(slack, alone, "🛑 Stopped #1")
        await slack.say("list", channel="D0ADA", user="U0ADA")
        await the_text(slack, alone, "Nothing is watched here.")
        assert await bot.stop() == 0

    assert not any("node" in text for text in channel.texts)


async def test_a_misspelt_tag_is_put_right_by_a_button(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, telegram: TelegramServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_telegram(write_config(registry.url), telegram)
    chat = telegram.chats[GROUP]
    typed = IMAGE.replace("bullseye", "bullsey")

    async with BotProcess(config) as bot:
        await telegram.say(f"/watch {typed} arm64", chat=GROUP, user=ADA)
        await the_text(telegram, chat, f"Did you mean {IMAGE}?")
        await telegram.press(chat.messages[0], "Watch that", user=ADA)
        await the_text(telegram, chat, f"👀 Watching {IMAGE} for linux/arm64")
        assert await bot.stop() == 0

    assert telegram.token not in bot.log + bot.transcript


async def test_a_watch_that_has_ended_goes_on_by_a_button(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, telegram: TelegramServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_telegram(write_config(registry.url), telegram)
    chat = telegram.chats[GROUP]

    async with BotProcess(config) as bot:
        await telegram.say(f"/watch {IMAGE} arm64 for 2s", chat=GROUP, user=ADA)
        ended = await the_text(telegram, chat, "⏳")
        await telegram.press(chat.messages[-1], "Watch again", user=ADA)
        await the_text(telegram, chat, "(#2)")
        assert await bot.stop() == 0

    assert '<a href="tg://user?id=7">Ada</a>' in ended


async def test_a_group_that_becomes_a_supergroup_is_followed(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, telegram: TelegramServer
) -> None:
    registry = await docker_registry_factory()
    await grow(registry, "linux/amd64")
    config = with_telegram(write_config(registry.url), telegram)

    async with BotProcess(config) as bot:
        await telegram.say(f"/watch {IMAGE} arm64", chat=GROUP, user=ADA)
        await the_text(telegram, telegram.chats[GROUP], "👀 Watching")
        assert await bot.stop() == 0
    supergroup = telegram.add_chat(-100999)
    telegram.chats[GROUP].moved_to = supergroup.id
    async with BotProcess(config) as bot:
        await grow(registry, "linux/amd64", "linux/arm64")
        await the_text(telegram, supergroup, "✅ linux/arm64 is there")
        assert await bot.stop() == 0

    assert not any("✅" in text for text in telegram.chats[GROUP].texts)
