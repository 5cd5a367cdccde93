"""The bot as a process of its own: told lines, heard, stopped, killed; tried with a script."""

import asyncio
import os
import signal
import sys

import pytest

from tests.support.bot_process import BotProcess

ECHO = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("ready", os.environ.get("ARCHBELL_CONFIG"), os.environ.get("ARCHBELL_SERVER__PORT"),
      "PATH" in os.environ, flush=True)
for line in sys.stdin:
    print("heard", line.strip(), flush=True)
    print("noted", line.strip(), file=sys.stderr, flush=True)
print("no newline at the end", end="", flush=True)
print("all read", file=sys.stderr, flush=True)
signal.pause()
"""


def echo(**environment: str) -> BotProcess:
    return BotProcess(command=[sys.executable, "-c", ECHO], environment=environment)


async def test_a_process_is_told_lines_and_heard_on_both_streams() -> None:
    async with echo() as bot:
        await bot.wait_for("^ready")
        before = bot.position
        await bot.say("/watch node:22 ärm64")
        heard = await bot.wait_for(r"^heard /watch (\S+) (\S+)$", after=before)
        noted = await bot.wait_for_log("^noted")

        assert heard.groups() == ("node:22", "ärm64")
        assert heard.start() == before
        assert noted.end() <= len(bot.log)
        with pytest.raises(AssertionError, match="heard /watch"):
            await bot.wait_for("^heard", after=bot.position, timeout_s=0.05)


async def test_a_process_gets_only_the_settings_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARCHBELL_CONFIG", "/etc/archbell.toml")

    async with echo(ARCHBELL_SERVER__PORT="8080") as bot:
        said = await bot.wait_for("^ready (.*)$")

    assert said[1] == "None 8080 True"


async def test_half_a_line_is_not_matched_before_the_end() -> None:
    async with echo() as bot:
        await bot.end_input()
        await bot.wait_for_log("^all read")
        with pytest.raises(AssertionError, match="in time"):
            await bot.wait_for("no newline", timeout_s=0.3)

        await bot.stop()

        said = await bot.wait_for("no newline.*$")
        assert said[0] == "no newline at the end"


async def test_a_stopped_process_gives_its_exit_code() -> None:
    async with echo() as bot:
        await bot.wait_for("^ready")

        assert await bot.stop() == 7
        assert await bot.stop() == 7
        with pytest.raises(AssertionError, match="Ended without"):
            await bot.wait_for("never said")
        with pytest.raises(AssertionError, match="Nobody listens"):
            await bot.say("still there?")


async def test_a_killed_process_is_gone() -> None:
    async with echo() as bot:
        await bot.wait_for("^ready")

        await bot.kill()

        assert await bot.ended() == -signal.SIGKILL
        with pytest.raises(ProcessLookupError):
            os.kill(bot.pid, 0)


async def test_a_process_that_does_not_end_is_killed_and_reported() -> None:
    async with echo() as bot:
        await bot.wait_for("^ready")

        with pytest.raises(AssertionError, match="does not end"):
            await bot.ended(timeout_s=0.05)

        assert await bot.ended() == -signal.SIGKILL


async def test_a_grandchild_that_keeps_the_pipes_is_not_waited_for() -> None:
    script = "sleep 15 & echo $!"

    async with BotProcess(command=["/bin/sh", "-c", script]) as bot:
        grandchild = int((await bot.wait_for(r"^\d+$"))[0])
        try:
            assert await bot.ended() == 0
        finally:
            os.kill(grandchild, signal.SIGKILL)


async def test_nothing_is_left_when_the_test_run_itself_is_killed() -> None:
    script = f"""
import asyncio
from tests.support.bot_process import BotProcess

async def main():
    async with BotProcess(command=[{sys.executable!r}, "-c", {ECHO!r}]) as bot:
        await bot.wait_for("^ready")
        print("inner", bot.pid, flush=True)
        await bot.wait_for("never")

asyncio.run(main())
"""
    async with BotProcess(command=[sys.executable, "-c", script]) as outer:
        inner = int((await outer.wait_for(r"^inner (\d+)$"))[1])
        watched = os.pidfd_open(inner)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(watched, ended.set)

        await outer.kill()

        await asyncio.wait_for(ended.wait(), timeout=5)
        asyncio.get_running_loop().remove_reader(watched)
        os.close(watched)
