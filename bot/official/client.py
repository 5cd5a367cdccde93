"""bot.ports.Official over the files that docker-library publishes."""

import re

from yarl import URL

from bot.core.evidence import Failed, Said
from bot.core.library import Build
from bot.official.dockerfiles import Dockerfiles
from bot.official.libraries import LibraryFiles
from bot.official.memory import Memory
from bot.official.source import Source
from bot.ports import Clock, KnownLibrary, Store

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_MAX_NAME_LENGTH = 128


class OfficialClient:
    """The sources of docker-library, one copy of each file for everybody. Nothing raises.

    library_url: what stands before an image's name. dockerfile_url: before owner, repository,
    commit and path. store: where copies survive a restart; None for nowhere.
    """

    is_enabled = True

    def __init__(
        self,
        source: Source,
        *,
        library_url: str,
        dockerfile_url: str,
        clock: Clock,
        store: Store | None = None,
    ) -> None:
        self._libraries = LibraryFiles(source, URL(library_url), Memory(store), clock=clock)
        self._dockerfiles = Dockerfiles(source, URL(dockerfile_url), clock=clock)

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


def _is_name(name: str) -> bool:
    return len(name) <= _MAX_NAME_LENGTH and _NAME.fullmatch(name) is not None
