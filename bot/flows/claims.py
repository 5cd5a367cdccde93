"""What this process has claimed and not yet looked at."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence

from bot.core.model import TargetId
from bot.ports.targets import ClaimedTarget


class Claims:
    """Targets under this process' leases: a queue, and those that are being looked at.

    For work that comes in lots: asyncio's own queue costs each look as much as its decision.
    """

    def __init__(self) -> None:
        self._queue: deque[ClaimedTarget] = deque()
        self._some = asyncio.Event()
        self._under_way: dict[TargetId, ClaimedTarget] = {}
        self._busy: Counter[str] = Counter()
        self._few: dict[str, int] = {}
        self._closed = False

    @property
    def total(self) -> int:
        """How many there are, begun or not."""
        return len(self._queue) + len(self._under_way)

    def busy(self, registry: str) -> int:
        """How many there are of one registry, begun or not."""
        return self._busy[registry]

    def add(self, targets: Sequence[ClaimedTarget]) -> None:
        """Let these be looked at, in this order."""
        self._queue.extend(targets)
        for registry, count in Counter(each.reference.registry for each in targets).items():
            self._busy[registry] += count
            self._few[registry] = self._busy[registry] // 2
        self._some.set()

    async def begin(self) -> ClaimedTarget | None:
        """The next one, to be followed by end(); None once there will be no more."""
        while not self._queue:
            if self._closed:
                return None
            self._some.clear()
            await self._some.wait()
        target = self._queue.popleft()
        self._under_way[target.id] = target
        return target

    def end(self, target: ClaimedTarget) -> bool:
        """It has been looked at; whether half of what its registry had is done, so that more may be
        claimed before the rest is.
        """
        registry = target.reference.registry
        del self._under_way[target.id]
        self._busy[registry] = busy = self._busy[registry] - 1
        return busy <= self._few[registry]

    def take_back(self) -> Sequence[ClaimedTarget]:
        """What nobody has begun; there will be no more."""
        not_begun = list(self._queue)
        self._queue.clear()
        self._closed = True
        self._some.set()
        return not_begun

    def under_way(self) -> Sequence[ClaimedTarget]:
        """What somebody looks at now."""
        return list(self._under_way.values())
