"""The bot's configuration for the services on loopback ports, and what it said there."""

import asyncio
from pathlib import Path

from tests.support.slack_server import Channel, SlackServer
from tests.support.telegram_server import Chat, TelegramServer

GROUP = -100123
WITHIN_S = 60


def with_slack(config: Path, slack: SlackServer) -> Path:
    lines = [
        "[slack]",
        f'bot_token = "{slack.bot_token}"',
        f'app_token = "{slack.app_token}"',
        f'api_url = "{slack.url}/api"',
    ]
    return with_lines(config, *lines)


def with_telegram(config: Path, telegram: TelegramServer) -> Path:
    lines = [
        "[telegram]",
        f'token = "{telegram.token}"',
        f'api_url = "{telegram.url}"',
        f"allowed_chats = [{GROUP}]",
    ]
    return with_lines(config, *lines)


def with_lines(config: Path, *lines: str) -> Path:
    text = config.read_text(encoding="utf-8")
    config.write_text("\n".join((*lines, text)), encoding="utf-8")
    return config


async def the_text(there: SlackServer | TelegramServer, of: Channel | Chat, wanted: str) -> str:
    """The first message that holds the text; waits for it."""
    async with asyncio.timeout(WITHIN_S):
        await there.until(lambda: any(wanted in text for text in of.texts))
    return next(text for text in of.texts if wanted in text)
