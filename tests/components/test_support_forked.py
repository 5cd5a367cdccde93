import os
import signal
import sys

import pytest

from tests.support.bot_process import BotProcess
from tests.support.forked import can_be_forked

READS_JSON = [sys.executable, "-m", "json.tool"]


async def test_a_forked_process_hears_answers_and_ends() -> None:
    async with BotProcess(command=READS_JSON) as process:
        await process.say('{"a": 1}')
        await process.end_input()
        await process.wait_for(r'"a": 1')

        assert await process.ended() == 0


async def test_what_it_complains_of_and_its_exit_code_come_through() -> None:
    async with BotProcess(command=READS_JSON) as process:
        await process.say("{")
        await process.end_input()

        assert await process.ended() == 1
    assert "Expecting property name" in process.log


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_signal_ends_it_and_it_alone(number: signal.Signals) -> None:
    async with (
        BotProcess(command=READS_JSON) as process,
        BotProcess(command=READS_JSON) as other,
    ):
        assert process.pid != os.getpid()
        assert await process.stop(number) == -number

        await other.say("[]")
        await other.end_input()
        assert await other.ended() == 0


def test_what_python_reads_when_it_starts_needs_a_fresh_one() -> None:
    ours = dict(os.environ)

    assert can_be_forked(READS_JSON, ours | {"PYTHONOPTIMIZE": ""})
    assert can_be_forked(READS_JSON, ours | {"ARCHBELL_LOG__LEVEL": "debug"})
    assert not can_be_forked(READS_JSON, ours | {"PYTHONIOENCODING": "latin-1"})
    assert not can_be_forked(["unshare", *READS_JSON], ours)
    assert not can_be_forked([sys.executable, "-c", "pass"], ours)
