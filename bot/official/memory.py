"""The copies of library files that this process has, and the database behind them."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.core.errors import StoreError
from bot.core.evidence import LibraryAnswer, Said
from bot.core.library import Library, MalformedLibrary, parse_library
from bot.log import Log
from bot.official.attempts import NO_FAILURES, Attempts
from bot.ports.libraries import KeptFile
from bot.ports.official import KnownLibrary

if TYPE_CHECKING:
    from bot.ports.store import Store

MAX_NAMES = 500
"""Three times as many as there are official images; anybody may ask for names that are none."""

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Copy:
    """What is known of one library file.

    kept and library are the last good copy. absent_at: when its source last said that there is no
    such file. malformed: what the source says, if it makes no sense.
    """

    kept: KeptFile | None = None
    library: Library | None = None
    absent_at: datetime | None = None
    malformed: tuple[MalformedLibrary, datetime] | None = None
    attempts: Attempts = NO_FAILURES

    def is_good_until(self, max_age_s: float) -> datetime | None:
        """Until when the answer is young enough; None without one, or if a later attempt failed."""
        answered_at = self.absent_at or (self.kept.confirmed_at if self.kept else None)
        if answered_at is None or self.attempts.trouble is not None:
            return None
        return answered_at + timedelta(seconds=max_age_s)

    def known(self) -> KnownLibrary:
        """The copy as others see it."""
        kept = self.kept
        if kept is None or self.absent_at is not None:
            return KnownLibrary(self._answer())
        return KnownLibrary(self._answer(), kept.changed_at, kept.listed_at)

    def _answer(self) -> LibraryAnswer:
        if self.absent_at is not None:
            return Said(None, self.absent_at, self.attempts.trouble)
        if self.kept is not None:
            return Said(self.library, self.kept.confirmed_at, self.attempts.trouble)
        if self.malformed is not None:
            return Said(*self.malformed)
        return self.attempts.answer()


@dataclass(slots=True)
class Slot:
    """One name: its copy, and the lock of whoever asks for it."""

    copy: Copy = field(default_factory=Copy)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Memory:
    """A slot for each name; store: None keeps nothing beyond this process."""

    def __init__(self, store: "Store | None") -> None:
        self._store = store
        self._slots: OrderedDict[str, Slot] = OrderedDict()

    def slot(self, name: str) -> Slot:
        """The slot of a name; the ones not asked for longest are forgotten."""
        slot = self._slots.setdefault(name, Slot())
        self._slots.move_to_end(name)
        if len(self._slots) > MAX_NAMES:
            self._slots.popitem(last=False)
        return slot

    async def load(self, name: str) -> Copy | None:
        """What this or another process has kept; None for nothing, or nothing that can be read."""
        kept = await load_kept(self._store, name)
        if kept is None:
            return None
        library = parse_library(kept.content)
        return Copy(kept, library) if isinstance(library, Library) else None

    async def save(self, kept: KeptFile) -> None:
        """Keep a copy; without the database it is known to this process alone."""
        await save_kept(self._store, kept)


async def load_kept(store: "Store | None", name: str) -> KeptFile | None:
    """The copy that the database has; None for nothing, also where there is no database."""
    if store is None:
        return None
    try:
        async with store.reading() as transaction:
            return await transaction.libraries.load(name)
    except StoreError as error:
        log.warning("library_not_read", name=name, error=type(error).__name__)
        return None


async def save_kept(store: "Store | None", kept: KeptFile) -> None:
    """Keep a copy; without a database, or with one that fails, nobody else will know it."""
    if store is None:
        return
    try:
        async with store.transaction() as transaction:
            await transaction.libraries.save(kept)
    except StoreError as error:
        log.warning("library_not_kept", name=kept.name, error=type(error).__name__)
