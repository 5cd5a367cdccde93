"""Whatever happens in whatever order: no lease twice, no hint lost, nobody forgotten."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.core.model import Event, Observation, Place, TargetId, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports.store import Store
from bot.ports.targets import ClaimedTarget
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    RISCV,
    add,
    claim,
    look,
    missing,
    new_watch,
    present,
    record,
    take,
    unknown,
)

LEASE_S = 60
TAGS = [NODE.with_tag(str(number)) for number in range(4)]
PLATFORMS = [AMD64, ARM64, RISCV]
PLACES = [Place("slack", f"C{number}") for number in range(3)]


@dataclass
class Story:
    """Does things at random to a store and keeps what must be true of it."""

    store: Store
    chance: random.Random
    now: datetime = NOW
    running: list[ClaimedTarget] = field(default_factory=list)
    leases: dict[TargetId, tuple[str, datetime]] = field(default_factory=dict)
    hinted: set[TargetId] = field(default_factory=set)
    wanted: set[tuple[WatchId, Platform]] = field(default_factory=set)
    appeared: Counter[tuple[WatchId, Platform | None]] = field(default_factory=Counter)

    async def go_on(self) -> None:
        self.now += timedelta(seconds=self.chance.choice([0, 1, 1, 5, 30, 61]))
        steps = [self.watch, self.hint, self.claim, self.finish]
        await self.chance.choices(steps, weights=[4, 2, 5, 6])[0]()
        if self.chance.random() < 0.05:
            await self.unwatch()

    async def watch(self) -> None:
        reference = self.chance.choice(TAGS)
        new = new_watch(
            reference,
            place=self.chance.choice(PLACES),
            platforms=self.chance.sample(PLATFORMS, self.chance.randint(1, 3)),
            standing=self.chance.random() < 0.3,
            due_at=self.now,
        )
        added = await add(self.store, new, now=self.now)
        self.wanted.update((added.watch.id, want.platform) for want in added.watch.wants)
        await self._is_due_at_once(reference)

    async def unwatch(self) -> None:
        async with self.store.transaction() as transaction:
            if active := await transaction.watches.active():
                ended = self.chance.choice(active).id
                await transaction.watches.end([ended], why="unwatched", now=self.now)
                self.wanted = {want for want in self.wanted if want[0] != ended}

    async def hint(self) -> None:
        reference = self.chance.choice(TAGS)
        async with self.store.transaction() as transaction:
            hinted = await transaction.targets.hint(reference, digest=None, now=self.now)
        if hinted:
            await self._is_due_at_once(reference)

    async def claim(self) -> None:
        limit = self.chance.randint(1, 3)
        for target in await claim(self.store, now=self.now, limit=limit, lease_s=LEASE_S):
            _, until = self.leases.get(target.id, ("", self.now))
            assert until <= self.now, "leased twice"
            self.leases[target.id] = target.lease, self.now + timedelta(seconds=LEASE_S)
            self.hinted.discard(target.id)
            self.running.append(target)

    async def finish(self) -> None:
        some = self.chance.sample(PLATFORMS, self.chance.randint(0, 3))
        seen = [missing(self.now), unknown(self.now), present(*some, seen_at=self.now)]
        if self.running:
            target = self.running.pop(self.chance.randrange(len(self.running)))
            await self._record(target, self.chance.choice(seen))

    async def _record(self, target: ClaimedTarget, seen: Observation) -> None:
        lease, _ = self.leases.get(target.id, ("", self.now))
        [held] = await record(self.store, look(target, seen), now=self.now)
        assert held == (lease == target.lease)
        if held:
            del self.leases[target.id]

    async def _is_due_at_once(self, reference: Reference) -> None:
        """The target is due as soon as nobody looks at it."""
        async with self.store.reading() as transaction:
            known = await transaction.targets.find(reference, now=self.now)
        assert known is not None
        self.hinted.add(known.id)

    async def check(self) -> None:
        """A target is due if and only if somebody watches it; at once if it was hinted at."""
        async with self.store.reading() as transaction:
            watched = {watch.reference for watch in await transaction.watches.active()}
            for reference in TAGS:
                known = await transaction.targets.find(reference, now=self.now)
                if known is None:
                    continue
                assert (known.due_at is not None) == (reference in watched), reference
                if known.id in self.hinted and known.due_at and not known.being_looked_at:
                    assert known.due_at <= self.now, "a hint was lost"

    async def collect(self) -> None:
        for delivery in await take(self.store, now=self.now, group_within_s=0):
            for owed in delivery.alerts:
                if owed.alert.event is Event.APPEARED:
                    self.appeared[owed.alert.watch, owed.alert.platform] += 1
            async with self.store.transaction() as transaction:
                await transaction.outbox.sent(delivery, message_id="m", now=self.now)

    async def everything_arrives(self) -> None:
        """From now on each look sees every platform."""
        for _ in range(4):
            self.now += timedelta(seconds=LEASE_S + 1)
            for target in await claim(self.store, now=self.now, lease_s=LEASE_S):
                self.leases[target.id] = target.lease, self.now
                await self._record(target, present(*PLATFORMS, seen_at=self.now))
            await self.collect()


@pytest.mark.parametrize("seed", range(8))
async def test_what_must_hold_holds_in_any_order(store: Store, seed: int) -> None:
    story = Story(store, random.Random(seed))

    for _ in range(60):
        await story.go_on()
        await story.check()
        await story.collect()
    await story.everything_arrives()

    assert story.wanted
    assert {want: story.appeared[want] for want in story.wanted} == dict.fromkeys(story.wanted, 1)
    async with store.reading() as transaction:
        assert all(watch.standing for watch in await transaction.watches.active())
