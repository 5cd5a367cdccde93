"""What goes wrong between a chat service and its clients, as a test orders it."""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.scripted_answers import Answer, play


@dataclass(frozen=True, slots=True)
class Fault:
    """works: the service does what it was asked for before it fails. answer: what it says; with
    None it cuts the connection, or, if stalls, says nothing until the server ends.
    """

    works: bool = False
    answer: Answer | None = None
    stalls: bool = False


CUT_BEFORE = Fault()
CUT_AFTER = Fault(works=True)
STALL_BEFORE = Fault(stalls=True)
STALL_AFTER = Fault(works=True, stalls=True)


def refusal(status: int, body: bytes = b"", **headers: str) -> Fault:
    """An answer instead of the work; names of headers with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(answer=Answer(status, headers=named, body=body))


@dataclass(slots=True)
class Faults:
    """Which request fails how: the next of a method, or any by chance."""

    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _next: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _by_chance: Callable[[str], Fault | None] | None = None

    def next(self, method: str, *faults: Fault) -> None:
        """The next requests of this method fail so, one each."""
        self._next[method].extend(faults)

    def by_chance(self, method: str, *shares: tuple[Fault, float], seed: int) -> None:
        """From now on each request of this method fails with these probabilities."""
        dice = random.Random(seed)

        def throw(asked: str) -> Fault | None:
            if asked != method:
                return None
            drawn = dice.random()
            for fault, share in shares:
                drawn -= share
                if drawn < 0:
                    return fault
            return None

        self._by_chance = throw

    def none_by_chance(self) -> None:
        """Chance plays no part any more."""
        self._by_chance = None

    async def around(
        self, request: web.Request, method: str, work: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Do the work and answer, unless a fault is due."""
        queued = self._next[method]
        fault = queued.popleft() if queued else self._by_chance and self._by_chance(method)
        if not fault:
            return await work()
        if fault.works:
            await work()
        if fault.answer is not None:
            return await play(request, fault.answer, closing=self.closing)
        if fault.stalls:
            await self.closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
