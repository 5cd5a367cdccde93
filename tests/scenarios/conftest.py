"""Configurations for the bot as a process, over registries on this machine."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.chat_config import GROUP
from tests.support.slack_server import SlackServer, slack_server
from tests.support.telegram_server import TelegramServer, telegram_server

WriteConfig = Callable[..., Path]

_FAST = """
[schedule]
fast_s = 0.3
confirm_s = 0.3
error_min_s = 0.3
[looks]
timeout_s = 6
lease_s = 11
[delivery]
uncertain_after_s = 5
group_within_s = 0
"""


@pytest.fixture
def write_config(tmp_path: Path) -> WriteConfig:
    """Writes a configuration whose docker.io is the given endpoint; more lines for its block."""

    def write(endpoint: str, *more: str) -> Path:
        path = tmp_path / "config.toml"
        block = [
            "[[registry]]",
            'host = "docker.io"',
            f'endpoint = "{endpoint}"',
            "plain_http = true",
            "allow_private = true",
            "rate = 0",
            *more,
        ]
        database = '[database]\nurl = "sqlite:///bot.db"'
        path.write_text("\n".join((database, _FAST, *block)) + "\n")
        return path

    return write


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with slack_server() as there:
        there.add_channel("C0TEAM")
        yield there


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as there:
        there.add_chat(GROUP)
        there.names[7] = "Ada"
        yield there
