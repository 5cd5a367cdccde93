"""Wake-ups: a loop that waits for work is told at once that there is some."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from bot.ports.store import News

POLL_S = 1.0
"""Other processes write to the same database; SQLite tells nobody, and what PostgreSQL tells is
lost while there is no connection."""
OVERDUE_S = 0.1
"""Work is due and could not be taken just now (its registry is busy): try again after this."""


class Bell:
    """Rung by whoever made work; heard once by the loop that does it."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the loop, now or when it next listens."""
        self._rung.set()

    async def listen(
        self, *, until: datetime | None, now: datetime, at_most_s: float = POLL_S
    ) -> None:
        """Wait until the bell rings, the moment has come, or another process may have made work."""
        wait_s = at_most_s
        if until is not None:
            wait_s = min(wait_s, max((until - now).total_seconds(), OVERDUE_S))
        try:
            async with asyncio.timeout(wait_s):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._rung.clear()


@dataclass(frozen=True, slots=True)
class Bells:
    """One bell for each kind of work."""

    looks: Bell = field(default_factory=Bell)
    commands: Bell = field(default_factory=Bell)
    deliveries: Bell = field(default_factory=Bell)
    registries: Bell = field(default_factory=Bell)
    tags: Bell = field(default_factory=Bell)

    def ring(self, news: News) -> None:
        """Ring the bell of whoever waits for such news."""
        bells = {
            News.LOOKS: (self.looks, self.tags),
            News.COMMANDS: (self.commands,),
            News.DELIVERIES: (self.deliveries,),
            News.REGISTRIES: (self.registries,),
        }
        for bell in bells[news]:
            bell.ring()
