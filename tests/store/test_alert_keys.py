"""An alert is kept by its key: whatever happens to a watch, no two of its alerts may share one."""

import random

import pytest

from bot.core.model import Event, Observation
from bot.ports.store import Store
from tests.store.conftest import Query
from tests.support.stores import (
    AMD64,
    ARM64,
    RISCV,
    add,
    at,
    claim,
    look,
    missing,
    new_watch,
    present,
    record,
    wants_of,
)

PLATFORMS = [AMD64, ARM64, RISCV]
STEPS = 40


class Story:
    """A standing watch whose platforms come and go, in the registry and among its wants."""

    def __init__(self, store: Store, seed: int) -> None:
        self.decided = 0
        self._store = store
        self._chance = random.Random(seed)
        self._now_s = 0
        self._seen: Observation = missing()

    async def go_on(self) -> None:
        self._now_s += 100
        step = self._chance.random()
        if step < 0.15:
            await self._drop()
        elif step < 0.3:
            await self._add()
        if self._chance.random() < 0.6:
            self._seen = self._another()
        await self._look()

    async def begin(self) -> None:
        tells = frozenset({Event.REPLACED})
        new = new_watch(platforms=PLATFORMS, standing=True, tells=tells)
        await add(self._store, new)

    async def _drop(self) -> None:
        [watch, *others] = await wants_of(self._store)
        if others:
            async with self._store.transaction() as transaction:
                gone = self._chance.choice([watch, *others])
                await transaction.watches.drop([gone.watch], [gone.platform], now=at(self._now_s))

    async def _add(self) -> None:
        platforms = self._chance.sample(PLATFORMS, self._chance.randint(1, 3))
        there = {platform: self._seen.offers(platform) for platform in platforms}
        met = {platform: entry.digest for platform, entry in there.items() if entry}
        told = self._chance.choice([{}, met])
        new = new_watch(platforms=platforms, met=told, standing=True, due_at=at(self._now_s))
        await add(self._store, new, now=at(self._now_s))

    def _another(self) -> Observation:
        some = self._chance.sample(PLATFORMS, self._chance.randint(1, 3))
        whole = present(*PLATFORMS, of=self._chance.choice("cd"))
        return self._chance.choice([missing(), whole, present(*some)])

    async def _look(self) -> None:
        now = at(self._now_s)
        [target] = await claim(self._store, now=now)
        seen = Observation(self._seen.status, now, self._seen.digest, self._seen.entries)
        result = look(target, seen)
        assert await record(self._store, result, now=now) == [True]
        self.decided += len(result.decision.alerts)


@pytest.mark.parametrize("seed", range(6))
async def test_no_alert_takes_the_key_of_an_earlier_one(
    store: Store, query: Query, seed: int
) -> None:
    story = Story(store, seed)
    await story.begin()

    for _ in range(STEPS):
        await story.go_on()

    [(kept,)] = await query("SELECT count(*) FROM alerts")
    [(gone,)] = await query("SELECT count(*) FROM alerts WHERE event = 'tag_gone'")
    assert kept == story.decided
    assert gone > 1
