"""Looks at what is due: what follows from one, and how a crew makes many."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.core.errors import Denied, RateLimited, StoreBusy, StoreError, TroubleKind
from bot.core.model import (
    Event,
    Observation,
    Place,
    Status,
    TargetId,
    Want,
    WantState,
    Watch,
    WatchId,
)
from bot.core.platform import Platform
from bot.core.reference import Reference, parse_reference
from bot.core.schedule import Pacing
from bot.flows.bells import OVERDUE_S, Bells
from bot.flows.check import Checker, LookSettings, Rules, check, result_of
from bot.flows.look import Look
from bot.flows.recorder import Recorder
from bot.ports.targets import ClaimedTarget, KnownTarget, LookResult
from bot.store.database import open_store
from tests.support.conversations import Courtesies
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock, no_chance
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    RISCV,
    add,
    at,
    claim,
    digest,
    missing,
    new_watch,
    present,
    unknown,
)
from tests.support.troubled_store import TroubledStore

ONE, TWO = WatchId(1), WatchId(2)
PACING = Pacing(jitter=0)
RULES = Rules(PACING)


def target_of(*wants: Want, observation: Observation | None = None) -> ClaimedTarget:
    return ClaimedTarget(
        id=TargetId(1),
        reference=NODE,
        observation=observation,
        anchor=NOW,
        failures=2,
        lease="mine",
        hint_seq=0,
        wants=wants or (Want(ONE, ARM64),),
        wanted_since={
            (want.watch, want.platform): at(-60 - number)
            for number, want in enumerate(wants or (Want(ONE, ARM64),))
        },
    )


def follows(target: ClaimedTarget, observation: Observation) -> LookResult:
    return result_of(target, observation, rules=RULES, chance=0.5)


# -- what follows from one look -------------------------------------------------------------------


def test_the_first_answer_is_a_change_that_leaves_the_anchor_alone() -> None:
    later = present(AMD64, seen_at=at(900))

    result = follows(target_of(), later)

    assert result.changed
    assert result.due_at == at(900 + PACING.min_s)


def test_a_change_makes_the_target_young_again() -> None:
    known = target_of(observation=present(AMD64))
    later = present(AMD64, RISCV, of="c", seen_at=at(900))

    result = follows(known, later)

    assert result.changed
    assert result.due_at == at(900 + PACING.fast_s)


def test_the_same_again_is_no_change() -> None:
    known = target_of(observation=present(AMD64))

    result = follows(known, present(AMD64, seen_at=at(900)))

    assert not result.changed
    assert result.failures == 0


@pytest.mark.parametrize("reachable", [None, False], ids=["not asked", "not served"])
def test_a_child_that_is_served_at_last_is_no_change_of_the_tag(reachable: bool | None) -> None:
    entries = {
        platform: replace(entry, reachable=reachable)
        for platform, entry in present(ARM64).entries.items()
    }
    known = target_of(observation=replace(present(ARM64), entries=entries))

    result = follows(known, present(ARM64))

    assert not result.changed
    assert [alert.event for alert in result.decision.alerts] == [Event.APPEARED]


def test_no_answer_is_no_change_and_counts_as_a_failure() -> None:
    result = follows(target_of(observation=present(AMD64)), unknown(at(60)))

    assert not result.changed
    assert result.failures == 3


def test_a_denied_look_is_an_answer_and_ends_the_failures() -> None:
    denied = Observation(Status.DENIED, at(60))

    result = follows(target_of(observation=present(AMD64)), denied)

    assert (result.changed, result.failures) == (False, 0)


@pytest.mark.parametrize(
    ("wants", "ages"),
    [
        pytest.param([Want(ONE, ARM64), Want(TWO, AMD64, standing=True)], set(), id="nobody"),
        pytest.param([Want(ONE, ARM64, tells=frozenset({Event.STALE}))], set(), id="not standing"),
        pytest.param(
            [Want(ONE, ARM64, standing=True, tells=frozenset({Event.STALE})), Want(TWO, AMD64)],
            {ARM64},
            id="one of two",
        ),
    ],
)
async def test_ages_matter_only_to_those_who_stay_and_are_told_of_old_builds(
    wants: list[Want], ages: set[Platform]
) -> None:
    asked: list[Collection[Platform]] = []

    class Noting(Look):
        async def with_ages(
            self,
            reference: Reference,
            *,
            known: Observation | None,
            wanted: Iterable[Platform],
            ages: Collection[Platform],
            places: Collection[Place],
            timeout_s: float | None = None,
        ) -> Observation:
            asked.append(ages)
            return present(ARM64)

    clock = ManualClock(NOW)
    look = Noting(PlannedRegistry(), clock=clock)

    await check(target_of(*wants), look=look, timeout_s=1, clock=clock, rules=RULES, chance=0.5)

    assert asked == [ages]


def test_a_target_that_nobody_wants_any_more_is_not_due() -> None:
    result = follows(target_of(Want(ONE, ARM64)), present(AMD64, ARM64))

    assert result.decision.finished == {ONE}
    assert result.due_at is None


def test_a_target_that_somebody_still_wants_is_due() -> None:
    result = follows(target_of(Want(ONE, ARM64), Want(TWO, RISCV)), present(AMD64, ARM64))

    assert result.decision.finished == {ONE}
    assert result.due_at is not None


def test_what_an_alert_says_is_kept_with_it() -> None:
    wants = (Want(ONE, ARM64), Want(ONE, RISCV), Want(TWO, RISCV))
    seen = present(AMD64, ARM64, seen_at=at(60))

    result = follows(target_of(*wants), seen)

    [(alert, facts)] = result.facts.items()
    assert (alert.watch, alert.event, alert.platform) == (ONE, Event.APPEARED, ARM64)
    assert facts.reference == NODE
    assert facts.digest == seen.entries[ARM64].digest
    assert (facts.there, facts.missing) == (("amd64", "arm64"), ("riscv64",))
    assert (facts.observed_at, facts.wanted_since) == (at(60), at(-60))


def test_a_wait_is_counted_from_when_its_platform_was_wanted() -> None:
    since_long, added = Want(ONE, AMD64, WantState.WAITING), Want(ONE, ARM64)
    claimed = target_of(since_long, added)
    claimed = replace(claimed, wanted_since={(ONE, AMD64): at(-864000), (ONE, ARM64): at(-60)})

    result = follows(claimed, present(AMD64, ARM64))

    told = {(alert.event, alert.platform): facts for alert, facts in result.facts.items()}
    assert told[Event.APPEARED, ARM64].wanted_since == at(-60)
    assert told[Event.APPEARED, AMD64].wanted_since == at(-864000)
    assert told[Event.COMPLETE, None].wanted_since == at(-864000)


def test_of_a_tag_that_went_no_digest_is_told() -> None:
    doubted = Want(ONE, ARM64, WantState.DOUBTED, standing=True, digest=digest("b"))

    result = follows(target_of(doubted, observation=present(ARM64)), missing(at(60)))

    [facts] = result.facts.values()
    assert facts.digest is None
    assert facts.missing == ("arm64",)


async def checked(registry: PlannedRegistry, *, timeout_s: float = 5) -> LookResult:
    clock = ManualClock(NOW)
    return await check(
        target_of(),
        look=Look(registry, clock=clock),
        timeout_s=timeout_s,
        clock=clock,
        rules=RULES,
        chance=0.5,
    )


async def test_a_bug_is_trouble_like_any_other_and_is_logged_with_the_target() -> None:
    registry = PlannedRegistry()
    registry.plan("node:22", RuntimeError("a bug"))

    with capture_logs() as logs:
        result = await checked(registry)

    assert result.observation.trouble is not None
    assert result.observation.trouble.kind is TroubleKind.BUG
    assert result.decision.alerts == ()
    assert [(line["event"], line["target"]) for line in logs] == [("look_failed", str(NODE))]


async def test_a_look_without_an_end_is_given_up() -> None:
    registry = PlannedRegistry()
    registry.plan("node:22", asyncio.Event())

    result = await checked(registry, timeout_s=0.05)

    assert result.observation.trouble is not None
    assert result.observation.trouble.kind is TroubleKind.TIMED_OUT


async def test_a_registry_that_denies_makes_no_alert() -> None:
    registry = PlannedRegistry()
    registry.plan("node:22", Denied("docker.io", "private", http_status=401))

    result = await checked(registry)

    assert result.observation.status is Status.DENIED
    assert result.decision.alerts == ()


# -- the crew -------------------------------------------------------------------------------------


class Free(Courtesies):
    """Lets so many looks begin at once, of one registry or another; closed ones open at a time."""

    def __init__(self, limit: int = 10) -> None:
        super().__init__()
        self.limit = limit
        self.closed: dict[str, datetime | None] = {}

    def capacity(self, registry: str, *, busy: int) -> int:
        return 0 if registry in self.closed else max(self.limit - busy, 0)

    def opens_at(self, registry: str, *, busy: int) -> datetime | None:
        return self.closed.get(registry, NOW)


class Case:
    """A checker over a real store that can be troubled and a registry that does as planned."""

    def __init__(self, store: TroubledStore) -> None:
        self.store = store
        self.registry = PlannedRegistry()
        self.clock = ManualClock(NOW)
        self.courtesy = Free()
        self.bells = Bells()
        self.settings = LookSettings(concurrency=5, timeout_s=5, lease_s=90)

    def checker(self) -> Checker:
        recorder = Recorder(self.store, clock=self.clock, bells=self.bells, courtesy=self.courtesy)
        return Checker(
            store=self.store,
            look=Look(self.registry, clock=self.clock),
            courtesy=self.courtesy,
            recorder=recorder,
            bells=self.bells,
            clock=self.clock,
            chance=no_chance,
            settings=self.settings,
            rules=RULES,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Checker]:
        """Run a checker, and stop it at the end."""
        checker = self.checker()
        async with asyncio.TaskGroup() as group:
            group.create_task(checker.run())
            yield checker
            checker.stop()

    async def wants(self, *images: str) -> None:
        """Somebody wants arm64 of these; each has it, unless it is planned otherwise."""
        for image in images:
            self.registry.plan(image, ["linux/amd64", "linux/arm64"])
            await add(self.store, new_watch(parse_reference(image)))

    async def known(self, image: str) -> KnownTarget:
        async with self.store.reading() as transaction:
            found = await transaction.targets.find(parse_reference(image), now=self.clock())
        assert found is not None
        return found

    async def active(self) -> list[Watch]:
        async with self.store.reading() as transaction:
            return await transaction.watches.active()

    async def alerted(self) -> list[str]:
        """What has been found and is owed to somebody."""
        async with self.store.reading() as transaction:
            owed = await transaction.outbox.entries(limit=99, include_sent=True)
        return sorted(entry.about for entry in owed)

    async def recorded(self, count: int) -> None:
        """Return when so many batches of looks have been written."""
        await self.store.wait_for("targets.record:committed", count=count)


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        yield Case(TroubledStore(store))


async def test_what_is_due_is_looked_at_and_alerted(case: Case) -> None:
    await case.wants("node:22", "busybox:1")

    async with case.running():
        await case.recorded(1)

    assert await case.active() == []
    assert len(await case.alerted()) == 2
    assert sorted(case.registry.asked) == ["busybox:1", "node:22"]


async def test_what_is_not_due_is_left_alone(case: Case) -> None:
    case.registry.plan("node:22", ["linux/amd64"])
    await add(case.store, new_watch(NODE, due_at=at(60)))

    async with case.running():
        await case.store.wait_for("targets.next_due_at")

    assert case.registry.asked == []


async def test_one_targets_bug_stops_no_other(case: Case) -> None:
    await case.wants("node:22", "busybox:1", "alpine:3")
    case.registry.plan("busybox:1", RuntimeError("a bug"))

    with capture_logs() as logs:
        async with case.running():
            await case.recorded(1)

    assert [str(watch.reference.familiar) for watch in await case.active()] == ["busybox:1"]
    failed = [line["target"] for line in logs if line["event"] == "look_failed"]
    assert failed == ["docker.io/library/busybox:1"]
    known = await case.known("busybox:1")
    assert known.latest is not None
    assert known.latest.trouble is not None
    assert known.latest.trouble.kind is TroubleKind.BUG
    assert known.due_at is not None
    assert known.due_at > NOW


async def test_a_registry_that_says_when_is_not_asked_before(case: Case) -> None:
    await case.wants("node:22")
    retry_at = NOW + timedelta(hours=2)
    case.registry.plan("node:22", RateLimited("docker.io", "429", retry_at=retry_at))

    async with case.running():
        await case.recorded(1)

    known = await case.known("node:22")
    assert known.due_at is not None
    assert known.due_at >= retry_at


async def test_a_hanging_registry_holds_up_no_other(case: Case) -> None:
    case.settings = LookSettings(concurrency=5, timeout_s=0.5, lease_s=90)
    await case.wants("ghcr.io/a/b:1", "node:22")
    case.registry.plan("ghcr.io/a/b:1", asyncio.Event())

    async with case.running():
        await case.recorded(1)
        first = [watch.reference.familiar for watch in await case.active()]
        await case.recorded(2)

    known = await case.known("ghcr.io/a/b:1")
    assert first == ["ghcr.io/a/b:1"]
    assert known.latest is not None
    assert known.latest.trouble is not None
    assert known.latest.trouble.kind is TroubleKind.TIMED_OUT


async def test_more_targets_than_places_are_looked_at_without_pauses(case: Case) -> None:
    case.settings = LookSettings(concurrency=1, timeout_s=5, lease_s=90)
    images = [f"node:{number}" for number in range(12)]
    await case.wants(*images)

    async with asyncio.timeout(30), case.running():
        await case.store.wait_for("targets.claim", count=len(images) + 1)

    assert sorted(case.registry.asked) == sorted(images)


async def test_no_more_is_claimed_than_there_are_places_and_some_in_line(case: Case) -> None:
    answered = asyncio.Event()
    case.settings = LookSettings(concurrency=1, timeout_s=5, lease_s=90)
    case.courtesy = Free(limit=100)
    images = [f"node:{number}" for number in range(case.settings.at_most_claimed)]
    await case.wants(*images)
    for image in images:
        case.registry.plan(image, answered, ["linux/amd64", "linux/arm64"])

    async with case.running():
        await case.store.wait_for("targets.claim:committed")
        case.bells.looks.ring()
        await case.store.wait_for("targets.next_due_at")
        claims = case.store.calls.count("targets.claim")
        answered.set()

    assert claims == 1


async def test_a_registry_without_room_is_left_alone(case: Case) -> None:
    await case.wants("node:22", "ghcr.io/a/b:1")
    case.courtesy.closed = {"docker.io": None}

    async with case.running():
        await case.recorded(1)

    assert case.registry.asked == ["ghcr.io/a/b:1"]


async def test_a_look_whose_worker_died_is_made_again_when_its_lease_is_over(case: Case) -> None:
    await case.wants("node:22")
    await claim(case.store, lease_s=90)

    async with case.running():
        await case.store.wait_for("targets.next_due_at")
        early = list(case.registry.asked)
        case.clock.forward(91)
        case.bells.looks.ring()
        await case.recorded(1)

    assert early == []
    assert case.registry.asked == ["node:22"]


async def test_a_look_that_outlasts_its_lease_writes_nothing(case: Case) -> None:
    answered = asyncio.Event()
    await case.wants("node:22")
    case.registry.plan("node:22", answered, ["linux/amd64", "linux/arm64"])

    async with case.running():
        await case.store.wait_for("targets.claim:committed")
        other = await claim(case.store, now=at(91))
        answered.set()
        await case.recorded(1)

    assert len(other) == 1
    assert await case.alerted() == []


@pytest.mark.parametrize("call", ["targets.claim", "targets.next_due_at"])
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(StoreBusy("archbell.db: another process"), id="busy"),
        pytest.param(RuntimeError("a bug"), id="bug"),
    ],
)
async def test_a_store_that_fails_is_asked_again(case: Case, call: str, error: Exception) -> None:
    case.store.will_fail(call, error, times=1)

    with capture_logs() as logs:
        async with case.running():
            await case.store.wait_for(call)
            await case.wants("node:22")
            case.bells.looks.ring()
            await case.recorded(1)

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["claim_failed"]
    assert await case.active() == []


async def test_one_target_that_cannot_be_read_stops_no_other(case: Case, tmp_path: Path) -> None:
    await case.wants("node:22", "busybox:1")
    with closing(sqlite3.connect(tmp_path / "archbell.db")) as database, database:
        database.execute(
            "UPDATE targets SET status = 'present', entries = '[[' WHERE repository LIKE '%node'"
        )
        database.execute("UPDATE wants SET state = 'odd' WHERE watch_id = 2")

    with capture_logs() as logs:
        async with case.running():
            await case.recorded(1)

    assert case.registry.asked == ["node:22"]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "observation_not_readable",
        "row_not_readable",
    ]
    assert (await case.known("node:22")).observation is not None


async def test_a_registry_that_is_left_alone_is_not_claimed_from_again_and_again(
    case: Case,
) -> None:
    case.courtesy.closed = {"docker.io": at(600), "ghcr.io": None}
    await case.wants("node:22", "ghcr.io/a/b:1")

    async with case.running():
        await case.store.wait_for("targets.next_due_at")
        await asyncio.sleep(3.5 * OVERDUE_S)
        claims = case.store.calls.count("targets.claim")

    assert claims == 1


# -- the end --------------------------------------------------------------------------------------


async def test_stopping_finishes_what_is_under_way(case: Case) -> None:
    answered = asyncio.Event()
    await case.wants("node:22")
    case.registry.plan("node:22", answered, ["linux/amd64", "linux/arm64"])

    async with case.running() as checker:
        await case.store.wait_for("targets.claim:committed")
        checker.stop()
        answered.set()

    assert await case.active() == []
    assert len(await case.alerted()) == 1


def stop_while_claiming(case: Case, checker: Checker) -> None:
    def stop(**_: object) -> bool:
        checker.stop()
        return False

    case.store.will_fail("targets.claim", StoreError("never raised"), when=stop)


async def test_targets_claimed_and_not_begun_are_given_back(case: Case) -> None:
    await case.wants("node:22", "busybox:1")
    checker = case.checker()
    stop_while_claiming(case, checker)

    async with asyncio.timeout(30):
        await checker.run()

    assert case.registry.asked == []
    assert len(await claim(case.store)) == 2


async def test_a_look_that_is_cut_off_gives_its_lease_back(case: Case) -> None:
    await case.wants("node:22")
    case.registry.plan("node:22", asyncio.Event())

    run = asyncio.ensure_future(case.checker().run())
    await case.store.wait_for("targets.claim:committed")
    run.cancel()
    await asyncio.wait([run])

    assert run.cancelled()
    assert len(await claim(case.store)) == 1


async def test_leases_that_cannot_be_given_back_run_out_by_themselves(case: Case) -> None:
    await case.wants("node:22")
    checker = case.checker()
    stop_while_claiming(case, checker)
    case.store.will_fail("targets.release", StoreBusy("archbell.db: another process"))

    with capture_logs() as logs:
        async with asyncio.timeout(30):
            await checker.run()

    assert [line["event"] for line in logs] == ["leases_not_given_back"]
    assert await claim(case.store) == []
    assert len(await claim(case.store, now=at(91))) == 1
