"""A bot.ports.Official without wires, which says what a test plans.

official = PlannedOfficial()
official.list("node", ["22.15-bullseye-slim"], architectures="amd64, arm64v8")
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.core.build_records import BuildRecords
from bot.core.errors import TroubleKind
from bot.core.evidence import Answer, Failed, LibraryAnswer, Said
from bot.core.library import Build, parse_library
from bot.core.model import Trouble
from bot.ports.official import KnownLibrary
from bot.ports.surroundings import Clock
from tests.support.registry_client import ManualClock

COMMIT = "9" * 40


def library_text(
    *entries: Iterable[str], architectures: str = "amd64, arm64v8", commit: str = COMMIT
) -> str:
    """A library file: an entry for each of the lists of tags."""
    paragraphs = "".join(
        f"\nTags: {', '.join(tags)}\nDirectory: {number}\n" for number, tags in enumerate(entries)
    )
    repository = "https://github.com/library/image.git"
    return (
        f"Maintainers: x\nGitRepo: {repository}\nGitCommit: {commit}\n"
        f"Architectures: {architectures}\n{paragraphs}"
    )


class PlannedOfficial:
    """See the module; asked lists names and Dockerfiles' directories in their order.

    A name that was not planned is no official image. dockerfiles: by directory. hangs: what waits
    for ever.
    """

    def __init__(self, clock: Clock | None = None, *, is_enabled: bool = True) -> None:
        self.is_enabled = is_enabled
        self.asked: list[str] = []
        self.libraries: dict[str, KnownLibrary] = {}
        self.dockerfiles: dict[str, str | Trouble | None] = {}
        self.hangs: set[str] = set()
        self.clock: Clock = clock or ManualClock()
        self.records: Answer[BuildRecords] = None
        self.merges: dict[str, Answer[datetime | None]] = {}

    @property
    def keeps_records(self) -> bool:
        return self.records is not None

    def list(
        self,
        name: str,
        *entries: Iterable[str],
        architectures: str = "amd64, arm64v8",
        commit: str = COMMIT,
        changed_at: datetime | None = None,
        listed_at: Mapping[str, datetime] | None = None,
    ) -> None:
        """Have the image's library file list these entries from now on."""
        text = library_text(*entries, architectures=architectures, commit=commit)
        answer: LibraryAnswer = Said(parse_library(text), self.clock())
        self.libraries[name] = KnownLibrary(answer, changed_at, listed_at or {})

    def fail(self, name: str, trouble: Trouble | None = None) -> None:
        """Have the image's library file fail; what was planned before is a kept copy."""
        trouble = trouble or Trouble(TroubleKind.RATE_LIMITED, 429)
        known = self.libraries.get(name)
        if known is not None and isinstance(known.answer, Said):
            kept = replace(known.answer, trouble=trouble)
            self.libraries[name] = replace(known, answer=kept)
        else:
            self.libraries[name] = KnownLibrary(Failed(self.clock(), trouble))

    async def library(self, name: str, *, max_age_s: float) -> KnownLibrary:
        if not self.is_enabled:
            return KnownLibrary(None)
        self.asked.append(name)
        if name in self.hangs:
            await asyncio.Event().wait()
        return self.libraries.get(name, KnownLibrary(Said(None, self.clock())))

    async def kept_library(self, name: str) -> KnownLibrary:
        if not self.is_enabled:
            return KnownLibrary(None)
        return self.libraries.get(name, KnownLibrary(None))

    async def build_records(self, names: Collection[str], *, may_ask: bool) -> Answer[BuildRecords]:
        """records, as a test plans them; asked tells who may have them read."""
        if self.records is not None and may_ask:
            self.asked.append(f"records of {', '.join(sorted(names))}")
            if "records" in self.hangs:
                await asyncio.Event().wait()
        return self.records

    async def merged_at(
        self, name: str, tag: str, *, listed_at: datetime | None
    ) -> Answer[datetime | None]:
        if "merges" in self.hangs:
            await asyncio.Event().wait()
        return self.merges.get(f"{name}:{tag}")

    async def dockerfile(self, build: Build) -> Said[str | None] | Failed | None:
        self.asked.append(f"Dockerfile in {build.directory}")
        if build.directory in self.hangs:
            await asyncio.Event().wait()
        found = self.dockerfiles.get(build.directory)
        if isinstance(found, Trouble):
            return Failed(self.clock(), found)
        return Said(found, self.clock())
