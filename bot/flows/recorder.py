"""Writes what looks found, in small batches."""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

from bot.core.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly, StoreUnusable
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.log import Log
from bot.ports.figures import NO_FIGURES, Figures
from bot.ports.registry import Courtesy, RegistryState
from bot.ports.store import News, Store, Transaction
from bot.ports.surroundings import Clock
from bot.ports.targets import LookResult

FLUSH_AFTER_S = 0.02
MAX_BATCH = 100
MAX_LOGGED_TARGETS = 3

_NO_DATABASE = (StoreBusy, StoreFull, StoreReadOnly, StoreUnusable)
"""Troubles that every row would meet: trying each alone would only wait again and again."""

log = Log(__name__)


class _Outcome(Enum):
    """What became of a batch."""

    WRITTEN = auto()
    BAD_ROW = auto()
    NO_DATABASE = auto()


class Recorder:
    """Collects results for a moment and records them in one transaction.

    A result with an alert is written at once. When a batch fails its rows are tried one by one, so
    that one bad row costs nobody else's, unless the database as a whole cannot be used; what cannot
    be written is looked at again when its lease runs out. How registries want to be treated goes
    with the next batch that can be written.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        bells: Bells,
        courtesy: Courtesy,
        flush_after_s: float = FLUSH_AFTER_S,
        figures: Figures = NO_FIGURES,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells
        self._courtesy = courtesy
        self._flush_after_s = flush_after_s
        self._figures = figures
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
            async with asyncio.timeout(self._flush_after_s):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def flush(self) -> None:
        """Write what is pending now."""
        batch, self._pending = self._pending, []
        if not self._closing:
            self._some.clear()
            self._hurry.clear()
        states = self._courtesy.changes()
        if not batch and not states:
            return
        outcome = await self._write(batch, states)
        if outcome is _Outcome.WRITTEN:
            self._courtesy.saved(states)
        if outcome is _Outcome.BAD_ROW and len(batch) + len(states) > 1:
            for result in batch:
                if await self._write([result]) is _Outcome.NO_DATABASE:
                    return

    async def _write(
        self, batch: Sequence[LookResult], states: Sequence[RegistryState] = ()
    ) -> _Outcome:
        async def work(transaction: Transaction) -> tuple[list[bool], frozenset[News]]:
            held = await transaction.targets.record(batch, now=self._clock())
            if states:
                await transaction.registries.save(states)
            return held, transaction.news

        try:
            held, news = await in_transaction(self._store, work)
        except StoreError as error:
            log.error("looks_not_recorded", **_of(batch), error=str(error))
            return _Outcome.NO_DATABASE if isinstance(error, _NO_DATABASE) else _Outcome.BAD_ROW
        except Exception:
            # A row that cannot be written must not stop the others.
            log.exception("looks_not_recorded", **_of(batch))
            return _Outcome.BAD_ROW
        self._tell(batch, held, news)
        return _Outcome.WRITTEN

    def _tell(
        self, batch: Sequence[LookResult], held: Sequence[bool], news: frozenset[News]
    ) -> None:
        """Let it be known what was written, and what was not."""
        for each in news:
            self._bells.ring(each)
        for result, written in zip(batch, held, strict=True):
            if not written:
                log.debug("lease_lost", target=str(result.target.reference))
                continue
            for alert in result.decision.alerts:
                self._figures.alerted(alert.event)


def _of(batch: Sequence[LookResult]) -> dict[str, Any]:
    """What the log says of a batch: its size, and the first few targets."""
    names = [str(result.target.reference) for result in batch[:MAX_LOGGED_TARGETS]]
    return {"looks": len(batch), "targets": names}
