"""The build system's records: one copy for everybody, cut to the images somebody waits for."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from yarl import URL

from bot.core.build_records import BuildRecords, decode_records, due_at, encode_records, with_since
from bot.core.evidence import Answer, Said
from bot.official.attempts import NO_FAILURES, Attempts
from bot.official.memory import load_kept, save_kept
from bot.official.record_files import Reading, RecordFiles
from bot.official.source import Source, SourceFailed
from bot.ports.libraries import KeptFile
from bot.ports.surroundings import Clock

if TYPE_CHECKING:
    from bot.ports.store import Store

KEPT_AS = "docker-library/meta"
MAX_NAMES = 200
"""More than there are official images."""
FOR_NEW_NAMES = timedelta(minutes=10)
"""How long after a reading all of it is read anew for an image that nobody had asked for then."""
BELIEVED_FOR = timedelta(hours=6)
"""Builds move on within hours: an older copy says nothing."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """The last good copy, and when it was read or confirmed."""

    reading: Reading | None = None
    confirmed_at: datetime | None = None
    attempts: Attempts = NO_FAILURES


class Records:
    """What is on record, read once an hour and by one at a time. Nothing raises.

    store: where the copy survives a restart; None for nowhere.
    """

    def __init__(self, source: Source, base: URL, *, clock: Clock, store: "Store | None") -> None:
        self._files = RecordFiles(source, base)
        self._clock = clock
        self._store = store
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._copy = _Copy()
        self._lock = asyncio.Lock()

    async def get(self, names: Collection[str], *, may_ask: bool) -> Answer[BuildRecords]:
        """What is on record, of these images from the next reading on; None before the first one.

        Whoever may not ask goes by the copy that there is, and never waits.
        """
        self._want(names)
        if not may_ask:
            if self._must_ask():
                await self._reload()
            return self._answer()
        async with self._lock:
            if self._must_ask():
                await self._reload()
            if self._must_ask():
                self._copy = await self._ask(self._copy)
            return self._answer()

    def _want(self, names: Collection[str]) -> None:
        for name in names:
            self._wanted[name] = None
            self._wanted.move_to_end(name)
        while len(self._wanted) > MAX_NAMES:
            self._wanted.popitem(last=False)

    def _must_ask(self) -> bool:
        now, copy = self._clock(), self._copy
        if copy.attempts.rests(now):
            return False
        if copy.reading is None or copy.confirmed_at is None or copy.attempts.trouble is not None:
            return True
        if now >= due_at(copy.confirmed_at):
            return True
        has_all = copy.reading.records.names.issuperset(self._wanted)
        return not has_all and now - copy.confirmed_at >= FOR_NEW_NAMES

    def _answer(self) -> Answer[BuildRecords]:
        copy = self._copy
        if copy.reading is None or copy.confirmed_at is None:
            return copy.attempts.answer()
        if self._clock() - copy.confirmed_at > BELIEVED_FOR:
            return copy.attempts.answer()
        return Said(copy.reading.records, copy.confirmed_at, copy.attempts.trouble)

    async def _reload(self) -> None:
        """Take the copy of the database if it is a later one: another process may have asked."""
        kept, own = await load_kept(self._store, KEPT_AS), self._copy.confirmed_at
        if kept is None or (own is not None and kept.confirmed_at <= own):
            return
        reading = _decode(kept)
        if reading is not None:
            self._copy = _Copy(reading, kept.confirmed_at)

    async def _ask(self, copy: _Copy) -> _Copy:
        """The copy, renewed; or as it was, with one more failure."""
        now = self._clock()
        try:
            reading = await self._files.read(copy.reading, frozenset(self._wanted))
        except SourceFailed as failed:
            return replace(copy, attempts=copy.attempts.failed(failed.trouble, now))
        before = None if copy.reading is None else copy.reading.records
        reading = replace(reading, records=with_since(reading.records, before, at=now))
        await save_kept(self._store, _encode(reading, now))
        return _Copy(reading, now)


def _encode(reading: Reading, confirmed_at: datetime) -> KeptFile:
    since = {" ".join(key): at for key, at in reading.records.since.items()}
    return KeptFile(
        KEPT_AS,
        encode_records(reading.records),
        json.dumps(reading.etags),
        confirmed_at,
        listed_at=since,
    )


def _decode(kept: KeptFile) -> Reading | None:
    """What _encode() made; None for anything else."""
    since = {}
    for key, at in kept.listed_at.items():
        source, _, architecture = key.partition(" ")
        since[source, architecture] = at
    records = decode_records(kept.content, since)
    try:
        etags = json.loads(kept.etag or "{}")
    except ValueError:
        return None
    return None if records is None or not isinstance(etags, dict) else Reading(records, etags)
