"""The queue of one registry."""

import asyncio

import pytest

from bot.net.lane import BACKLOG, Bucket, Lane
from tests.support.registry_client import NOW, ManualClock


def lane(clock: ManualClock, *, concurrency: int = 1, rate: float = 0) -> Lane:
    return Lane(concurrency=concurrency, rate=rate, clock=clock, sleep=clock.sleep)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_burst_is_free_and_then_the_rate_holds() -> None:
    clock = ManualClock()
    bucket = Bucket(2)

    waits = [bucket.take(clock()) for _ in range(7)]

    assert waits == [0, 0, 0, 0, 0, 0.5, 1.0]


def test_tokens_come_back_up_to_the_burst() -> None:
    clock = ManualClock()
    bucket = Bucket(2)
    for _ in range(5):
        bucket.take(clock())

    clock.forward(0.5)
    assert bucket.take(clock()) == 0
    assert bucket.take(clock()) == 0.5
    clock.forward(1000)
    assert [bucket.take(clock()) for _ in range(6)][-2:] == [0, 0.5]


def test_a_clock_that_is_set_back_grants_nothing() -> None:
    clock = ManualClock()
    bucket = Bucket(1, burst=1)
    bucket.take(clock())

    clock.forward(-3600)

    assert bucket.take(clock()) == 1
    clock.forward(1)
    assert bucket.take(clock()) == 1


def test_without_a_rate_nobody_waits() -> None:
    bucket = Bucket(0)

    assert [bucket.take(NOW) for _ in range(100)] == [0.0] * 100


async def test_no_more_than_the_places_are_taken() -> None:
    clock = ManualClock()
    places = lane(clock, concurrency=2)
    await places.enter(urgent=False)
    await places.enter(urgent=False)

    third = asyncio.ensure_future(places.enter(urgent=False))
    await settle()

    assert not third.done()
    places.leave()
    await third


async def test_who_is_urgent_goes_first_and_others_keep_their_order() -> None:
    places = lane(ManualClock())
    await places.enter(urgent=False)
    order: list[str] = []

    async def pass_through(name: str, urgent: bool) -> None:
        await places.enter(urgent=urgent)
        order.append(name)
        places.leave()

    async with asyncio.TaskGroup() as group:
        for name, urgent in (("a", False), ("b", False), ("first", True), ("c", False)):
            group.create_task(pass_through(name, urgent))
        await settle()
        places.leave()

    assert order == ["first", "a", "b", "c"]


async def test_somebody_who_gave_up_waiting_takes_no_place() -> None:
    places = lane(ManualClock())
    await places.enter(urgent=False)
    tired = asyncio.ensure_future(places.enter(urgent=False))
    patient = asyncio.ensure_future(places.enter(urgent=False))
    await settle()

    tired.cancel()
    await settle()
    places.leave()

    await patient
    places.leave()
    assert places.room(busy=0) == BACKLOG


async def test_a_place_handed_to_somebody_who_gives_up_that_moment_goes_on() -> None:
    places = lane(ManualClock())
    await places.enter(urgent=False)
    late = asyncio.ensure_future(places.enter(urgent=False))
    following = asyncio.ensure_future(places.enter(urgent=False))
    await settle()

    places.leave()
    late.cancel()

    await following
    assert late.cancelled()


async def test_giving_up_while_waiting_for_the_rate_gives_all_back() -> None:
    clock = ManualClock()
    forever = asyncio.Event()

    async def sleep(seconds: float, /) -> None:
        await forever.wait()

    places = Lane(concurrency=1, rate=1, clock=clock, sleep=sleep)
    for _ in range(5):
        await places.enter(urgent=False)
        places.leave()
    waiting = asyncio.ensure_future(places.enter(urgent=False))
    await settle()

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert places.room(busy=0) == 1
    clock.forward(1)
    await places.enter(urgent=False)


async def test_room_counts_what_is_under_way_whoever_sees_it() -> None:
    places = lane(ManualClock(), concurrency=3)

    assert places.room(busy=0) == 3 * BACKLOG
    assert places.room(busy=4) == 3 * BACKLOG - 4
    assert places.room(busy=3 * BACKLOG) == 0
    assert places.room(busy=3 * BACKLOG + 3) == 0
    await places.enter(urgent=False)
    assert places.room(busy=0) == 3 * BACKLOG - 1


async def test_there_is_no_room_while_the_rate_is_used_up() -> None:
    clock = ManualClock()
    places = lane(clock, concurrency=10, rate=1)
    for _ in range(7):
        await places.enter(urgent=False)
        places.leave()
    assert clock.slept == [1.0, 1.0]

    assert places.room(busy=0) == 1
    await places.enter(urgent=False)
    places.leave()
    assert places.room(busy=0) == 1


async def test_a_rate_that_is_used_up_says_when_there_is_room_again() -> None:
    clock = ManualClock()
    places = lane(clock, concurrency=10, rate=0.5)
    for _ in range(5):
        await places.enter(urgent=False)
        places.leave()
    assert (clock.slept, places.room(busy=0)) == ([], 0)

    wait_s = places.opens_in_s(busy=0)
    assert wait_s == 1
    clock.forward(wait_s - 0.1)
    early = places.room(busy=0)
    clock.forward(0.1)

    assert (early, places.room(busy=0)) == (0, 1)


async def test_without_a_rate_only_a_full_lane_has_no_room() -> None:
    places = lane(ManualClock(), concurrency=2, rate=0)

    assert places.opens_in_s(busy=2 * BACKLOG - 1) == 0
    assert places.opens_in_s(busy=2 * BACKLOG) is None
