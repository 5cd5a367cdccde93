"""A process that is killed leaves all or nothing of each transaction."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.store.database import open_store
from tests.support.stores import NOW, take

_ROOT = Path(__file__).parents[2]

_WRITER = """
import asyncio, sys
from bot.core.message.neutral import Message
from bot.store.database import open_store
from tests.support.stores import NOW, TEAM

async def main():
    async with open_store(sys.argv[1]) as store:
        number = 0
        while True:
            number += 1
            async with store.transaction() as transaction:
                for part in range(5):
                    await transaction.outbox.post(TEAM, Message(f"{number}"), now=NOW)
                await transaction.inbox.receive(
                    event_id=str(number), place=TEAM, person=str(number), text="list", now=NOW
                )
                if number == int(sys.argv[2]):
                    print("within", number, flush=True)
                    await asyncio.Event().wait()
            print("committed", number, flush=True)

asyncio.run(main())
"""


def run_and_kill(url: str, *, stop_within: int, kill_after: str) -> None:
    """Have a child write transactions, and kill it as soon as it says this."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, url, str(stop_within)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == kill_after:
                child.kill()
                break
        child.wait()


async def written(url: str) -> tuple[list[int], list[int]]:
    """The numbers of the transactions, by their answers and by their commands."""
    async with open_store(url) as store:
        async with store.reading() as transaction:
            answers = await transaction.outbox.entries(limit=10_000, include_sent=True)
        async with store.transaction() as transaction:
            commands = await transaction.inbox.claim(now=NOW, lease_s=1, limit=10_000)
        await take(store)
    return [int(entry.about) for entry in answers], [int(each.person) for each in commands]


async def test_nothing_of_an_unfinished_transaction_is_left(url: str) -> None:
    run_and_kill(url, stop_within=3, kill_after="within 3")

    answers, commands = await written(url)

    assert commands == [1, 2]
    assert answers == [1] * 5 + [2] * 5


@pytest.mark.parametrize("number", [1, 7, 30])
async def test_everything_that_was_acknowledged_is_there_and_nothing_is_half(
    url: str, number: int
) -> None:
    run_and_kill(url, stop_within=0, kill_after=f"committed {number}")

    answers, commands = await written(url)

    assert commands[:number] == list(range(1, number + 1))
    assert sorted(answers) == sorted(commands * 5)
