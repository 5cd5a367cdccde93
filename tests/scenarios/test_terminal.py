"""The bot in front of a person, and behind pipes that are not as they should be."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.command_line import archbell
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import scripted_registry
from tests.support.terminals import CTRL_C, CTRL_D, BotOnTerminal

NOWHERE = "http://127.0.0.1:9"
FULL = Path("/dev/full")

needs_a_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


async def end_of(words: tuple[str, ...], output: int, folder: Path) -> tuple[int | None, str]:
    """Exit code and standard error of a command whose standard output is that file descriptor."""
    url = f"sqlite:///{folder / 'bot.db'}"
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *words,
            stdout=output,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "ARCHBELL_DATABASE__URL": url},
        )
    finally:
        os.close(output)
    _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def test_what_is_typed_is_answered_and_ctrl_c_stops_the_bot(
    write_config: WriteConfig,
) -> None:
    async with BotOnTerminal(write_config(NOWHERE)) as bot:
        await bot.wait_for("Archbell listens here")
        await bot.wait_for("archbell>")
        bot.type("/list\r")
        await bot.wait_for("Nothing is watched here")
        bot.type(CTRL_C)

        assert await bot.ended() == 0

    assert "Traceback" not in bot.shown


async def test_after_ctrl_d_the_bot_goes_on_and_ctrl_c_still_stops_it(
    write_config: WriteConfig,
) -> None:
    async with BotOnTerminal(write_config(NOWHERE)) as bot:
        await bot.wait_for("archbell>")
        bot.type(CTRL_D)
        await bot.wait_for("Ctrl-C stops the bot")
        bot.type(CTRL_C)

        assert await bot.ended() == 0


async def test_an_answer_that_comes_after_ctrl_d_is_shown(write_config: WriteConfig) -> None:
    async with BotOnTerminal(write_config(NOWHERE)) as bot:
        await bot.wait_for("archbell>")
        bot.type(b"/check node:22\r" + CTRL_D)
        await bot.wait_for("Ctrl-C stops the bot")

        await bot.wait_for("I cannot tell what node:22 has")


@pytest.mark.parametrize(
    "first", [pytest.param(CTRL_C, id="ctrl-c"), pytest.param(None, id="sigterm")]
)
async def test_a_second_ctrl_c_ends_the_bot_at_once(
    write_config: WriteConfig, first: bytes | None
) -> None:
    async with scripted_registry() as hanging:
        hanging.knows("library/node")
        hanging.will_answer(Answer(never=True), times=6)
        config = write_config(hanging.settings().endpoint)
        patient = {"ARCHBELL_LOOKS__TIMEOUT_S": "60", "ARCHBELL_LOOKS__LEASE_S": "90"}
        async with BotOnTerminal(config, environment=patient) as bot:
            await bot.wait_for("archbell>")
            bot.type("/check node:22\r")
            async with asyncio.timeout(20):
                while not hanging.requests:  # noqa: ASYNC110 (the server has no bell)
                    await asyncio.sleep(0.01)
            if first is None:
                bot.send(signal.SIGTERM)
            else:
                bot.type(first)
            await bot.wait_until_it_heeds_ctrl_c()
            asked_at = time.monotonic()
            bot.type(CTRL_C)

            assert await bot.ended() == 130
            assert time.monotonic() - asked_at < 3


@needs_a_full_device
async def test_a_person_whose_output_is_full_gets_a_bot_that_goes_on(
    write_config: WriteConfig,
) -> None:
    async with BotOnTerminal(write_config(NOWHERE), stdout=FULL) as bot:
        await bot.wait_for("nobody_reads")
        bot.type("/list\r")
        bot.type(CTRL_D)
        await bot.wait_for(r"nobody_reads(.|\n)*nobody_reads")
        bot.type(CTRL_C)

        assert await bot.ended() == 0

    assert "Traceback" not in bot.shown


@pytest.mark.parametrize(
    "encoding",
    [
        pytest.param("utf-8:strict", id="strict"),
        pytest.param("utf-8:surrogateescape", id="as in the POSIX locale"),
        pytest.param("ascii", id="no emoji"),
    ],
)
async def test_neither_a_bad_byte_nor_a_poor_encoding_ends_the_conversation(
    write_config: WriteConfig, encoding: str
) -> None:
    poor = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}

    async with BotProcess(write_config(NOWHERE), environment=poor) as bot:
        await bot.say_bytes(b"caf\xe9 \0\n/list\n/help\n")
        await bot.wait_for("Nothing is watched here")
        await bot.wait_for("I tell you when")

        assert await bot.stop() == 0

    assert "Traceback" not in bot.log


@needs_a_full_device
@pytest.mark.parametrize("words", [("list",), ("outbox", "--json"), ("--help",)], ids=" ".join)
async def test_an_answer_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, errors = await end_of(words, os.open(FULL, os.O_WRONLY), tmp_path)

    assert code == 3
    assert errors == "archbell: standard output: No space left on device\n"


async def test_a_reader_that_has_gone_ends_a_command_in_silence(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    code, errors = await end_of(("list",), writing, tmp_path)

    assert code == 1
    assert not errors


async def test_a_terminal_without_emoji_gets_words(tmp_path: Path) -> None:
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}

    ended = await archbell("watch", "--help", environment=latin, folder=tmp_path)

    assert ended.code == 0
    assert "archbell watch" in ended.output
