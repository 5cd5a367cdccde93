"""kill -9 at every step between command and delivery: nothing is lost, no copy is unmarked."""

import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import StartRegistry
from tests.support.fatal_gate import FatalGate
from tests.support.images import push_image

BEFORE_THE_ALERT = [
    *(f"inbox.receive:{when}" for when in ("before", "after", "uncommitted", "committed")),
    *(f"inbox.claim:{when}" for when in ("after", "committed")),
    *(f"watches.add:{when}" for when in ("before", "uncommitted", "committed")),
    *(f"inbox.done:{when}" for when in ("before", "after")),
    *(f"targets.claim:{when}" for when in ("after", "committed")),
    *(f"targets.record:{when}" for when in ("before", "uncommitted")),
]
WITH_THE_ALERT = [
    "targets.record:committed",
    *(f"outbox.claim:{when}" for when in ("after", "committed")),
    "print:before",
    "print:after",
    *(f"outbox.sent:{when}" for when in ("before", "uncommitted", "committed")),
]
COMMAND = "/watch node:22 arm64"
MARK = "sent again"
PATIENCE_S = 60.0
"""The machine may be slow; nothing here is about speed."""


def _count(config: Path, table: str) -> int:
    """The rows of a table, 0 without a database."""
    database = config.parent / "bot.db"
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database)) as connection:
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,))
        if not made.fetchone()[0]:
            return 0
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


@pytest.mark.timeout(400)
@pytest.mark.parametrize("point", [*BEFORE_THE_ALERT, *WITH_THE_ALERT])
async def test_kill_9_loses_nothing(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, point: str
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = _impatient(write_config(registry.url))
    killable: list[str | Path] = [sys.executable, "-m", "tests.support.killable", config, point]

    async with BotProcess(command=killable) as first:
        await first.say(COMMAND)
        if not point.startswith(("inbox", "watches.add")):
            # The first claim may come before the answer is out.
            allowed = (AssertionError,) if point.startswith("targets.claim") else ()
            with suppress(*allowed):
                await first.wait_for("👀 Watching", timeout_s=PATIENCE_S)
            await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
        assert await first.ended(timeout_s=PATIENCE_S) == -9

    assert _count(config, "alerts") == (1 if point in WITH_THE_ALERT else 0)
    assert f"killed at {point}" in first.log
    await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
    recorded = point == "outbox.sent:committed"
    await _is_told(first, config, recorded=recorded)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("point", ["HEAD of the tag", "GET of a manifest", "HEAD of a manifest"])
@pytest.mark.parametrize("look", ["the command's", "the watch's"])
async def test_kill_9_within_a_look_loses_nothing(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, look: str, point: str
) -> None:
    registry = await docker_registry_factory()
    there = ["linux/amd64", "linux/arm64"]
    # The command asks for the platform's own manifest only if it is listed.
    asked = there if point == "HEAD of a manifest" and look == "the command's" else there[:1]
    await push_image(registry.url, "library/node", "22", asked)
    async with FatalGate(registry.url) as gate:
        config = _impatient(write_config(gate.url))

        async with BotProcess(config) as first:
            if look == "the watch's":
                await first.say(COMMAND)
                await first.wait_for("👀 Watching", timeout_s=PATIENCE_S)
                await push_image(registry.url, "library/node", "22", there)
            gate.kill(first.pid, at=point)
            if look == "the command's":
                await first.say(COMMAND)
            assert await first.ended(timeout_s=PATIENCE_S) == -9

        assert gate.killed_at == point
        assert _count(config, "alerts") == 0
        assert "✅" not in first.transcript
        await push_image(registry.url, "library/node", "22", there)
        await _is_told(first, config, recorded=False)


def _impatient(config: Path) -> Path:
    """What a killed process has leased comes back soon."""
    text = config.read_text(encoding="utf-8")
    for given, shorter in (
        ("\ntimeout_s = 6", "\ntimeout_s = 2"),
        ("lease_s = 11", "lease_s = 7"),
        ("uncertain_after_s = 5", "uncertain_after_s = 2"),
    ):
        assert given in text
        text = text.replace(given, shorter)
    config.write_text(text, encoding="utf-8")
    return config


async def _is_told(first: BotProcess, config: Path, *, recorded: bool) -> None:
    """The next life tells what the first did not, or could not record that it had."""
    async with BotProcess(config) as second:
        if not _count(config, "inbox"):
            # What was not acknowledged is typed again by whoever typed it.
            await second.say(COMMAND)
        if recorded:
            await second.say("/list")
            await second.wait_for("Nothing is watched here", timeout_s=PATIENCE_S)
        else:
            await second.wait_for("✅", timeout_s=2 * PATIENCE_S)
        assert await second.stop() == 0

    copies = [first.transcript.count("✅"), second.transcript.count("✅")]
    assert copies[1] == (0 if recorded else 1)
    assert copies[0] <= 1
    if copies == [1, 1]:
        assert MARK in second.transcript
