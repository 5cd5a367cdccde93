"""Watches of official tags end once docker-library lists these no longer."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.core.errors import StoreBusy, TimedOut, TroubleKind
from bot.core.evidence import Said
from bot.core.library import LibraryFault, MalformedLibrary
from bot.core.message.plain import render_plain
from bot.core.model import Trouble, Watch
from bot.core.reference import parse_reference
from bot.flows.bells import Bells
from bot.flows.explain import Explainer
from bot.flows.listed import Listed, keep_listed_for_ever
from bot.flows.look import Look
from bot.flows.sight import Sight
from bot.ports.official import KnownLibrary
from bot.store.database import SqlStore
from tests.support.planned_official import PlannedOfficial
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock
from tests.support.stores import ARM64, NODE, NOW, OPS, RISCV, add, new_watch, take, watches_of
from tests.support.troubled_store import TroubledStore

HALF_AN_HOUR = timedelta(minutes=31)


class Case:
    """node:22 is watched for arm64 and listed; the registry has amd64 of it."""

    def __init__(self, inner: SqlStore) -> None:
        self.store = TroubledStore(inner)
        self.clock = ManualClock(NOW)
        self.official = PlannedOfficial(self.clock)
        self.registry = PlannedRegistry()
        self.registry.plan("node:22", ["linux/amd64"])
        self.registry.plan("node:22-slim", None)
        self.official.list("node", ["22"], ["22-slim"])
        look = Look(self.registry, clock=self.clock)
        sight = Sight(self.store, look, clock=self.clock, fresh_s=60, timeout_s=5)
        self.listed = Listed(
            self.store,
            official=self.official,
            sight=sight,
            explain=Explainer(glance=sight.glance, clock=self.clock, official=self.official),
            clock=self.clock,
            bells=Bells(),
        )

    async def after(self, wait: timedelta = HALF_AN_HOUR) -> None:
        """Some time later the bot reads the library files again."""
        self.clock.forward(wait.total_seconds())
        await self.listed.refresh()

    def lists(self, *tags: str) -> None:
        """What the library file lists from now on, asked for now."""
        self.official.list("node", *([tag] for tag in tags))

    async def told(self) -> list[str]:
        deliveries = await take(self.store, now=self.clock())
        return [render_plain(each.message) for each in deliveries if each.message is not None]

    async def watches(self) -> Sequence[Watch]:
        return await watches_of(self.store)


@pytest.fixture
async def case(store: SqlStore) -> Case:
    made = Case(store)
    await add(made.store, new_watch(platforms=(ARM64,)))
    await made.listed.refresh()
    return made


async def unlisted(case: Case) -> None:
    """Two readings, half an hour apart, that do not list node:22."""
    for _ in range(2):
        case.clock.forward(HALF_AN_HOUR.total_seconds())
        case.lists("23", "22-slim")
        await case.listed.refresh()


async def test_a_watch_ends_with_a_message_once_its_tag_is_certainly_not_listed(case: Case) -> None:
    case.registry.plan("node:22-slim", ["linux/amd64", "linux/arm64"])

    await unlisted(case)

    [message] = await case.told()
    assert message.startswith("🛑 node:22 is not built any more: no linux/arm64 will come.")
    assert "The watch has ended after 1 h 2 min (#1)." in message
    assert "Instead: node:22-slim: the same version in another variant." in message
    assert "with --platform linux/amd64: emulated" in message
    assert await case.watches() == []


async def test_everybody_who_waits_is_told_once(case: Case) -> None:
    await add(case.store, new_watch(place=OPS, platforms=(RISCV,)))

    await unlisted(case)
    told = await case.told()
    await case.after(timedelta(seconds=30))

    assert len(told) == 2
    assert await case.told() == []


async def test_one_reading_alone_ends_nothing(case: Case) -> None:
    case.lists("23")

    await case.after(timedelta(minutes=5))
    case.lists("22")
    await case.after()
    case.lists("23")
    await case.after()

    assert await case.told() == []
    assert len(await case.watches()) == 1


@pytest.mark.parametrize("trouble", [Trouble(TroubleKind.TIMED_OUT), None], ids=["fails", "is bad"])
async def test_a_source_without_a_clear_answer_ends_nothing(
    case: Case, trouble: Trouble | None
) -> None:
    case.lists("23")
    await case.after()
    for _ in range(3):
        if trouble is not None:
            case.official.fail("node", trouble)
        else:
            bad = MalformedLibrary(LibraryFault.NOT_A_FIELD, 1)
            case.official.libraries["node"] = KnownLibrary(Said(bad, case.clock()))
        await case.after()

    assert await case.told() == []
    assert len(await case.watches()) == 1


async def test_a_tag_that_was_never_listed_may_still_come(store: SqlStore) -> None:
    case = Case(store)
    case.lists("23")
    await add(case.store, new_watch())

    await unlisted(case)

    assert await case.told() == []
    assert len(await case.watches()) == 1


async def test_who_watches_an_unlisted_tag_all_the_same_is_left_alone(case: Case) -> None:
    await unlisted(case)
    await add(case.store, new_watch())

    await unlisted(case)

    assert len(await case.told()) == 1
    assert len(await case.watches()) == 1


async def test_what_has_just_come_is_told_before_the_end(case: Case) -> None:
    case.registry.plan("node:22", ["linux/amd64", "linux/arm64"])

    await unlisted(case)

    assert await case.told() == []
    assert len(await case.watches()) == 1


async def test_while_the_registry_fails_the_end_is_told_without_advice(case: Case) -> None:
    case.registry.plan("node:22", TimedOut("docker.io", "no answer"))

    await unlisted(case)

    [message] = await case.told()
    assert "Instead:" not in message
    assert await case.watches() == []


async def test_what_is_planned_is_known_after_a_reading(case: Case) -> None:
    assert ARM64 in (case.listed.planned(NODE) or ())
    assert case.listed.planned(parse_reference("node:23")) == frozenset()
    assert case.listed.planned(parse_reference("busybox:1")) is None
    assert case.listed.planned(parse_reference("ghcr.io/a/b:1")) is None


async def test_what_a_kept_copy_does_not_list_may_be_planned_by_now(case: Case) -> None:
    case.official.fail("node")

    await case.listed.refresh()

    assert ARM64 in (case.listed.planned(NODE) or ())
    assert case.listed.planned(parse_reference("node:23")) is None


async def test_a_file_is_asked_for_once_for_all_its_tags(case: Case) -> None:
    case.official.asked.clear()
    for tag in range(5):
        await add(case.store, new_watch(parse_reference(f"node:{tag}")))

    await case.listed.refresh()

    assert case.official.asked == ["node"]


async def test_a_round_that_fails_is_logged_and_followed_by_another(case: Case) -> None:
    rounds: list[float] = []

    async def sleep(delay_s: float) -> None:
        rounds.append(delay_s)
        if len(rounds) == 1:
            case.store.will_fail("listings.awaited", RuntimeError("a bug"))
        if len(rounds) == 3:
            raise TimeoutError

    case.store.will_fail("listings.awaited", StoreBusy("busy"))
    with capture_logs() as logs, pytest.raises(TimeoutError):
        await keep_listed_for_ever(case.listed, sleep=sleep)

    assert [line["event"] for line in logs] == ["listings_failed"] * 3
    assert rounds == [60, 60, 60]
