"""Dockerfiles of builds whose repositories are on GitHub."""

import re

from yarl import URL

from bot.core.dockerfile import MAX_DOCKERFILE_BYTES
from bot.core.evidence import Failed, Said
from bot.core.library import Build
from bot.official.at_commits import FilesAtCommits
from bot.official.source import Source, SourceFailed
from bot.ports.surroundings import Clock

MAX_REMEMBERED = 200
_REPOSITORY = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9-]{1,64})/(?P<name>[A-Za-z0-9._-]{1,100}?)(?:\.git)?/?"
)


class Dockerfiles:
    """Dockerfiles of builds, by commit. Nothing raises."""

    def __init__(self, source: Source, base: URL, *, clock: Clock) -> None:
        self._files = FilesAtCommits(
            source, base, max_bytes=MAX_DOCKERFILE_BYTES, max_files=MAX_REMEMBERED
        )
        self._clock = clock

    async def get(self, build: Build) -> Said[str | None] | Failed:
        """The Dockerfile at the build's commit; None said: there is none, or none to be had."""
        repository, path = _REPOSITORY.fullmatch(build.git_repo), build.dockerfile
        if repository is None or path is None:
            return Said(None, self._clock())
        try:
            text = await self._files.get(
                (repository["owner"], repository["name"]), build.git_commit, path
            )
        except SourceFailed as failed:
            return Failed(self._clock(), failed.trouble)
        return Said(text, self._clock())
