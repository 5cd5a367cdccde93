"""Writes what looks found, in small batches."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bot.core.errors import StoreError
from bot.flows.bells import Bells
from bot.ports import Clock, LookResult, RegistryState, Store

FLUSH_AFTER_S = 0.02
MAX_BATCH = 100

log = structlog.get_logger(__name__)


class Recorder:
    """Collects results for a moment and records them in one transaction.

    A result with an alert is written at once. When a batch fails its rows are tried one by one, so
    that one bad row costs nobody else's; what cannot be written is looked at again when its lease
    runs out.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        bells: Bells,
        registry_changes: Callable[[], Sequence[RegistryState]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells
        self._registry_changes = registry_changes
        self._pending: list[LookResult] = []
        self._some = asyncio.Event()
        self._hurry = asyncio.Event()
        self._closing = False

    def put(self, result: LookResult) -> None:
        """Have a result written soon."""
        self._pending.append(result)
        self._some.set()
        if result.decision.alerts or len(self._pending) >= MAX_BATCH:
            self._hurry.set()

    def close(self) -> None:
        """Let run() end after everything that was put is written."""
        self._closing = True
        self._some.set()
        self._hurry.set()

    async def run(self) -> None:
        """Write until closed."""
        while not (self._closing and not self._pending):
            await self._some.wait()
            if not self._hurry.is_set():
                await self._linger()
            await self.flush()

    async def _linger(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_AFTER_S):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def flush(self) -> None:
        """Write what is pending now."""
        batch, self._pending = self._pending, []
        if not self._closing:
            self._some.clear()
            self._hurry.clear()
        if not await self._write(batch) and len(batch) > 1:
            for result in batch:
                await self._write([result])

    async def _write(self, batch: Sequence[LookResult]) -> bool:
        """Record a batch with the newest state of the registries; False if that failed."""
        states = self._registry_changes()
        try:
            async with self._store.transaction() as transaction:
                held = await transaction.targets.record(batch, now=self._clock())
                if states:
                    await transaction.registries.save(states)
        except StoreError as error:
            log.error("looks_not_recorded", looks=len(batch), error=str(error))
            return False
        except Exception:
            names = [str(result.target.reference) for result in batch[:3]]
            log.exception("looks_not_recorded", looks=len(batch), targets=names)
            return False
        if any(result.decision.alerts for result in batch):
            self._bells.deliveries.ring()
        for result, written in zip(batch, held, strict=True):
            if not written:
                log.debug("lease_lost", target=str(result.target.reference))
        return True
