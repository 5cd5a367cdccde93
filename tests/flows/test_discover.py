"""New tags are found: what was there is silent, what comes is told once, failures cost nothing."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.errors import Denied, RateLimited
from bot.core.model import WatchId
from bot.core.pattern import parse_tag_pattern
from bot.core.reference import Reference
from bot.core.schedule import Pacing
from bot.flows.bells import Bells
from bot.flows.discover import FORGOTTEN, Discoverer, compare
from bot.flows.look import Look
from bot.ports.patterns import ClaimedTags, NewPattern, Pattern, PatternId
from bot.ports.store import Store
from tests.support.conversations import Courtesies
from tests.support.planned_registry import PlannedRegistry
from tests.support.stores import ARM64, NOW, TEAM, at, watches_of

REPOSITORY = Reference("docker.io", "library/node", None)


def pattern(text: str = "22.*", *, created_at: datetime = NOW, number: int = 1) -> Pattern:
    platforms = frozenset({ARM64})
    return Pattern(
        PatternId(number), REPOSITORY, text, TEAM, platforms, frozenset(), ("U1",), created_at
    )


def claimed(*known: str, patterns: tuple[Pattern, ...] = (pattern(),)) -> ClaimedTags:
    return ClaimedTags(1, REPOSITORY, frozenset(known), None, at(60), 0, "lease", patterns, at(60))


def test_nothing_is_new_at_first_sight() -> None:
    first = replace(claimed(), known=None, looked_at=None)

    found = compare(first, ["22.1", "latest"])

    assert (found.news, found.known) == ((), frozenset({"22.1", "latest"}))


def test_the_same_list_is_no_change() -> None:
    assert compare(claimed("22.1", "22.2"), ["22.2"]).known is None


def test_what_fits_is_new_and_what_does_not_is_only_known() -> None:
    found = compare(claimed("22.1"), ["22.1", "22.2", "23.0"])

    assert [tag for _, tag in found.news] == ["22.2"]
    assert found.known == frozenset({"22.1", "22.2", "23.0"})


def test_a_pattern_hears_of_nothing_that_was_there_before_it() -> None:
    late = pattern(created_at=at(61), number=2)

    found = compare(claimed("22.1", patterns=(pattern(), late)), ["22.1", "22.2"])

    assert [each.id for each, _ in found.news] == [PatternId(1)]


def test_each_pattern_that_fits_is_told() -> None:
    both = (pattern(), pattern("*-slim", number=2))

    found = compare(claimed("1", patterns=both), ["22.2-slim"])

    assert len(found.news) == 2


def test_many_at_once_come_one_look_after_the_other_and_none_is_lost() -> None:
    every = [f"22.{number}" for number in range(50)]
    known = claimed("1")
    told: list[str] = []
    for _ in range(5):
        found = compare(known, every, at_most=20)
        told += [tag for _, tag in found.news]
        if found.known is not None:
            known = replace(known, known=found.known)

    assert sorted(told) == sorted(every)
    assert compare(known, every).known is None


def test_a_tag_that_is_pushed_again_is_not_new() -> None:
    without = compare(claimed("22.1", "22.2"), ["22.1", "22.3"])
    assert without.known is not None
    again = replace(claimed(), known=without.known)

    assert compare(again, ["22.1", "22.2", "22.3"]).news == ()


def test_what_is_remembered_is_bounded() -> None:
    gone = [f"old-{number}" for number in range(FORGOTTEN + 10)]

    found = compare(claimed(*gone), ["22.1"])

    assert found.known == frozenset({"22.1"})


@pytest.mark.parametrize("there", [[], ["22.0"]], ids=["none", "few"])
def test_a_repository_that_is_away_for_a_while_is_not_new_when_it_is_back(
    there: list[str],
) -> None:
    every = [f"22.{number}" for number in range(10_000)]
    away = compare(claimed(*every), there)
    known = every if away.known is None else away.known

    assert compare(claimed(*known), every).news == ()


def test_one_pattern_that_makes_no_sense_costs_the_others_nothing() -> None:
    broken = pattern("~(", number=2)

    found = compare(claimed("1", patterns=(broken, pattern())), ["22.1"])

    assert [each.id for each, _ in found.news] == [PatternId(1)]


class Case:
    """A place that follows node:22.*, and a registry that lists what a test says."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.registry = PlannedRegistry()
        self.now = NOW
        self.discoverer = Discoverer(
            store=store,
            registry=self.registry,
            look=Look(self.registry, clock=lambda: self.now),
            courtesy=Courtesies(),
            bells=Bells(),
            clock=lambda: self.now,
            chance=lambda: 0.5,
            pacing=Pacing(),
            timeout_s=0.05,
            lease_s=60,
            expires_in=timedelta(days=7),
        )

    async def follow(self) -> None:
        meant = parse_tag_pattern("node:22.*")
        new = NewPattern(meant.repository, meant.text, TEAM, frozenset({ARM64}), "U1")
        async with self.store.transaction() as transaction:
            await transaction.patterns.add(new, now=self.now)

    async def look(self, *tags: str) -> None:
        """Look when it is due, and find these tags."""
        self.registry.tags["library/node"] = tags
        await self.turn()

    async def turn(self) -> None:
        async with self.store.transaction() as transaction:
            due_at = await transaction.patterns.next_due_at()
            assert due_at is not None
            self.now = max(self.now, due_at)
            [one] = await transaction.patterns.claim(
                capacity=lambda _registry: 1, limit=1, now=self.now, lease_s=60
            )
        await self.discoverer.discover(one)

    async def due_in_s(self) -> float:
        async with self.store.reading() as transaction:
            due_at = await transaction.patterns.next_due_at()
        assert due_at is not None
        return (due_at - self.now).total_seconds()


@pytest.fixture
async def case(store: Store) -> Case:
    case = Case(store)
    await case.follow()
    return case


async def test_a_new_tag_is_watched_for_its_place(case: Case, store: Store) -> None:
    await case.look("22.1")
    await case.look("22.1", "22.2", "latest")
    await case.look("22.1", "22.2", "latest")

    [watch] = await watches_of(store)
    assert watch.reference.familiar == "node:22.2"
    assert watch.id == WatchId(1)
    assert await case.due_in_s() == Pacing().tags_s


async def test_the_registry_is_asked_once_a_look(case: Case) -> None:
    await case.look("22.1")
    await case.look("22.1")

    assert case.registry.asked == ["tags of library/node"] * 2


@pytest.mark.parametrize(
    "trouble",
    [Denied("docker.io", "no"), asyncio.Event()],
    ids=["denied", "no answer in time"],
)
async def test_a_list_that_fails_forgets_nothing(
    case: Case, store: Store, trouble: Exception | asyncio.Event
) -> None:
    await case.look("22.1")
    case.registry.tags["library/node"] = trouble
    await case.turn()
    assert await case.due_in_s() >= Pacing().tags_s
    await case.look("22.1", "22.2")

    assert [watch.reference.tag for watch in await watches_of(store)] == ["22.2"]


async def test_a_registry_that_asks_to_wait_is_left_alone(case: Case) -> None:
    wait = RateLimited("docker.io", "wait", retry_at=at(7200))
    case.registry.tags["library/node"] = wait

    await case.turn()

    assert await case.due_in_s() == 7200


async def test_it_works_until_it_is_stopped(case: Case, store: Store) -> None:
    listing = case.registry.tags["library/node"] = asyncio.Event()
    listing.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(case.discoverer.run())
        async with asyncio.timeout(10):
            await case.registry.wait_for("tags of library/node")
        case.discoverer.stop()

    async with store.reading() as transaction:
        [one] = await transaction.patterns.of_place(TEAM)
    assert one.looked_at == NOW
