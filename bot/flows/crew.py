"""Does one kind of leased work: claims it when it is due, each piece in a task of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.core.errors import StoreError
from bot.flows.bells import Bell
from bot.log import Log
from bot.ports.surroundings import Clock

log = Log(__name__)


class Leased(Protocol):
    """A piece of work that comes back by itself when its lease runs out unsettled."""

    @property
    def id(self) -> int | str:
        """What the log calls it."""
        ...


Work = TypeVar("Work", bound=Leased)


@dataclass(slots=True, kw_only=True)
class Crew(Generic[Work]):
    """Does what is due, at most so many pieces at once, and listens to its bell in between.

    claim(limit) leases up to that many pieces. do(piece) settles one; whatever it raises is logged
    and leaves the piece to its lease. next_due_at() is asked when there was nothing to claim.
    """

    name: str
    at_most: int
    bell: Bell
    clock: Clock
    claim: Callable[[int], Awaitable[Sequence[Work]]]
    next_due_at: Callable[[], Awaitable[datetime | None]]
    do: Callable[[Work], Awaitable[None]]
    _under_way: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _stopping: bool = field(init=False, default=False)

    def stop(self) -> None:
        """Let run() end when the pieces under way are done."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Work until stopped."""
        async with asyncio.TaskGroup() as tasks:
            while not self._stopping:
                claimed, until = await self._claim_or_wait()
                for work in claimed:
                    task = tasks.create_task(self._do(work))
                    self._under_way.add(task)
                    task.add_done_callback(self._make_room)
                await self.bell.listen(until=until, now=self.clock())

    async def _claim_or_wait(self) -> tuple[Sequence[Work], datetime | None]:
        """What to do now; if that is nothing, when to ask again at the latest."""
        free = self.at_most - len(self._under_way)
        if free <= 0:
            return (), None
        try:
            claimed = await self.claim(free)
            return claimed, None if claimed else await self.next_due_at()
        except StoreError as error:
            log.error("work_not_claimed", crew=self.name, error=str(error))
            return (), None
        except Exception:
            # The work under way, and what comes after, must go on.
            log.exception("work_not_claimed", crew=self.name)
            return (), None

    async def _do(self, work: Work) -> None:
        try:
            await self.do(work)
        except StoreError as error:
            log.error("work_not_settled", crew=self.name, id=work.id, error=str(error))
        except Exception:
            # One piece's bug must not stop the others.
            log.exception("work_failed", crew=self.name, id=work.id)

    def _make_room(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self.bell.ring()
