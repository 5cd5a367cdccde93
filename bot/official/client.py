"""bot.ports.Official over the files that docker-library publishes."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from yarl import URL

from bot.core.build_records import BuildRecords
from bot.core.evidence import Answer, Failed, Said
from bot.core.library import Build
from bot.official.dockerfiles import Dockerfiles
from bot.official.libraries import LibraryFiles
from bot.official.memory import Memory
from bot.official.merges import Merges
from bot.official.records import Records
from bot.official.source import Source
from bot.ports.official import KnownLibrary
from bot.ports.surroundings import Clock

if TYPE_CHECKING:
    from bot.ports.store import Store

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_MAX_NAME_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sources are.

    library: what stands before an image's name. raw: before owner, repository, commit and path of
    a file. records: before the names of the build system's files; api: GitHub's; None for those
    that are not to be asked.
    """

    library: str
    raw: str
    records: str | None = None
    api: str | None = None


class OfficialClient:
    """The sources of docker-library, one copy of each file for everybody. Nothing raises.

    store: where copies survive a restart; None for nowhere.
    """

    is_enabled = True

    def __init__(
        self, source: Source, addresses: Addresses, *, clock: Clock, store: "Store | None" = None
    ) -> None:
        raw = URL(addresses.raw)
        self._libraries = LibraryFiles(source, URL(addresses.library), Memory(store), clock=clock)
        self._dockerfiles = Dockerfiles(source, raw, clock=clock)
        self._records = self._merges = None
        if addresses.records is not None:
            self._records = Records(source, URL(addresses.records), clock=clock, store=store)
        if addresses.api is not None:
            self._merges = Merges(source, URL(addresses.api), raw, clock=clock)

    @property
    def keeps_records(self) -> bool:
        """Whether the build system's records are read."""
        return self._records is not None

    async def library(self, name: str, *, max_age_s: float) -> KnownLibrary:
        """library/NAME, asked for anew if the copy was confirmed longer ago than that."""
        if not _is_name(name):
            return KnownLibrary(None)
        return await self._libraries.get(name, max_age_s=max_age_s)

    async def kept_library(self, name: str) -> KnownLibrary:
        """The copy of library/NAME that is kept, however old; no source is asked."""
        return await self._libraries.kept(name) if _is_name(name) else KnownLibrary(None)

    async def dockerfile(self, build: Build) -> Said[str | None] | Failed | None:
        """The Dockerfile of a build at its commit; None said: there is none, or none to be had."""
        return await self._dockerfiles.get(build)

    async def build_records(self, names: Collection[str], *, may_ask: bool) -> Answer[BuildRecords]:
        """What the build system has on record of images; may_ask: it may take a minute to read."""
        if self._records is None or not names or not all(map(_is_name, names)):
            return None
        return await self._records.get(names, may_ask=may_ask)

    async def merged_at(
        self, name: str, tag: str, *, listed_at: datetime | None
    ) -> Answer[datetime | None]:
        """When the change that lists a tag was merged; None said: too long ago to be found."""
        if self._merges is None or not _is_name(name):
            return None
        return await self._merges.merged_at(name, tag, listed_at=listed_at)


def _is_name(name: str) -> bool:
    return len(name) <= _MAX_NAME_LENGTH and _NAME.fullmatch(name) is not None
