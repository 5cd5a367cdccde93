"""Dockerfiles by commit: what stands at a commit never changes."""

import re
from collections import OrderedDict

from yarl import URL

from bot.core.dockerfile import MAX_DOCKERFILE_BYTES
from bot.core.evidence import Failed, Said
from bot.core.library import Build
from bot.official.source import Source, SourceFailed
from bot.ports import Clock

MAX_REMEMBERED = 200
_REPOSITORY = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9-]{1,64})/(?P<name>[A-Za-z0-9._-]{1,100}?)(?:\.git)?/?"
)
_SEGMENT = re.compile(r"[A-Za-z0-9._+@~-]{1,200}")


class Dockerfiles:
    """Dockerfiles of builds whose repositories are on GitHub. Nothing raises."""

    def __init__(self, source: Source, base: URL, *, clock: Clock) -> None:
        self._source = source
        self._base = base
        self._clock = clock
        self._known: OrderedDict[URL, str] = OrderedDict()

    async def get(self, build: Build) -> Said[str | None] | Failed:
        """The Dockerfile at the build's commit; None said: there is none, or none to be had."""
        url = self._url_of(build)
        if url is None:
            return Said(None, self._clock())
        if url in self._known:
            return Said(self._known[url], self._clock())
        try:
            file = await self._source.fetch(url, max_bytes=MAX_DOCKERFILE_BYTES)
        except SourceFailed as failed:
            return Failed(self._clock(), failed.trouble)
        if file.text is not None:
            self._known[url] = file.text
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return Said(file.text, self._clock())

    def _url_of(self, build: Build) -> URL | None:
        """Its address; None if it has none, or not one that is safe to ask for."""
        repository, path = _REPOSITORY.fullmatch(build.git_repo), build.dockerfile
        if repository is None or path is None:
            return None
        segments = (repository["owner"], repository["name"], build.git_commit, *path.split("/"))
        is_safe = all(_SEGMENT.fullmatch(part) and part.strip(".") for part in segments)
        return self._base.joinpath(*segments) if is_safe else None
