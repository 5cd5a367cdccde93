"""Files at a commit of a repository on GitHub: what stands there never changes."""

import re
from collections import OrderedDict

from yarl import URL

from bot.official.source import Source

_SEGMENT = re.compile(r"[A-Za-z0-9._+@~-]{1,200}")


class FilesAtCommits:
    """Files below one address, each asked for once; the oldest are forgotten when there are many.

    Raises only SourceFailed.
    """

    def __init__(self, source: Source, base: URL, *, max_bytes: int, max_files: int) -> None:
        self._source = source
        self._base = base
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._known: OrderedDict[URL, str] = OrderedDict()

    async def get(self, repository: tuple[str, str], commit: str, path: str) -> str | None:
        """The file; None: there is none, or none with an address that is safe to ask for.

        repository: its owner and its name.
        """
        url = self._url_of((*repository, commit, *path.split("/")))
        if url is None:
            return None
        if url in self._known:
            return self._known[url]
        file = await self._source.fetch(url, max_bytes=self._max_bytes)
        if file.text is not None:
            self._known[url] = file.text
            if len(self._known) > self._max_files:
                self._known.popitem(last=False)
        return file.text

    def _url_of(self, segments: tuple[str, ...]) -> URL | None:
        is_safe = all(_SEGMENT.fullmatch(part) and part.strip(".") for part in segments)
        return self._base.joinpath(*segments) if is_safe else None
