"""What was pushed is looked at: at once, also during a look, and until the look shows it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.errors import StoreBusy, StoreConflict
from bot.core.pushed import Pushed
from bot.core.reference import parse_reference
from bot.flows.bells import Bells
from bot.flows.hint import Hinter
from bot.ports.figures import Heard, NoFigures
from bot.store.database import open_store
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    add,
    at,
    claim,
    claim_one,
    digest,
    look,
    new_watch,
    present,
    record,
)
from tests.support.troubled_store import TroubledStore

NEW = digest("c")
MINE = "mine"


class Counted(NoFigures):
    """Figures that count what became of what registries told."""

    def __init__(self) -> None:
        self.heard_of: Counter[tuple[str, Heard]] = Counter()

    def heard(self, hook: str, how: Heard) -> None:
        self.heard_of[hook, how] += 1


class Case:
    def __init__(self, store: TroubledStore, *, at_most: int = 1000) -> None:
        self.store = store
        self.bells = Bells()
        self.figures = Counted()
        self.pauses: list[float] = []
        self.hinter = Hinter(
            store,
            bells=self.bells,
            clock=lambda: at(5),
            sleep=self._pause,
            figures=self.figures,
            at_most=at_most,
        )

    async def _pause(self, seconds: float, /) -> None:
        self.pauses.append(seconds)

    async def hint(self, *pushed: Pushed) -> Counter[tuple[str, Heard]]:
        """Have tags looked at; what became of it."""
        for each in pushed:
            assert self.hinter.put(each, hook=MINE)
        self.hinter.close()
        await self.hinter.run()
        return self.figures.heard_of

    @property
    def rung(self) -> bool:
        return self.bells.looks._rung.is_set()

    async def settle(self) -> None:
        """A look has found nothing new, and the next one is far away."""
        await record(self.store, look(await claim_one(self.store), present(AMD64), due_at=at(600)))


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        yield Case(TroubledStore(store))


def node(tag: str, of: str = "c") -> Pushed:
    return Pushed(parse_reference(f"node:{tag}"), digest(of))


async def test_a_watched_tag_is_due_at_once_and_whoever_looks_is_called(case: Case) -> None:
    await add(case.store, new_watch())
    await case.settle()

    counted = await case.hint(Pushed(NODE, NEW))

    assert counted == {(MINE, Heard.HINTED): 1}
    assert case.rung
    assert [target.reference for target in await claim(case.store, now=at(5))] == [NODE]


@pytest.mark.parametrize("image", ["node:23", "busybox:1"], ids=["tag", "repository"])
async def test_what_nobody_watches_costs_no_write(case: Case, image: str) -> None:
    await add(case.store, new_watch())

    counted = await case.hint(Pushed(parse_reference(image), NEW))

    assert counted == {(MINE, Heard.UNWATCHED): 1}
    assert not case.rung
    assert "targets.hint" not in case.store.calls


async def test_what_nobody_watches_any_more_costs_no_write(case: Case) -> None:
    added = await add(case.store, new_watch())
    async with case.store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="stopped", now=NOW)

    counted = await case.hint(Pushed(NODE, NEW))

    assert counted == {(MINE, Heard.UNWATCHED): 1}
    assert "targets.hint" not in case.store.calls


async def test_a_hint_during_a_look_is_not_lost(case: Case) -> None:
    await add(case.store, new_watch())
    under_way = await claim_one(case.store)

    await case.hint(Pushed(NODE, NEW))
    during = await claim(case.store, now=at(6))
    # What it saw was there before the push.
    await record(case.store, look(under_way, present(AMD64), due_at=at(600)), now=at(7))
    [again] = await claim(case.store, now=at(7))
    shown = present(AMD64, ARM64, of="c", seen_at=at(8))
    await record(case.store, look(again, shown, due_at=at(600)), now=at(8))

    assert during == []
    assert again.reference == NODE
    async with case.store.reading() as transaction:
        [owed] = await transaction.outbox.entries(limit=9, include_sent=True)
    assert "arm64 appeared" in owed.about


async def test_two_transactions_that_meet_are_no_reason_to_lose_a_hint(case: Case) -> None:
    await add(case.store, new_watch())
    case.store.will_fail("targets.hint", StoreConflict("d: met another"), times=1)

    assert await case.hint(Pushed(NODE, NEW)) == {(MINE, Heard.HINTED): 1}


async def test_what_comes_together_is_written_together(case: Case) -> None:
    for number in range(250):
        await add(case.store, new_watch(parse_reference(f"node:{number}")))
    before = case.store.calls.count("targets.hint:committed")

    counted = await case.hint(*(node(str(number)) for number in range(250)), node("unwatched"))

    assert counted == {(MINE, Heard.HINTED): 250, (MINE, Heard.UNWATCHED): 1}
    assert case.store.calls.count("targets.hint:committed") - before == 250
    assert len(await claim(case.store, now=at(5))) == 100


async def test_of_several_pushes_to_a_tag_the_newest_is_looked_for(case: Case) -> None:
    await add(case.store, new_watch())

    counted = await case.hint(node("22", of="c"), node("22", of="d"))
    await record(case.store, look(await claim_one(case.store, now=at(5)), present(AMD64, of="d")))

    assert counted == {(MINE, Heard.HINTED): 2}
    assert case.store.calls.count("targets.hint") == 1
    async with case.store.reading() as transaction:
        known = await transaction.targets.find(NODE, now=at(6))
    assert known is not None
    assert not known.hinted


async def test_too_many_are_not_taken(case: Case) -> None:
    few = Case(case.store, at_most=2)

    taken = [few.hinter.put(node(tag), hook=MINE) for tag in ("1", "2", "3", "1")]

    assert taken == [True, True, False, True]


async def test_what_the_database_does_not_take_waits_and_is_written_later(case: Case) -> None:
    await add(case.store, new_watch(parse_reference("node:1")))
    await add(case.store, new_watch(parse_reference("node:2")))
    case.store.will_fail("targets.hint", StoreBusy("d: busy"), times=2)
    case.hinter.put(node("1", of="c"), hook=MINE)

    async def tell_more(seconds: float, /) -> None:
        case.pauses.append(seconds)
        case.hinter.put(node("1", of="d"), hook="other")
        case.hinter.put(node("2"), hook=MINE)

    case.hinter._sleep = tell_more
    async with asyncio.TaskGroup() as group:
        group.create_task(case.hinter.run())
        await case.store.wait_for("targets.hint:committed", count=2)
        case.hinter.close()

    assert len(case.pauses) == 2
    assert case.figures.heard_of[MINE, Heard.HINTED] == 3
    assert case.figures.heard_of["other", Heard.HINTED] == 2


async def test_a_stop_does_not_wait_for_a_database_that_takes_nothing(case: Case) -> None:
    await add(case.store, new_watch())
    case.store.will_fail("targets.hint", StoreBusy("d: busy"))

    assert await case.hint(Pushed(NODE, NEW)) == {}
    assert case.pauses == []


async def test_a_bug_costs_the_hints_that_met_it_and_no_others(case: Case) -> None:
    await add(case.store, new_watch())
    case.store.will_fail("targets.hint", RuntimeError("a bug"), times=1)
    case.hinter.put(Pushed(NODE, NEW), hook=MINE)
    async with asyncio.TaskGroup() as group:
        group.create_task(case.hinter.run())
        await case.store.wait_for("targets.hint")
        case.hinter.put(Pushed(NODE, NEW), hook=MINE)
        await case.store.wait_for("targets.hint:committed")
        case.hinter.close()

    assert case.figures.heard_of == {(MINE, Heard.FAILED): 1, (MINE, Heard.HINTED): 1}
