"""The bot as the bench measures it: a process of its own, wired as `archbell run` wires it.

    python -m bench.bot CONFIG --registry URL [--rounds N] [--watchers N] [--commands N]

Prints one JSON object. A round is one look at every target: time is moved ahead until all are due.
"""

import argparse
import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.measures import cpu_s, memory_kib, seen_by
from bench.seeding import DATABASE, REGISTRY, name_of
from bot.app.logs import log_to_stderr
from bot.app.running import Bot, assembled
from bot.app.wiring import sight_of, subscriber_of
from bot.app.world import World, execute
from bot.config import load_settings
from bot.core.model import Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.wish import Wish

LONGEST_S = 300
POLL_S = 0.02
SOON = timedelta(minutes=10)
"""Longer than a lease and shorter than the pauses that the bench configures."""
SETTLE_S = 1.5
NEVER = datetime.max.replace(tzinfo=UTC)
ARM64 = Platform("linux", "arm64")
_NEXT = "SELECT min(due_at) FROM targets WHERE registry = ? AND due_at IS NOT NULL"
_LAST = "SELECT max(due_at) FROM targets WHERE registry = ? AND due_at IS NOT NULL"


@dataclass(slots=True)
class ShiftedClock:
    """The real time, and so much more."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class Measured:
    """A running bot, and what is asked of it."""

    bot: Bot
    clock: ShiftedClock
    registry: str

    async def first_looks(self) -> dict[str, Any]:
        """What the looks cost that were due when it started; nothing is known but the targets."""
        with closing(self._database()) as database:
            await self._all_looked_at(database)
        return {"seen": seen_by(self.registry)}

    async def round(self) -> dict[str, Any]:
        """What one look at every target costs."""
        seen_by(self.registry, forget=True)
        before_s = cpu_s()
        with closing(self._database()) as database:
            self.clock.ahead = _moment(database, _LAST) - datetime.now(UTC)
            await self._all_looked_at(database)
        used_s = cpu_s() - before_s
        return {"cpu_s": used_s, "memory_kib": memory_kib(), "seen": seen_by(self.registry)}

    async def _all_looked_at(self, database: sqlite3.Connection) -> None:
        async with asyncio.timeout(LONGEST_S):
            while _moment(database, _NEXT) < self.clock() + SOON:  # noqa: ASYNC110 - no event is free
                await asyncio.sleep(POLL_S)

    def _database(self) -> sqlite3.Connection:
        """A look at the schedule that costs the bot nothing: in between it is asked every 20 ms."""
        return sqlite3.connect(self.bot.settings.folder / DATABASE, isolation_level=None)

    async def last_watcher(self, count: int) -> dict[str, Any]:
        """What the last of so many people costs who watch one tag, each in their own place."""
        await self._watch(range(count - 1))
        seen_by(self.registry, forget=True)
        await self._watch(range(count - 1, count))
        await asyncio.sleep(SETTLE_S)
        return {"seen": seen_by(self.registry)}

    async def _watch(self, people: range) -> None:
        settings, world = self.bot.settings, self.bot.world
        sight = sight_of(self.bot.store, self.bot.eyes, settings, world)
        subscriber = subscriber_of(sight, settings, world)
        reference = Reference(REGISTRY, *name_of(1))
        for number in people:
            place = Place("slack", f"D{number}")
            prepared = await subscriber.prepare(Wish(reference, (ARM64,), place, f"U{number}"))
            assert not prepared.refused, "The watch is made"
            async with self.bot.store.transaction() as transaction:
                await prepared.plan(transaction)

    async def receive(self, count: int) -> list[float]:
        """How many seconds each of so many commands, given at once, waits to be acknowledged."""
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(self._receive(number)) for number in range(count)]
        return [wait.result() for wait in waits]

    async def _receive(self, number: int) -> float:
        began_at = perf_counter()
        repository, tag = name_of(1 + number)
        async with self.bot.store.transaction() as transaction:
            await transaction.inbox.receive(
                event_id=self.bot.world.new_id(),
                place=Place("slack", f"C{number}"),
                person=f"U{number}",
                text=f"watch {REGISTRY}/{repository}:{tag} arm64",
                now=self.clock(),
            )
        return perf_counter() - began_at


def _moment(database: sqlite3.Connection, query: str) -> datetime:
    [moment] = database.execute(query, (REGISTRY,)).fetchone()
    return datetime.fromisoformat(moment) if moment else NEVER


@asynccontextmanager
async def measured(config: Path, registry: str) -> AsyncIterator[Measured]:
    """A bot that runs while the block does."""
    settings = load_settings(config, {})
    clock = ShiftedClock()
    async with assembled(settings, World(clock=clock)) as bot, asyncio.TaskGroup() as group:
        group.create_task(bot.run())
        try:
            yield Measured(bot, clock, registry)
        finally:
            bot.stop()


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    async with measured(given.config, given.registry) as bot:
        found: dict[str, Any] = {"first": await bot.first_looks()}
        await asyncio.sleep(SETTLE_S)
        found["memory_kib"] = memory_kib()
        found["rounds"] = [await bot.round() for _ in range(given.rounds)]
        if given.watchers:
            found["last_watcher"] = await bot.last_watcher(given.watchers)
        if given.commands:
            found["acknowledged_s"] = await bot.receive(given.commands)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--registry", required=True)
    for name in ("rounds", "watchers", "commands"):
        parser.add_argument(f"--{name}", type=int, default=0)
    given = parser.parse_args()
    log_to_stderr(verbose=0)
    print(json.dumps(execute(lambda: measure(given), for_long=True)))


if __name__ == "__main__":
    main()
