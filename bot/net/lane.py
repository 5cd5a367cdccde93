"""One registry's queue: so many requests at once, so many a second, and who goes first."""

import asyncio
import math
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

from bot.ports.surroundings import Clock, Sleep

BURST = 5
SOON_S = 1.0
"""Work that would wait longer than this for its first turn had better not be begun."""
BACKLOG = 2
"""So many times its places a lane takes on, lest places stay empty while more work is fetched."""


class Bucket:
    """Tokens that come back at a steady rate; a rate of 0 means that there is no limit."""

    def __init__(self, rate: float, *, burst: int = BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._counted_at: datetime | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anybody ever waits."""
        return self._rate > 0

    def take(self, now: datetime) -> float:
        """Take a token, on credit if there is none; seconds until it is really there."""
        if not self._rate:
            return 0.0
        self._refill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def give_back(self) -> None:
        """Return a token that was not used."""
        self._tokens = min(self._tokens + 1, self._burst)

    def soon(self, now: datetime) -> float:
        """How many tokens there will be within SOON_S."""
        if not self._rate:
            return math.inf
        self._refill(now)
        return max(0.0, self._tokens + self._rate * SOON_S)

    def soon_in_s(self, now: datetime) -> float:
        """Seconds until soon() gives at least one."""
        if not self._rate:
            return 0.0
        self._refill(now)
        return max(0.0, (1 - self._tokens) / self._rate - SOON_S)

    def _refill(self, now: datetime) -> None:
        if self._counted_at is not None:
            elapsed_s = max(0.0, (now - self._counted_at).total_seconds())
            self._tokens = min(self._tokens + elapsed_s * self._rate, self._burst)
        self._counted_at = now


class Lane:
    """Places for requests to one registry. Whoever is urgent goes before all who only wait."""

    def __init__(self, *, concurrency: int, rate: float, clock: Clock, sleep: Sleep) -> None:
        self._concurrency = concurrency
        self._bucket = Bucket(rate)
        self._clock = clock
        self._sleep = sleep
        self._busy = 0
        self._order = count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []

    async def enter(self, *, urgent: bool) -> None:
        """Wait for a place and for the rate; follow it by leave()."""
        await self._take_place(urgent)
        try:
            if self._bucket.is_limited and (wait_s := self._bucket.take(self._clock())):
                await self._sleep(wait_s)
        except BaseException:
            self.withdraw()
            raise

    def leave(self) -> None:
        """Give the place to the next who waits."""
        while self._waiting:
            _, _, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy -= 1

    def withdraw(self) -> None:
        """Leave without having asked anything: the rate is not charged."""
        self._bucket.give_back()
        self.leave()

    def room(self, *, busy: int) -> int:
        """How much more work may begin while so much, seen here or not, is under way."""
        return max(0, int(min(self._places(busy), self._bucket.soon(self._clock()))))

    def opens_in_s(self, *, busy: int) -> float | None:
        """Seconds until the rate gives room(); None: not before something under way has ended."""
        return self._bucket.soon_in_s(self._clock()) if self._places(busy) > 0 else None

    def _places(self, busy: int) -> int:
        queued = sum(not turn.done() for _, _, turn in self._waiting)
        return BACKLOG * self._concurrency - max(busy, self._busy + queued)

    async def _take_place(self, urgent: bool) -> None:
        if self._busy < self._concurrency:
            self._busy += 1
            return
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (not urgent, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the place was handed over in the same moment
                self.leave()
            raise
