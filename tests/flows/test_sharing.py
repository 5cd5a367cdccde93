"""Processes keep in step about how registries want to be treated."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from bot.core.errors import StoreBusy
from bot.flows.bells import Bell
from bot.flows.sharing import Sharing
from bot.net.pace import Pace
from bot.store.database import open_store
from tests.support.stores import NOW
from tests.support.troubled_store import TroubledStore

HUB = "docker.io"


class Process:
    """One process' pace, and what it shares."""

    def __init__(self, store: TroubledStore) -> None:
        self.bell = Bell()
        self.pace = Pace(clock=lambda: NOW, sleep=asyncio.sleep, chance=lambda: 0.5)
        self.sharing = Sharing(store, courtesy=self.pace, bell=self.bell, clock=lambda: NOW)

    def is_told_to_wait(self, wait_s: int) -> None:
        headers = {"Retry-After": str(wait_s)}
        self.pace.heard(HUB, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers, pull=False)

    def hears(self) -> None:
        self.pace.heard(HUB, status=HTTPStatus.OK, headers={}, pull=False)

    @property
    def waits_s(self) -> float:
        until = self.pace.parked_until(HUB)
        return (until - NOW).total_seconds() if until else 0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TroubledStore]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield TroubledStore(opened)


@pytest.fixture
def one(store: TroubledStore) -> Process:
    return Process(store)


@pytest.fixture
def two(store: TroubledStore) -> Process:
    return Process(store)


@contextmanager
def running(*processes: Process) -> Iterator[None]:
    tasks = [asyncio.ensure_future(process.sharing.run()) for process in processes]
    yield
    for task in tasks:
        task.cancel()


async def test_what_one_is_told_the_other_obeys(one: Process, two: Process) -> None:
    one.is_told_to_wait(60)

    await one.sharing.share()
    await two.sharing.share()

    assert (one.waits_s, two.waits_s) == (60, 60)


async def test_the_longer_of_two_waits_holds_for_both(one: Process, two: Process) -> None:
    one.is_told_to_wait(60)
    two.is_told_to_wait(10)

    for process in (one, two, one):
        await process.sharing.share()

    assert (one.waits_s, two.waits_s) == (60, 60)


async def test_an_answer_that_another_process_got_does_not_end_a_parking(
    one: Process, two: Process
) -> None:
    one.is_told_to_wait(60)
    await one.sharing.share()
    two.hears()

    for process in (two, one):
        await process.sharing.share()

    assert (one.waits_s, two.waits_s) == (60, 60)


async def test_what_is_known_already_is_not_written_again(
    store: TroubledStore, one: Process, two: Process
) -> None:
    one.is_told_to_wait(60)
    await one.sharing.share()

    for process in (two, one, two):
        await process.sharing.share()

    assert store.calls.count("registries.save") == 1


async def test_what_could_not_be_written_is_kept_until_it_can(
    store: TroubledStore, one: Process, two: Process
) -> None:
    one.is_told_to_wait(60)
    store.will_fail("registries.save", StoreBusy("d: busy"), times=1)
    with pytest.raises(StoreBusy):
        await one.sharing.share()

    await one.sharing.share()
    await two.sharing.share()

    assert two.waits_s == 60


@pytest.mark.parametrize(
    "error", [StoreBusy("d: busy"), RuntimeError("a bug")], ids=["busy", "bug"]
)
async def test_sharing_goes_on_when_the_database_does_not_and_hears_its_bell(
    store: TroubledStore, one: Process, two: Process, error: Exception
) -> None:
    store.will_fail("registries.load", error, times=1)
    with running(two):
        await store.wait_for("registries.load")
        one.is_told_to_wait(60)
        await one.sharing.share()
        before = store.calls.count("registries.load")

        started = asyncio.get_running_loop().time()
        two.bell.ring()
        await store.wait_for("registries.load", count=before + 1)
        took = timedelta(seconds=asyncio.get_running_loop().time() - started)
        while not two.waits_s:  # noqa: ASYNC110  until the answer is taken in
            await asyncio.sleep(0.01)

    assert took < timedelta(seconds=0.9)
    assert two.waits_s == 60
