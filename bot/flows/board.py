"""Reads what the page shows, as often as something has changed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.board import Board, waits_of
from bot.core.chronicle import Chronicle
from bot.core.health import Letter, RegistryHealth, health_of
from bot.core.matrix import Target, lay_out
from bot.flows.foresight import Foresight
from bot.ports.outbox import OutboxEntry
from bot.ports.registry import RegistryState
from bot.ports.store import Store, Transaction
from bot.ports.surroundings import Clock

ASKED_AGAIN_AFTER = timedelta(seconds=0.2)
"""The database is asked at most so often whether anything is new, however many people look."""
SHARE = 5
"""Reading may take one part in so many of the time, so that looks and alerts go on."""
FRESH_FOR = timedelta(seconds=10)
"""When the last look was, and what registries allow, changes without being news."""
RECENT_FOR = timedelta(seconds=30)
"""How old what a page begins with may be: it is brought up to date at once, while it is open."""
MAX_RECORDS = 20_000
"""How much of the history the spans and waits are learnt from: the newest."""
_BATCH = 1_000
_OVERLAP = 200
"""Ids are given before the commit, so a record may come after one with a greater id."""
MAX_LETTERS = 50


class BoardReader:
    """Reads the board when something has changed, once for all who ask at the same time."""

    def __init__(self, store: Store, *, foresight: Foresight, clock: Clock) -> None:
        self._store = store
        self._foresight = foresight
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._chronicle = Chronicle()
        self._learnt: int | None = None
        self._asked_at: datetime | None = None
        self._rests_for = ASKED_AGAIN_AFTER
        self._board: Board | None = None

    def last(self) -> Board | None:
        """The board as it was read last, if that is not long ago."""
        return self._board if _is_within(self._asked_at, self._clock(), RECENT_FOR) else None

    def forget(self) -> None:
        """What was read is not true any more."""
        self._asked_at = None

    async def read(self) -> Board:
        """The board as it is now. Raises StoreError."""
        async with self._one_at_a_time:
            now, board = self._clock(), self._board
            if board is not None and _is_within(self._asked_at, now, self._rests_for):
                return board
            async with self._store.reading() as transaction:
                mark = await transaction.history.mark()
                if board is None or not self._is_new(board, mark, now):
                    board = await self._read_anew(transaction, mark, now)
            self._board, self._asked_at = board, now
            took = self._clock() - now
            self._rests_for = min(max(SHARE * took, ASKED_AGAIN_AFTER), FRESH_FOR)
            return board

    def _is_new(self, board: Board, mark: str, now: datetime) -> bool:
        return board.mark == mark and _is_within(board.seen_at, now, FRESH_FOR)

    async def _read_anew(self, transaction: Transaction, mark: str, now: datetime) -> Board:
        await self._learn(transaction)
        watches = await transaction.watches.active()
        registries = tuple(map(_registry, await transaction.registries.load()))
        entries = await transaction.outbox.entries(limit=MAX_LETTERS, include_sent=False)
        letters = tuple(map(_letter, entries))
        backlog = await transaction.backlogs.count(now=now)
        # Of a thousand tags it takes a while, in which looks and alerts must go on.
        laid_out = await asyncio.to_thread(lay_out, watches, self._chronicle)
        kept = await self._foresight.gather(transaction, laid_out)

        def compose() -> Board:
            targets = tuple(map(kept.advise, laid_out))
            health = health_of(
                targets,
                letters,
                registries,
                looks_due=backlog.targets,
                messages=backlog.deliveries,
                now=now,
            )
            waits = waits_of(self._chronicle)
            return Board(mark, now, targets, waits, registries, letters, health)

        return await asyncio.to_thread(compose)

    async def _learn(self, transaction: Transaction) -> None:
        if self._learnt is None:
            self._learnt = max(await transaction.history.newest() - MAX_RECORDS, 0)
        after = max(self._learnt - _OVERLAP, 0)
        while records := await transaction.history.after(after, limit=_BATCH):
            self._chronicle.learn(records)
            after = self._learnt = records[-1].id


def _is_within(moment: datetime | None, now: datetime, length: timedelta) -> bool:
    return moment is not None and timedelta() <= now - moment < length


def public(board: Board, is_public: Callable[[Target], bool]) -> Board:
    """The board without places, people, messages, and what only a login can see."""
    targets = tuple(replace(each, watches=()) for each in board.targets if is_public(each))
    shown = {target.row.reference.registry for target in targets}
    registries = tuple(each for each in board.registries if each.name in shown)
    return replace(board, targets=targets, registries=registries, letters=())


def _registry(state: RegistryState) -> RegistryHealth:
    return RegistryHealth(
        state.registry, state.parked_until, state.remaining, state.limit, state.failures
    )


def _letter(entry: OutboxEntry) -> Letter:
    return Letter(
        str(entry.place), entry.about, entry.state, entry.tries, entry.created_at, entry.last_error
    )
