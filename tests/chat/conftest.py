"""A real store, and the two services on loopback ports."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.chat.reception import ReceptionSettings
from bot.chat.slack.workspace import Slack, SlackSettings, open_slack
from bot.chat.surroundings import Surroundings
from bot.chat.telegram.account import Telegram, TelegramSettings, open_telegram
from bot.flows.bells import Bells
from bot.ports.inbox import Command
from bot.ports.store import Store
from bot.store.database import open_store
from tests.support.slack_server import SlackServer, slack_server
from tests.support.telegram_server import TelegramServer, telegram_server

GROUP = -1001


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite:///{tmp_path / 'bot.db'}") as opened:
        yield opened


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
def around(store: Store, bells: Bells) -> Surroundings:
    async def no_sleep(seconds: float, /) -> None:
        await asyncio.sleep(0.001)

    return Surroundings(
        store=store,
        commands_came=bells.commands.ring,
        can_deliver=bells.deliveries.ring,
        clock=lambda: datetime.now(UTC),
        sleep=no_sleep,
        limits=ReceptionSettings(per_person=1000, per_conversation=1000),
    )


@pytest.fixture
async def slack_there() -> AsyncIterator[SlackServer]:
    async with slack_server() as there:
        there.add_channel("C0TEAM")
        yield there


@pytest.fixture
async def slack(slack_there: SlackServer, around: Surroundings) -> AsyncIterator[Slack]:
    settings = SlackSettings(
        bot_token=slack_there.bot_token,
        app_token=slack_there.app_token,
        signing_secret=slack_there.signing_secret,
        api_url=slack_there.api_url,
    )
    async with open_slack(settings, around) as opened:
        yield opened


@pytest.fixture
async def telegram_there() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as there:
        there.add_chat(GROUP, topics=(7,))
        yield there


@pytest.fixture
async def telegram(telegram_there: TelegramServer, around: Surroundings) -> AsyncIterator[Telegram]:
    settings = TelegramSettings(
        token=telegram_there.token,
        api_url=telegram_there.api_url,
        chats=frozenset({GROUP}),
    )
    async with open_telegram(settings, around) as opened:
        yield opened


@asynccontextmanager
async def running(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """What listens for ever, while the block runs."""
    task = asyncio.ensure_future(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def commands_in(store: Store) -> list[Command]:
    """The commands that can be done now; of one person in one place only the first."""
    async with store.transaction() as transaction:
        return await transaction.inbox.claim(now=datetime.now(UTC), lease_s=60, limit=1000)


async def all_commands_in(store: Store) -> list[Command]:
    """All commands, in the order in which they can be done."""
    commands: list[Command] = []
    while found := await commands_in(store):
        commands += found
        async with store.transaction() as transaction:
            for command in found:
                await transaction.inbox.done(command, now=datetime.now(UTC))
    return commands
