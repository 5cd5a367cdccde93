"""A file whose date says that the bot is alive, for whoever supervises the process."""

import asyncio
from contextlib import suppress
from pathlib import Path

from bot.core.errors import StoreError
from bot.log import Log
from bot.ports.store import Store
from bot.ports.surroundings import Sleep

EVERY_S = 10

log = Log(__name__)


async def beat_for_ever(store: Store, path: Path, *, sleep: Sleep) -> None:
    """Touch the file as long as the loop turns and the database answers; removed when cancelled.

    A database that hangs leaves the file as old as its last answer. A file that cannot be touched
    stops nothing but the sign of life.
    """
    try:
        while True:
            try:
                await beat(store, path)
            except (StoreError, OSError) as error:
                log.error("heartbeat_failed", path=str(path), error=str(error))
            await sleep(EVERY_S)
    finally:
        with suppress(OSError):
            await asyncio.to_thread(path.unlink, missing_ok=True)


async def beat(store: Store, path: Path) -> None:
    """Touch the file if the database answers. Raises StoreError, OSError."""
    async with store.reading() as transaction:
        await transaction.targets.next_due_at()
    await asyncio.to_thread(path.touch)
