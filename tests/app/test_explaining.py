"""Whoever asks why hears what the bot itself has seen of the repository."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.wiring import explainer_of
from bot.app.world import World
from bot.core.estimate import MIN_WAITS, Basis
from bot.core.reference import parse_reference
from bot.core.rhythm import PERIOD_S
from bot.flows.look import Look
from bot.flows.question import Question
from bot.flows.sight import Sight
from bot.store.database import SqlStore, open_store
from tests.support.planned_official import PlannedOfficial
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock
from tests.support.stores import (
    AMD64,
    ARM64,
    NOW,
    TEAM,
    add,
    look_and_record,
    missing,
    new_watch,
    present,
)

PERIOD = timedelta(seconds=PERIOD_S)
WANTED = parse_reference("node:22-slim")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield opened


async def test_own_waits_and_the_next_run_are_told(store: SqlStore) -> None:
    clock, registry = ManualClock(NOW), PlannedRegistry()
    official = PlannedOfficial(clock)
    official.list("node", ["22-slim"])
    registry.plan(WANTED.familiar, ["linux/amd64"])
    registry.plan("arm64v8/node:22-slim", None)
    for number in range(MIN_WAITS):
        # A tag that gets amd64 in one run of the job, and arm64 in the next.
        first_run = NOW + 2 * number * PERIOD
        tag = parse_reference(f"node:{number}")
        await add(store, new_watch(tag, observation=missing(first_run), due_at=first_run))
        for runs, (before, after) in enumerate(
            [(missing(), present(AMD64)), (present(AMD64), present(AMD64, ARM64, of="c"))], start=1
        ):
            run = first_run + runs * PERIOD
            for seen, at in ((before, run - timedelta(minutes=5)), (after, run)):
                await look_and_record(store, replace(seen, observed_at=at), now=at)
            clock.now = run + timedelta(hours=1)
    sight = Sight(store, Look(registry, clock=clock), clock=clock, fresh_s=60, timeout_s=5)

    explain = explainer_of(sight, World(clock=clock), official=official, store=store)
    seen = await sight.glance(WANTED, (ARM64,), place=TEAM)
    [advice] = await explain(Question(WANTED, seen, TEAM), [ARM64])

    _, own = advice.estimates
    assert (own.basis, own.sample) == (Basis.OWN_WAITS, MIN_WAITS)
    assert own.median == PERIOD
    assert advice.next_run == clock.now + timedelta(hours=2, minutes=-2.5)
