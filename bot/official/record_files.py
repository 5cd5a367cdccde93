"""The build system's three files, read as they arrive, of which only what matters is kept.

Source: docker-library/meta, commits.json, sources.json and builds.json.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from yarl import URL

from bot.core.build_records import (
    BuildRecord,
    BuildRecords,
    SourceRecord,
    by_source,
    cut,
    read_build,
    read_list_commit,
    read_source,
)
from bot.core.errors import TroubleKind
from bot.core.model import Trouble
from bot.net.sessions import Timeouts
from bot.official.members import Members
from bot.official.source import Large, Outcome, Source, SourceFailed, malformed

MAX_COMMITS_BYTES = 4_096
TIMEOUTS = Timeouts(connect_s=5, read_s=20, total_s=120)
SOURCES = Large("sources.json", TIMEOUTS, max_bytes=100_000_000)
BUILDS = Large("builds.json", TIMEOUTS, max_bytes=400_000_000)
"""Ten times as much as there is."""
MAX_SOURCES, MAX_BUILDS = 30_000, 100_000
COMMITS = "commits.json"


@dataclass(frozen=True, slots=True)
class Reading:
    """The records, and the ETags of the files that they are from, by their names."""

    records: BuildRecords
    etags: Mapping[str, str] = field(default_factory=dict)


class RecordFiles:
    """The files below one address. Raises only SourceFailed."""

    def __init__(self, source: Source, base: URL) -> None:
        self._source = source
        self._base = base

    async def read(self, before: Reading | None, names: frozenset[str]) -> Reading:
        """What is on record of these images, and of those before.

        The sources are read before the builds: a build that is newer than its source is no harm,
        but a source without its build would seem to wait.
        """
        if before is not None and not before.records.names.issuperset(names):
            before = None  # its cut lacks what is wanted now
        known = None if before is None else before.records
        etags = {} if before is None else dict(before.etags)
        list_commit = await self._list_commit(known, etags)
        names = names if known is None else known.names
        sources = await self._sources(known, names, etags)
        if known is None or sources is not known.sources:
            etags.pop(BUILDS.name, None)  # builds of other sources are wanted now
        builds = await self._builds(known, sources, etags)
        return Reading(BuildRecords(names, list_commit, sources, builds), etags)

    async def _list_commit(self, known: BuildRecords | None, etags: dict[str, str]) -> str:
        file = await self._source.fetch(
            self._base / COMMITS, max_bytes=MAX_COMMITS_BYTES, etag=etags.get(COMMITS)
        )
        if file.text is None and not file.is_absent and known is not None and COMMITS in etags:
            return known.list_commit
        try:
            commit = read_list_commit(json.loads(file.text or ""))
        except (ValueError, RecursionError):
            raise malformed() from None
        if commit is None:
            raise malformed()
        _note(etags, COMMITS, file.etag)
        return commit

    async def _sources(
        self, known: BuildRecords | None, names: frozenset[str], etags: dict[str, str]
    ) -> Mapping[str, SourceRecord]:
        found: dict[str, SourceRecord] = {}

        def tell(key: str, value: object) -> None:
            source = read_source(key, value, names=names)
            if source is None:
                raise malformed()
            found[key] = source
            _see_that_it_ends(found, MAX_SOURCES)

        is_read = await self._tell_members(SOURCES, tell, etags)
        return cut(found) if is_read or known is None else known.sources

    async def _builds(
        self,
        known: BuildRecords | None,
        sources: Mapping[str, SourceRecord],
        etags: dict[str, str],
    ) -> Mapping[tuple[str, str], BuildRecord]:
        found: dict[str, BuildRecord] = {}

        def tell(key: str, value: object) -> None:
            build = read_build(key, value)
            if build is None:
                raise malformed()
            if build.source in sources:
                found[key] = build
                _see_that_it_ends(found, MAX_BUILDS)

        is_read = await self._tell_members(BUILDS, tell, etags)
        return by_source(found.values()) if is_read or known is None else known.builds

    async def _tell_members(
        self, large: Large, tell: Callable[[str, object], None], etags: dict[str, str]
    ) -> bool:
        """Tell of each member of a file; whether it was read, rather than known to be unchanged."""
        members, etag = Members(tell), etags.get(large.name)
        outcome, new_etag = await self._source.stream(
            self._base / large.name, members.take, large=large, etag=etag
        )
        if outcome is Outcome.READ:
            members.end()
            _note(etags, large.name, new_etag)
            return True
        if outcome is Outcome.ABSENT or etag is None:
            is_absent = outcome is Outcome.ABSENT
            status = HTTPStatus.NOT_FOUND if is_absent else HTTPStatus.NOT_MODIFIED
            raise SourceFailed(Trouble(TroubleKind.MALFORMED, status))
        return False


def _note(etags: dict[str, str], name: str, etag: str | None) -> None:
    if etag is None:
        etags.pop(name, None)
    else:
        etags[name] = etag


def _see_that_it_ends(found: Mapping[str, object], at_most: int) -> None:
    if len(found) > at_most:
        raise SourceFailed(Trouble(TroubleKind.TOO_LARGE))
