"""A crew does what is due, so much at once, whatever goes wrong with one piece."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from structlog.testing import capture_logs

from bot.core.errors import StoreBusy
from bot.flows.bells import POLL_S, Bell
from bot.flows.crew import Crew
from tests.support.stores import NOW

WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Piece:
    id: int


class Bench:
    """Pieces that lie ready, and what became of them."""

    def __init__(self, *pieces: int, at_most: int = 10) -> None:
        self.ready = [Piece(number) for number in pieces]
        self.begun: list[int] = []
        self.asked_for: list[int] = []
        self.asked_when = 0
        self.go_on = asyncio.Event()
        self.errors: dict[int, Exception] = {}
        self.claim_errors: list[Exception] = []
        self.bell = Bell()
        self.crew = Crew(
            name="pieces",
            at_most=at_most,
            bell=self.bell,
            clock=lambda: NOW,
            claim=self._claim,
            next_due_at=self._next_due_at,
            do=self._do,
        )
        self._changed = asyncio.Event()

    async def has_begun(self, *numbers: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not set(numbers) <= set(self.begun):
                self._changed.clear()
                await self._changed.wait()

    async def _claim(self, limit: int) -> Sequence[Piece]:
        self.asked_for.append(limit)
        if self.claim_errors:
            raise self.claim_errors.pop()
        taken, self.ready = self.ready[:limit], self.ready[limit:]
        return taken

    async def _next_due_at(self) -> datetime | None:
        self.asked_when += 1
        return NOW

    async def _do(self, piece: Piece) -> None:
        self.begun.append(piece.id)
        self._changed.set()
        if piece.id in self.errors:
            raise self.errors[piece.id]
        await self.go_on.wait()


@asynccontextmanager
async def working(bench: Bench) -> AsyncIterator[None]:
    """Run the crew, and let everything end at the end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.crew.run())
        yield
        bench.go_on.set()
        bench.crew.stop()


async def test_pieces_are_done_at_the_same_time() -> None:
    bench = Bench(1, 2, 3)

    async with working(bench):
        await bench.has_begun(1, 2, 3)

    assert bench.begun == [1, 2, 3]


async def test_no_more_are_claimed_than_there_is_room_for() -> None:
    bench = Bench(1, 2, 3, at_most=2)

    async with working(bench):
        await bench.has_begun(1, 2)
        bench.bell.ring()
        while_full = list(bench.begun)
        bench.go_on.set()
        await bench.has_begun(3)

    assert while_full == [1, 2]
    assert bench.asked_for[0] == 2
    assert max(bench.asked_for) <= 2
    assert 0 not in bench.asked_for


async def test_a_piece_that_is_done_makes_room_at_once() -> None:
    bench = Bench(1, 2, at_most=1)
    bench.go_on.set()
    loop = asyncio.get_running_loop()
    before = loop.time()

    async with working(bench):
        await bench.has_begun(2)

    assert loop.time() - before < POLL_S / 2


async def test_when_nothing_is_due_the_crew_asks_when_something_will_be() -> None:
    bench = Bench()

    async with working(bench):
        async with asyncio.timeout(WITHIN_S):
            while bench.asked_when < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert len(bench.asked_for) >= 2


async def test_stopping_waits_for_what_is_under_way_and_claims_nothing_more() -> None:
    bench = Bench(1)
    running = asyncio.create_task(bench.crew.run())
    await bench.has_begun(1)
    bench.ready = [Piece(2)]

    bench.crew.stop()
    done, _ = await asyncio.wait([running], timeout=0.05)
    bench.go_on.set()
    await running

    assert done == set()
    assert bench.begun == [1]


async def test_a_store_that_fails_to_give_work_is_asked_again() -> None:
    bench = Bench(1)
    bench.claim_errors = [StoreBusy("busy")]

    with capture_logs() as logs:
        async with working(bench):
            await bench.has_begun(1)

    assert {"event": "work_not_claimed", "crew": "pieces", "error": "busy"}.items() <= logs[
        0
    ].items()


async def test_a_bug_in_a_claim_is_logged_and_the_next_claim_gives_work() -> None:
    bench = Bench(1)
    bench.claim_errors = [RuntimeError("a bug")]

    with capture_logs() as logs:
        async with working(bench):
            await bench.has_begun(1)

    assert [(line["event"], line["crew"]) for line in logs] == [("work_not_claimed", "pieces")]


async def test_a_piece_whose_outcome_cannot_be_stored_is_logged() -> None:
    bench = Bench(1)
    bench.errors[1] = StoreBusy("busy")

    with capture_logs() as logs:
        async with working(bench):
            await bench.has_begun(1)

    assert [(entry["event"], entry["id"], entry["error"]) for entry in logs] == [
        ("work_not_settled", 1, "busy")
    ]


async def test_the_bug_of_one_piece_does_not_stop_the_others() -> None:
    bench = Bench(1)
    bench.errors[1] = RuntimeError("a bug")

    with capture_logs() as logs:
        async with working(bench):
            await bench.has_begun(1)
            bench.ready = [Piece(2)]
            bench.bell.ring()
            await bench.has_begun(2)

    assert [(entry["event"], entry["id"]) for entry in logs] == [("work_failed", 1)]
