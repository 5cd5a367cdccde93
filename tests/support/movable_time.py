"""Time that goes on as usual and can be moved ahead, for a bot in the test's own process."""

import asyncio
from datetime import UTC, datetime, timedelta


class MovableTime:
    """A bot.ports.Clock; its sleep() ends early if the time is moved past its end."""

    def __init__(self, start: datetime) -> None:
        self._ahead = start - datetime.now(UTC)
        self._moved = asyncio.Event()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move_to(self, moment: datetime) -> None:
        """Let it be that late; never earlier than it is."""
        now = self()
        assert moment > now, f"{moment} is over: it is {now}"
        self._ahead += moment - now
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep(self, delay_s: float) -> None:
        """Sleep until that time is over, however it passes."""
        until = self() + timedelta(seconds=delay_s)
        while (left_s := (until - self()).total_seconds()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    await self._moved.wait()
            except TimeoutError:
                return
