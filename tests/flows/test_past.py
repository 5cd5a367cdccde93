"""What the bot has seen itself: waits and rhythms out of the history."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.errors import StoreBusy
from bot.core.estimate import MIN_WAITS
from bot.core.model import Observation
from bot.core.reference import parse_reference
from bot.core.rhythm import MEMORY, PERIOD_S
from bot.core.schedule import Pacing
from bot.flows.check import Rules, result_of
from bot.flows.past import FRESH, MAX_REMEMBERED, SETTLED, Hindsight, Rhythms, has_rhythm
from bot.ports.store import Store
from tests.support.registry_client import ManualClock
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    RISCV,
    TEAM,
    add,
    claim_one,
    look,
    look_and_record,
    missing,
    new_watch,
    present,
    record,
)
from tests.support.troubled_store import TroubledStore

PERIOD = timedelta(seconds=PERIOD_S)
NODE_23 = parse_reference("node:23")


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def run(number: int) -> datetime:
    """When a run of the job is seen."""
    return NOW + (number + 1) * PERIOD


def past(store: Store, clock: ManualClock, *, withheld: bool = False) -> Hindsight:
    return Hindsight(store, clock=clock, is_withheld=lambda _reference, _place: withheld)


async def known_of(store: Store, now: datetime) -> Observation | None:
    async with store.reading() as transaction:
        found = await transaction.targets.find(NODE, now=now)
    return found.observation if found is not None else None


async def changed(store: Store, *numbers: int) -> None:
    """A tag changes in these runs, and is looked at five minutes before each."""
    await add(store, new_watch(platforms=(RISCV,), observation=present(AMD64)))
    for number in numbers:
        before, seen = run(number) - timedelta(minutes=5), run(number)
        known = (await known_of(store, before)) or present(AMD64)
        await look_and_record(store, replace(known, observed_at=before), now=before)
        build = present(AMD64, of="cdef"[number % 4], seen_at=seen)
        await look_and_record(store, build, now=seen)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def test_waits_are_those_of_the_repositorys_tags(store: Store, clock: ManualClock) -> None:
    for number in range(MIN_WAITS):
        reference = parse_reference(f"node:{number}")
        began_at = hours(100 * number)
        await add(store, new_watch(reference, observation=missing(began_at), due_at=began_at))
        for seen in (
            present(AMD64, seen_at=began_at + timedelta(hours=1)),
            present(AMD64, ARM64, of="c", seen_at=began_at + timedelta(hours=3 + number)),
        ):
            await look_and_record(store, seen, now=seen.observed_at)

    waits = await past(store, clock).waits(NODE, ARM64, place=TEAM)
    of_others = await past(store, clock).waits(parse_reference("redis:1"), ARM64, place=TEAM)

    assert [wait / timedelta(hours=1) for wait in waits] == [6, 5, 4, 3, 2]
    assert of_others == ()


async def test_the_next_run_is_told_once_two_agree(store: Store, clock: ManualClock) -> None:
    await changed(store, 0)
    clock.now = run(0)
    first = await past(store, clock).next_run(NODE_23, place=TEAM)
    await changed(store, 1)
    clock.now = run(1) + timedelta(hours=1)

    told = await past(store, clock).next_run(NODE_23, place=TEAM)

    assert first is None
    assert told == run(2) - timedelta(minutes=2.5)


async def test_a_place_that_may_not_use_the_login_hears_nothing(
    store: Store, clock: ManualClock
) -> None:
    troubled = TroubledStore(store)

    outside = past(troubled, clock, withheld=True)

    assert await outside.waits(NODE, ARM64, place=TEAM) == ()
    assert await outside.next_run(NODE, place=TEAM) is None
    assert troubled.calls == []


async def test_without_a_database_nothing_is_known(store: Store, clock: ManualClock) -> None:
    troubled = TroubledStore(store)
    troubled.will_fail("past.of_tags", StoreBusy("busy"))
    troubled.will_fail("past.changes", StoreBusy("busy"))

    assert await past(troubled, clock).waits(NODE, ARM64, place=TEAM) == ()
    assert await past(troubled, clock).next_run(NODE, place=TEAM) is None


@pytest.mark.parametrize(
    ("image", "is_rhythmic"),
    [
        ("node:22", True),
        ("arm64v8/node:22", False),
        ("ghcr.io/library/node:22", False),
        ("grafana/grafana:12", False),
    ],
)
def test_only_shared_tags_of_official_images_have_a_rhythm(image: str, is_rhythmic: bool) -> None:
    assert has_rhythm(parse_reference(image)) is is_rhythmic


async def test_a_look_follows_the_rhythm_of_its_image(store: Store, clock: ManualClock) -> None:
    await changed(store, 0, 1)
    clock.now = run(1) + timedelta(hours=1)
    rhythms = Rhythms(store, clock=clock)
    await rhythms.refresh(NODE)

    known = replace(present(AMD64), observed_at=clock.now - timedelta(minutes=5))
    target = replace(await claim_one(store, now=clock.now), observation=known)

    def due_in(seen: Observation, rhythms: Rhythms | None = None) -> timedelta:
        rules = Rules(Pacing(jitter=0), rhythms=rhythms)
        due_at = result_of(target, seen, rules=rules, chance=0.5).due_at
        assert due_at is not None
        return due_at - clock.now

    same = replace(known, observed_at=clock.now)
    unexpected = present(AMD64, of="f", seen_at=clock.now)
    assert due_in(same) == timedelta(minutes=5)
    assert due_in(same, rhythms) == timedelta(minutes=45)
    assert due_in(unexpected, rhythms) == due_in(unexpected) == timedelta(minutes=1)


async def test_the_history_is_read_once_an_hour_and_after_changes(
    store: Store, clock: ManualClock
) -> None:
    await changed(store, 0)
    troubled, clock.now = TroubledStore(store), run(0)
    rhythms = Rhythms(troubled, clock=clock)
    assert rhythms.is_due(NODE, now=clock.now)
    assert not rhythms.is_due(parse_reference("redis/redis:1"), now=clock.now)
    await rhythms.refresh(NODE)

    assert not rhythms.is_due(NODE_23, now=clock.now)
    assert rhythms.is_due(NODE, now=clock.now + FRESH)
    assert (rhythms.of(NODE), troubled.calls) == (None, ["past.changes"])

    clock.now = run(1) - timedelta(minutes=5)
    await look_and_record(store, present(AMD64, of="c", seen_at=clock.now), now=clock.now)
    clock.now = run(1)
    target = await claim_one(store, now=clock.now)
    result = look(target, present(AMD64, of="d", seen_at=clock.now))
    await record(store, result, now=clock.now)
    rhythms.note(result)

    assert not rhythms.is_due(NODE, now=clock.now)
    clock.now += SETTLED
    assert rhythms.is_due(NODE, now=clock.now)
    await rhythms.refresh(NODE)
    assert rhythms.of(NODE_23) is not None


async def test_first_sight_changes_no_rhythm(store: Store, clock: ManualClock) -> None:
    rhythms = Rhythms(store, clock=clock)
    await add(store, new_watch())
    target = await claim_one(store)

    await rhythms.refresh(NODE)
    rhythms.note(look(target, present(AMD64)))

    assert not rhythms.is_due(NODE, now=NOW + SETTLED)


async def test_what_was_long_ago_is_forgotten(store: Store, clock: ManualClock) -> None:
    await changed(store, 0, 1)
    clock.now = run(1) + MEMORY
    rhythms = Rhythms(store, clock=clock)

    await rhythms.refresh(NODE)

    assert rhythms.of(NODE) is None


async def test_a_database_that_fails_leaves_the_usual_pace(
    store: Store, clock: ManualClock
) -> None:
    troubled = TroubledStore(store)
    troubled.will_fail("past.changes", StoreBusy("busy"))
    rhythms = Rhythms(troubled, clock=clock)

    await rhythms.refresh(NODE)

    assert rhythms.of(NODE) is None
    assert not rhythms.is_due(NODE, now=NOW)


async def test_only_so_many_images_are_remembered(store: Store, clock: ManualClock) -> None:
    rhythms = Rhythms(store, clock=clock)
    await add(store, new_watch(observation=present(AMD64)))
    target = await claim_one(store)

    for number in range(MAX_REMEMBERED + 1):
        image = replace(target, reference=parse_reference(f"image{number}:1"))
        rhythms.note(look(image, present(AMD64, of="c")))

    assert rhythms.is_due(parse_reference("image0:1"), now=NOW)
    assert not rhythms.is_due(parse_reference("image1:1"), now=NOW)
