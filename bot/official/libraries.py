"""Library files: one copy of each for everybody, asked for by one at a time."""

from dataclasses import replace
from datetime import datetime, timedelta

from yarl import URL

from bot.core.errors import TroubleKind
from bot.core.library import MAX_LIBRARY_BYTES, Library, parse_library
from bot.core.model import Trouble
from bot.official.memory import Copy, Memory
from bot.official.source import File, Source, SourceFailed
from bot.ports.libraries import KeptFile
from bot.ports.official import KnownLibrary
from bot.ports.surroundings import Clock

ABSENCE_BELIEVED_AFTER = timedelta(days=1)
"""A file that was there is not gone because its host says so once: mirrors and moves fail too."""


KEPT_READ_AGAIN_S = 300.0
"""A copy that was confirmed longer ago may have been by another process since."""


class LibraryFiles:
    """library/NAME from one address. Nothing raises."""

    def __init__(self, source: Source, base: URL, memory: Memory, *, clock: Clock) -> None:
        self._source = source
        self._base = base
        self._memory = memory
        self._clock = clock

    async def get(self, name: str, *, max_age_s: float) -> KnownLibrary:
        """What is known of the file; its source is asked if that was confirmed longer ago.

        Who comes while another one asks waits for that answer.
        """
        slot = self._memory.slot(name)
        async with slot.lock:
            if self._must_ask(slot.copy, max_age_s):
                slot.copy = _later(slot.copy, await self._memory.load(name))
            if self._must_ask(slot.copy, max_age_s):
                slot.copy = await self._ask(name, slot.copy)
            return slot.copy.known()

    async def kept(self, name: str) -> KnownLibrary:
        """What this process or another one has kept of the file; nobody is waited for or asked."""
        slot = self._memory.slot(name)
        if self._must_ask(slot.copy, KEPT_READ_AGAIN_S):
            stored = await self._memory.load(name)
            if not slot.lock.locked():  # whoever asks knows better soon
                slot.copy = _later(slot.copy, stored)
        return slot.copy.known()

    def _must_ask(self, copy: Copy, max_age_s: float) -> bool:
        now = self._clock()
        if copy.attempts.rests(now):
            return False
        good_until = copy.is_good_until(max_age_s)
        return good_until is None or good_until <= now

    async def _ask(self, name: str, copy: Copy) -> Copy:
        kept = copy.kept
        try:
            file = await self._source.fetch(
                self._base / name, max_bytes=MAX_LIBRARY_BYTES, etag=kept.etag if kept else None
            )
        except SourceFailed as failed:
            return self._failed(copy, failed.trouble)
        now = self._clock()
        if file.is_absent:
            return self._absent(copy, now)
        if file.text is None:
            return await self._confirmed(copy, file, now)
        return await self._read(name, copy, file, file.text)

    async def _confirmed(self, copy: Copy, file: File, now: datetime) -> Copy:
        if copy.kept is None or copy.library is None:  # nobody said what it was
            return self._failed(copy, Trouble(TroubleKind.MALFORMED, 304))
        kept = replace(copy.kept, confirmed_at=now, etag=file.etag or copy.kept.etag)
        await self._memory.save(kept)
        return Copy(kept, copy.library)

    async def _read(self, name: str, copy: Copy, file: File, text: str) -> Copy:
        now = self._clock()
        library = parse_library(text)
        if not isinstance(library, Library):
            unread = self._failed(copy, Trouble(TroubleKind.MALFORMED))
            return replace(unread, malformed=(library, now))
        kept = KeptFile(name, text, file.etag, now)
        if copy.kept is not None and copy.library is not None:
            kept = _since(kept, library, copy.kept, copy.library)
        await self._memory.save(kept)
        return Copy(kept, library)

    def _absent(self, copy: Copy, now: datetime) -> Copy:
        if copy.kept is None or now - copy.kept.confirmed_at > ABSENCE_BELIEVED_AFTER:
            return Copy(copy.kept, copy.library, absent_at=now)
        return self._failed(copy, Trouble(TroubleKind.MALFORMED, 404))

    def _failed(self, copy: Copy, trouble: Trouble) -> Copy:
        attempts = copy.attempts.failed(trouble, self._clock())
        return replace(copy, malformed=None, attempts=attempts)


def _later(copy: Copy, stored: Copy | None) -> Copy:
    """The copy that was confirmed later: another process may have asked meanwhile."""
    if stored is None or stored.kept is None:
        return copy
    seen_at = copy.absent_at or (copy.kept.confirmed_at if copy.kept is not None else None)
    return stored if seen_at is None or stored.kept.confirmed_at > seen_at else copy


def _since(kept: KeptFile, library: Library, before: KeptFile, listed_before: Library) -> KeptFile:
    """The new copy with what is known of when it came to be so."""
    old, new = listed_before.tags, library.tags
    listed_at = {tag: at for tag, at in before.listed_at.items() if tag in new and tag in old}
    listed_at |= dict.fromkeys(new - old, kept.confirmed_at)
    changed_at = before.changed_at if library == listed_before else kept.confirmed_at
    return replace(kept, changed_at=changed_at, listed_at=listed_at)
