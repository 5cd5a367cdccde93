"""What docker-library publishes about its builds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.evidence import Failed, LibraryAnswer, Said
from bot.core.library import Build


@dataclass(frozen=True, slots=True)
class KnownLibrary:
    """What is known of one library file.

    changed_at: when the file was last seen to change, None while there was no earlier copy.
    listed_at: since when a tag is listed, only for tags that an earlier copy did not list.
    """

    answer: LibraryAnswer
    changed_at: datetime | None = None
    listed_at: Mapping[str, datetime] = field(default_factory=dict)


class Official(Protocol):
    """The sources of docker-library. Nothing raises: that a source failed is part of the answer."""

    @property
    def is_enabled(self) -> bool:
        """Whether anything is asked at all; while not, every answer is None: not asked."""
        ...

    async def library(self, name: str, *, max_age_s: float) -> KnownLibrary:
        """library/NAME, asked for anew if the copy was confirmed longer ago than that."""
        ...

    async def kept_library(self, name: str) -> KnownLibrary:
        """The copy of library/NAME that is kept, however old; no source is asked."""
        ...

    async def dockerfile(self, build: Build) -> Said[str | None] | Failed | None:
        """The Dockerfile of a build at its commit; None said: there is none, or none to be had."""
        ...


class NoOfficial:
    """Official that is switched off: nothing is asked, and nothing is known."""

    is_enabled = False

    async def library(self, name: str, *, max_age_s: float) -> KnownLibrary:  # noqa: ARG002
        """Not asked."""
        return KnownLibrary(None)

    async def kept_library(self, name: str) -> KnownLibrary:  # noqa: ARG002
        """Nothing is kept."""
        return KnownLibrary(None)

    async def dockerfile(self, build: Build) -> Said[str | None] | Failed | None:  # noqa: ARG002
        """Not asked."""
        return None


NO_OFFICIAL: Official = NoOfficial()
