"""What looks found is written soon, together, and in spite of bad rows."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.core.errors import StoreBusy, StoreError, StoreFull
from bot.core.model import Observation
from bot.core.reference import parse_reference
from bot.flows.bells import Bells
from bot.flows.recorder import MAX_BATCH, Recorder
from bot.ports.registry import RegistryState
from bot.ports.targets import ClaimedTarget, LookResult
from bot.store.database import open_store
from tests.support.conversations import Courtesies
from tests.support.stores import AMD64, ARM64, NOW, add, at, claim, look, new_watch, present
from tests.support.troubled_store import TroubledStore

LONG_S = 3600.0
PARKED = RegistryState("docker.io", parked_until=at(600))


class Case:
    """A recorder over a real store that can be troubled, with targets claimed from it."""

    def __init__(self, store: TroubledStore, *, flush_after_s: float) -> None:
        self.store = store
        self.bells = Bells()
        self.courtesy = Courtesies()
        self.recorder = Recorder(
            store,
            clock=lambda: NOW,
            bells=self.bells,
            courtesy=self.courtesy,
            flush_after_s=flush_after_s,
        )

    async def claimed(self, *tags: str) -> dict[str, ClaimedTarget]:
        """Targets somebody wants arm64 of, by tag."""
        for tag in tags:
            await add(self.store, new_watch(parse_reference(f"node:{tag}")))
        return {target.reference.tag or "": target for target in await claim(self.store)}

    async def looked_at(self) -> list[str]:
        """The tags whose look is in the store."""
        async with self.store.reading() as transaction:
            watches = await transaction.watches.active()
        return sorted(watch.reference.tag or "" for watch in watches if watch.looked_at)

    async def rung(self) -> bool:
        """Whether the deliverer was called about the first batch that was written."""
        await self.written()
        return self.bells.deliveries._rung.is_set()

    async def written(self) -> None:
        """Return when a batch has been committed."""
        await self.store.wait_for("targets.record:committed")

    async def hint(self, target: ClaimedTarget) -> None:
        """Something happens to a target, and nobody of this process is told."""
        async with self.store.transaction() as transaction:
            assert await transaction.targets.hint(target.reference, digest=None, now=NOW)

    @property
    def batches(self) -> int:
        return self.store.calls.count("targets.record")


@asynccontextmanager
async def recording(case: Case) -> AsyncIterator[Recorder]:
    """Run the recorder, and close it at the end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(case.recorder.run())
        yield case.recorder
        case.recorder.close()


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Case]:
    """Writes only when it must."""
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        yield Case(TroubledStore(store), flush_after_s=LONG_S)


def seen(target: ClaimedTarget, observation: Observation | None = None) -> LookResult:
    return look(target, observation or present(AMD64))


def with_bad_row(results: Sequence[LookResult], **_: object) -> bool:
    return any(result.target.reference.tag == "bad" for result in results)


def with_one_row(results: Sequence[LookResult], **_: object) -> bool:
    return len(results) == 1


# -- when -----------------------------------------------------------------------------------------


async def test_results_that_come_together_are_written_together(tmp_path: Path) -> None:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        case = Case(TroubledStore(store), flush_after_s=0.02)
        targets = await case.claimed("1", "2", "3")

        async with recording(case) as recorder:
            for target in targets.values():
                recorder.put(seen(target))
            await case.written()
            written_while_open = await case.looked_at()

    assert written_while_open == ["1", "2", "3"]
    assert case.batches == 1


async def test_a_result_without_an_alert_may_wait_for_others(patient: Case) -> None:
    targets = await patient.claimed("1")

    async with recording(patient) as recorder:
        recorder.put(seen(targets["1"]))
        await asyncio.sleep(0.05)
        early = patient.batches

    assert early == 0
    assert await patient.looked_at() == ["1"]


async def test_an_alert_is_written_at_once_and_calls_the_deliverer(patient: Case) -> None:
    targets = await patient.claimed("1", "2")

    async with recording(patient) as recorder:
        recorder.put(seen(targets["1"]))
        recorder.put(seen(targets["2"], present(AMD64, ARM64)))
        rung = await patient.rung()
        batches = patient.batches

    assert rung
    assert batches == 1


async def test_a_full_batch_is_written_at_once(patient: Case) -> None:
    targets = await patient.claimed(*map(str, range(MAX_BATCH)))

    async with recording(patient) as recorder:
        for target in targets.values():
            recorder.put(seen(target))
        await patient.written()

    assert patient.batches == 1


async def test_closing_writes_what_is_left_and_how_registries_are(patient: Case) -> None:
    targets = await patient.claimed("1")

    async with recording(patient) as recorder:
        recorder.put(seen(targets["1"]))
        patient.courtesy.unsaved = [PARKED]

    assert await patient.looked_at() == ["1"]
    async with patient.store.reading() as transaction:
        assert await transaction.registries.load() == [PARKED]


async def test_closing_with_nothing_to_write_ends(patient: Case) -> None:
    async with recording(patient):
        pass

    assert patient.recorder is not None
    assert await patient.looked_at() == []


async def test_a_look_whose_lease_was_lost_is_not_written(patient: Case) -> None:
    stale = await patient.claimed("1")
    fresh = await claim(patient.store, now=at(120))

    async with recording(patient) as recorder:
        recorder.put(seen(stale["1"], present(AMD64, ARM64)))

    assert await patient.looked_at() == []
    assert len(fresh) == 1


# -- bad rows and bad days ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(StoreError("archbell.db: the database refused: constraint"), id="refused"),
        pytest.param(RuntimeError("a bug"), id="bug"),
    ],
)
async def test_one_bad_row_costs_no_other(patient: Case, error: Exception) -> None:
    targets = await patient.claimed("1", "bad", "3")
    patient.store.will_fail("targets.record", error, when=with_bad_row)

    with capture_logs() as logs:
        async with recording(patient) as recorder:
            for target in targets.values():
                recorder.put(seen(target))

    assert await patient.looked_at() == ["1", "3"]
    assert [(line["event"], line["looks"]) for line in logs] == [
        ("looks_not_recorded", 3),
        ("looks_not_recorded", 1),
    ]
    assert logs[-1]["targets"] == ["docker.io/library/node:bad"]


async def test_a_bad_row_alone_is_tried_once(patient: Case) -> None:
    targets = await patient.claimed("bad")
    patient.store.will_fail("targets.record", RuntimeError("a bug"))

    async with recording(patient) as recorder:
        recorder.put(seen(targets["bad"]))

    assert patient.batches == 1


async def test_without_a_database_rows_are_not_tried_one_by_one(patient: Case) -> None:
    targets = await patient.claimed("1", "2", "3")
    patient.store.will_fail("targets.record", StoreBusy("archbell.db: another process"))

    with capture_logs() as logs:
        async with recording(patient) as recorder:
            for target in targets.values():
                recorder.put(seen(target))

    assert patient.batches == 1
    assert [line["error"] for line in logs] == ["archbell.db: another process"]


async def test_a_database_that_goes_while_rows_are_tried_ends_the_trying(patient: Case) -> None:
    targets = await patient.claimed("1", "2", "3")
    full = StoreFull("archbell.db: no space is left")
    patient.courtesy.unsaved = [PARKED]
    patient.store.will_fail("registries.save", StoreError("refused"))
    patient.store.will_fail("targets.record", full, when=with_one_row)

    async with recording(patient) as recorder:
        for target in targets.values():
            recorder.put(seen(target))

    assert patient.batches == 2
    assert await patient.looked_at() == []


async def test_after_a_failure_later_results_are_written(patient: Case) -> None:
    targets = await patient.claimed("1", "2")
    patient.store.will_fail("targets.record", StoreBusy("archbell.db: another process"), times=1)

    async with recording(patient) as recorder:
        recorder.put(seen(targets["1"], present(AMD64, ARM64)))
        await patient.store.wait_for("targets.record")
        recorder.put(seen(targets["2"], present(AMD64, ARM64)))

    async with patient.store.reading() as transaction:
        owed = await transaction.outbox.entries(limit=9, include_sent=True)
    assert len(owed) == 1


async def test_how_a_registry_wants_to_be_treated_is_kept_until_it_can_be_written(
    patient: Case,
) -> None:
    targets = await patient.claimed("1", "2")
    patient.store.will_fail("targets.record", StoreBusy("archbell.db: another process"), times=1)

    async with recording(patient) as recorder:
        patient.courtesy.unsaved = [PARKED]
        recorder.put(seen(targets["1"], present(AMD64, ARM64)))
        await patient.store.wait_for("targets.record")
        recorder.put(seen(targets["2"]))

    async with patient.store.reading() as transaction:
        assert await transaction.registries.load() == [PARKED]


async def test_a_state_that_cannot_be_written_costs_no_look(patient: Case) -> None:
    targets = await patient.claimed("1")
    patient.store.will_fail("registries.save", RuntimeError("a bug"))
    patient.courtesy.unsaved = [PARKED]

    async with recording(patient) as recorder:
        recorder.put(seen(targets["1"]))

    assert await patient.looked_at() == ["1"]


@pytest.mark.parametrize("hinted", [True, False], ids=["hinted", "not hinted"])
async def test_a_target_that_is_due_again_at_once_calls_for_looks(
    patient: Case, hinted: bool
) -> None:
    [target] = (await patient.claimed("1")).values()
    if hinted:
        await patient.hint(target)

    async with recording(patient) as recorder:
        recorder.put(seen(target))

    assert patient.bells.looks._rung.is_set() == hinted
