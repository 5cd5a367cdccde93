"""The sign of life: there while the bot can work, old when it cannot, gone when it has stopped."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app.heartbeat import EVERY_S, beat_for_ever
from bot.core.errors import StoreUnusable
from bot.store.database import open_store
from tests.support.troubled_store import TroubledStore

LONG_AGO = 1_000_000.0


class Turns:
    """A sleep that ends when the test says so, and remembers how long it was to be."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._asleep = asyncio.Event()
        self._go_on = asyncio.Event()

    async def __call__(self, seconds: float, /) -> None:
        self.asked.append(seconds)
        self._asleep.set()
        await self._go_on.wait()
        self._go_on.clear()

    async def until_asleep(self) -> None:
        await self._asleep.wait()
        self._asleep.clear()

    async def another(self) -> None:
        self._go_on.set()
        await self.until_asleep()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TroubledStore]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}", busy_timeout_s=5) as opened:
        yield TroubledStore(opened)


@pytest.fixture
def heartbeat(tmp_path: Path) -> Path:
    return tmp_path / "heartbeat"


@pytest.fixture
async def turns(store: TroubledStore, heartbeat: Path) -> AsyncIterator[Turns]:
    """A heart that has beaten once; it is stopped afterwards."""
    sleep = Turns()
    beating = asyncio.create_task(beat_for_ever(store, heartbeat, sleep=sleep))
    await sleep.until_asleep()
    yield sleep
    beating.cancel()
    await asyncio.wait([beating])
    assert beating.cancelled()


def grow_old(path: Path) -> None:
    os.utime(path, (LONG_AGO, LONG_AGO))


def is_fresh(path: Path) -> bool:
    return path.exists() and path.stat().st_mtime > LONG_AGO


def bar(path: Path) -> None:
    """Nobody can make this file now."""
    path.unlink()
    path.symlink_to(path.parent / "no-such-folder" / path.name)


def unbar(path: Path) -> None:
    path.unlink()


async def test_each_turn_makes_the_file_new_again(turns: Turns, heartbeat: Path) -> None:
    grow_old(heartbeat)

    await turns.another()

    assert is_fresh(heartbeat)
    assert turns.asked == [EVERY_S, EVERY_S]


async def test_a_database_that_fails_leaves_the_file_old_until_it_answers(
    turns: Turns, store: TroubledStore, heartbeat: Path
) -> None:
    store.will_fail("targets.next_due_at", StoreUnusable("the disk is gone"), times=1)
    grow_old(heartbeat)

    await turns.another()
    was_fresh = is_fresh(heartbeat)
    await turns.another()

    assert not was_fresh
    assert is_fresh(heartbeat)


async def test_a_file_that_cannot_be_touched_stops_nothing(turns: Turns, heartbeat: Path) -> None:
    bar(heartbeat)

    await turns.another()
    was_fresh = is_fresh(heartbeat)
    unbar(heartbeat)
    await turns.another()

    assert not was_fresh
    assert is_fresh(heartbeat)
