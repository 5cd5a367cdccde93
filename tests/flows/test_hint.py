"""What was pushed is looked at: at once, also during a look, and until the look shows it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.errors import StoreConflict
from bot.core.pushed import Pushed
from bot.core.reference import parse_reference
from bot.flows.bells import Bells
from bot.flows.hint import Hinter
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


class Case:
    def __init__(self, store: TroubledStore) -> None:
        self.store = store
        self.bells = Bells()
        self.hint = Hinter(store, bells=self.bells, clock=lambda: at(5))

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


async def test_a_watched_tag_is_due_at_once_and_whoever_looks_is_called(case: Case) -> None:
    await add(case.store, new_watch())
    await case.settle()

    watched = await case.hint(Pushed(NODE, NEW))

    assert watched
    assert case.rung
    assert [target.reference for target in await claim(case.store, now=at(5))] == [NODE]


@pytest.mark.parametrize("image", ["node:23", "busybox:1"], ids=["tag", "repository"])
async def test_what_nobody_watches_costs_no_write(case: Case, image: str) -> None:
    await add(case.store, new_watch())

    watched = await case.hint(Pushed(parse_reference(image), NEW))

    assert not watched
    assert not case.rung
    assert "targets.hint" not in case.store.calls


async def test_what_nobody_watches_any_more_costs_no_write(case: Case) -> None:
    added = await add(case.store, new_watch())
    async with case.store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="stopped", now=NOW)

    assert not await case.hint(Pushed(NODE, NEW))
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

    assert await case.hint(Pushed(NODE, NEW))
    assert case.store.calls.count("targets.hint") == 2


async def test_a_hundred_hints_at_once_are_all_kept(case: Case) -> None:
    for number in range(100):
        await add(case.store, new_watch(parse_reference(f"node:{number}")))
    pushed = [Pushed(parse_reference(f"node:{number}"), NEW) for number in range(100)]

    kept = await asyncio.gather(*(case.hint(each) for each in pushed))

    assert all(kept)
