"""When a tag's listing was merged, asked of GitHub.

Source: GitHub REST API, "List commits" and "List pull requests associated with a commit".
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from yarl import URL

from bot.core.evidence import Answer, Said
from bot.core.library import MAX_LIBRARY_BYTES, Library, parse_library
from bot.core.merges import Commit, decode_commits, decode_merge
from bot.official.at_commits import FilesAtCommits
from bot.official.attempts import NO_FAILURES
from bot.official.source import Source, SourceFailed, malformed
from bot.ports.surroundings import Clock

OFFICIAL_IMAGES = ("docker-library", "official-images")
MAX_CHANGES = 6
"""So many of a file's last changes are searched for the one that lists a tag."""
MAX_ANSWER_BYTES = 2_000_000
MAX_FILES = 20
MAX_REMEMBERED = 300
TOO_OLD_FOR = timedelta(days=1)
"""How long it is believed that none of the last changes lists a tag."""


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, until when it holds; None for ever: what was merged stays so."""

    answer: Said[datetime | None]
    until: datetime | None


class Merges:
    """When tags came to be listed; each is asked for until it is known. Nothing raises.

    api: of GitHub. raw: what stands before owner, repository, commit and path of a file.
    """

    def __init__(self, source: Source, api: URL, raw: URL, *, clock: Clock) -> None:
        self._source = source
        self._repository = api.joinpath("repos", *OFFICIAL_IMAGES)
        self._files = FilesAtCommits(source, raw, max_bytes=MAX_LIBRARY_BYTES, max_files=MAX_FILES)
        self._clock = clock
        self._known: OrderedDict[tuple[str, str, datetime | None], _Known] = OrderedDict()
        self._attempts = NO_FAILURES
        self._lock = asyncio.Lock()

    async def merged_at(
        self, name: str, tag: str, *, listed_at: datetime | None
    ) -> Answer[datetime | None]:
        """When the change that lists a tag was merged; None said: none of the last changes does.

        listed_at: when it was seen to be listed anew, so that what was known before is out of date.
        """
        key = (name, tag, listed_at)
        async with self._lock:
            known, now = self._known.get(key), self._clock()
            if known is not None and (known.until is None or known.until > now):
                return known.answer
            if self._attempts.rests(now):
                return self._attempts.answer()
            try:
                merged_at = await self._find(name, tag)
            except SourceFailed as failed:
                self._attempts = self._attempts.failed(failed.trouble, now)
                return self._attempts.answer()
            self._attempts = NO_FAILURES
            answer: Said[datetime | None] = Said(merged_at, now)
            self._remember(key, _Known(answer, now + TOO_OLD_FOR if merged_at is None else None))
            return answer

    def _remember(self, key: tuple[str, str, datetime | None], known: _Known) -> None:
        self._known[key] = known
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    async def _find(self, name: str, tag: str) -> datetime | None:
        commit = await self._listing(name, tag)
        if commit is None:
            return None
        url = self._repository.joinpath("commits", commit.id, "pulls")
        merged_at = decode_merge(await self._text(url), commit)
        if merged_at is None:
            raise malformed()
        return merged_at

    async def _listing(self, name: str, tag: str) -> Commit | None:
        """The oldest of the last changes since which the file lists the tag without a break."""
        url = (self._repository / "commits").with_query(
            {"path": f"library/{name}", "per_page": str(MAX_CHANGES)}
        )
        changes = decode_commits(await self._text(url))
        if changes is None:
            raise malformed()
        listing = None
        for change in changes:
            if tag not in await self._tags_at(change, name):
                break
            listing = change
        else:
            if len(changes) == MAX_CHANGES:  # it was listed before all of these
                return None
        if listing is None:  # what GitHub tells is older than the file that we have
            raise malformed()
        return listing

    async def _tags_at(self, change: Commit, name: str) -> frozenset[str]:
        """What the file lists at a change; nothing where there is no file."""
        text = await self._files.get(OFFICIAL_IMAGES, change.id, f"library/{name}")
        library = Library(()) if text is None else parse_library(text)
        if not isinstance(library, Library):
            raise malformed()
        return library.tags

    async def _text(self, url: URL) -> str:
        file = await self._source.fetch(url, max_bytes=MAX_ANSWER_BYTES)
        if file.text is None:
            raise malformed()
        return file.text
