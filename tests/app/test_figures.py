"""The bot counts what it does, and says how much waits when somebody asks."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bot.app.figures import page_of
from bot.app.roles import Role
from bot.app.running import Bot, assembled
from bot.app.world import World
from bot.config import Settings, load_settings
from bot.core.errors import NotSent, PlaceClosed, Postponed, SendUncertain, Unsendable
from bot.core.model import TERMINAL
from bot.flows.deliver import Deliverer, DeliverySettings
from bot.ports.store import Store
from bot.store.database import open_store
from bot.web.figures import PrometheusFigures
from tests.support.conversations import Mailroom
from tests.support.messengers import PlannedMessenger
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.stores import ARM64, NODE, add, new_watch

CONFIG = """
[official]
enabled = false
[[registry]]
host = "docker.io"
endpoint = "{url}"
plain_http = true
allow_private = true
rate = 0
"""


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


def settings_for(folder: Path, url: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(CONFIG.format(url=url))
    return load_settings(path, {"ARCHBELL_DATABASE__URL": f"sqlite:///{folder / 'archbell.db'}"})


async def page(bot: Bot) -> str:
    shown = await page_of(bot.figures, bot.store, bot.eyes.pace, clock=bot.world.clock)
    return shown.decode()


async def page_with(bot: Bot, *patterns: str) -> str:
    """The page as soon as it has all of these lines."""
    async with asyncio.timeout(30):
        while True:
            shown = await page(bot)
            if all(re.search(f"^{each}$", shown, re.MULTILINE) for each in patterns):
                return shown
            await asyncio.sleep(0.02)


async def test_a_bot_at_work_counts_looks_requests_alerts_and_commands(
    tmp_path: Path, registry: ScriptedRegistry
) -> None:
    registry.push_index("library/node", "22", ["linux/amd64", "linux/arm64"])
    settings = settings_for(tmp_path, registry.url)

    async with (
        assembled(settings, World(), roles=frozenset({Role.LOOKS, Role.COMMANDS})) as bot,
        asyncio.TaskGroup() as group,
    ):
        now = datetime.now(UTC)
        await add(bot.store, new_watch(NODE, place=TERMINAL, platforms=(ARM64,)), now=now)
        async with bot.store.transaction() as transaction:
            await transaction.inbox.receive(
                event_id="1", place=TERMINAL, person="me", text="/list", now=now
            )
        waiting = await page(bot)
        running = group.create_task(bot.run())
        shown = await page_with(
            bot,
            r'archbell_alerts_total\{event="appeared"\} 1.0',
            r'archbell_looks_total\{outcome="present",registry="docker.io"\} 1.0',
            r'archbell_registry_requests_total\{registry="docker.io",status="2xx"\} 3.0',
            r'archbell_commands_total\{verb="list"\} 1.0',
            r"archbell_commands_pending 0.0",
            r"archbell_deliveries_pending 2.0",
        )
        bot.stop()
        await running

    assert "archbell_commands_pending 1.0" in waiting
    assert 'archbell_registry_parked{registry="docker.io"} 0.0' in shown


async def test_a_request_without_an_answer_is_counted_as_such(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "http://127.0.0.1:9")

    async with assembled(settings, World()) as bot:
        await bot.eyes.look(NODE, known=None, wanted=(ARM64,), urgent=True, timeout_s=10)
        shown = await page(bot)

    assert 'archbell_registry_requests_total{registry="docker.io",status="none"} 2.0' in shown


class CountedMailroom(Mailroom):
    """A mailroom whose deliverer counts."""

    def __init__(self, store: Store, slack: PlannedMessenger) -> None:
        super().__init__(store, slack)
        self.slack = slack
        self.figures = PrometheusFigures(CollectorRegistry(), version="1")

    def deliverer(self) -> Deliverer:
        return Deliverer(
            store=self.store,
            messengers={"slack": self.slack},
            bells=self.bells,
            clock=self.clock,
            settings=DeliverySettings(),
            figures=self.figures,
        )


async def test_every_way_a_sending_can_end_is_counted(tmp_path: Path) -> None:
    slack = PlannedMessenger("slack")
    errors = [NotSent("x"), Postponed("x", retry_after_s=1), SendUncertain("x"), Unsendable("x")]
    slack.refuse(*errors, PlaceClosed("x"))

    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        mailroom = CountedMailroom(store, slack)
        await mailroom.post("refused for good in the end")
        for _ in range(4):
            await mailroom.turn_after(4000)
        await mailroom.post("delivered in the end")
        for _ in range(2):
            await mailroom.turn_after(4000)

    shown = mailroom.figures.exposition().decode()
    for outcome in ("not_sent", "postponed", "uncertain", "place_closed", "sent", "refused"):
        assert f'archbell_deliveries_total{{outcome="{outcome}",service="slack"}} 1.0' in shown


async def test_how_long_an_alert_took_to_arrive_is_counted(tmp_path: Path) -> None:
    slack = PlannedMessenger("slack")
    slack.refuse(NotSent("x"))

    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        mailroom = CountedMailroom(store, slack)
        await mailroom.alert(NODE)
        await mailroom.turn_after(10)
        await mailroom.turn_after(10)

    shown = mailroom.figures.exposition().decode()
    assert 'archbell_alert_delay_seconds_count{event="appeared"} 1.0' in shown
    assert 'archbell_alert_delay_seconds_sum{event="appeared"} 20.0' in shown
