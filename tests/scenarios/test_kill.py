"""kill -9 at every step between command and delivery: nothing is lost, no copy is unmarked."""

import sqlite3
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image

POINTS = [
    *(f"inbox.receive:{when}" for when in ("before", "after", "uncommitted", "committed")),
    *(f"inbox.claim:{when}" for when in ("after", "committed")),
    *(f"watches.add:{when}" for when in ("before", "uncommitted", "committed")),
    *(f"inbox.done:{when}" for when in ("before", "after")),
    *(f"targets.claim:{when}" for when in ("after", "committed")),
    *(f"targets.record:{when}" for when in ("before", "uncommitted", "committed")),
    *(f"outbox.claim:{when}" for when in ("after", "committed")),
    "print:before",
    "print:after",
    *(f"outbox.sent:{when}" for when in ("before", "uncommitted", "committed")),
]
COMMAND = "/watch node:22 arm64"
MARK = "sent again"


def _received(database: Path) -> bool:
    """Whether the command was acknowledged: what was not is typed again by whoever typed it."""
    if not database.exists():
        return False
    with sqlite3.connect(database) as connection:
        count = connection.execute("SELECT count(*) FROM inbox").fetchone()[0]
    connection.close()
    return bool(count)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", POINTS)
async def test_kill_9_loses_nothing(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, point: str
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)
    killable: list[str | Path] = [sys.executable, "-m", "tests.support.killable", config, point]

    async with BotProcess(command=killable) as first:
        await first.say(COMMAND)
        if not point.startswith(("inbox", "watches.add")):
            try:
                await first.wait_for("👀 Watching", timeout_s=5)
            except AssertionError:
                assert "👀" not in first.transcript
            await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
        assert await first.ended() == -9

    await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
    async with BotProcess(config) as second:
        if not _received(config.parent / "bot.db"):
            await second.say(COMMAND)
        if "✅" not in first.transcript or "outbox.sent:committed" not in point:
            await _told(first.transcript, second)
        assert await second.stop() == 0

    copies = [first.transcript.count("✅"), second.transcript.count("✅")]
    assert sum(copies) >= 1
    assert copies[1] <= 1
    if copies == [1, 1]:
        assert MARK in second.transcript


async def _told(before: str, bot: BotProcess) -> None:
    """Until the alert is there, in this life or, with its outcome recorded, in the one before."""
    try:
        await bot.wait_for("✅", timeout_s=18)
    except AssertionError:
        assert "✅" in before
