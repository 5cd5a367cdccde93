"""What docker-library publishes about its builds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.build_records import BuildRecords
from bot.core.evidence import Answer, Failed, LibraryAnswer, Said
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

    @property
    def keeps_records(self) -> bool:
        """Whether somebody has switched the build system's records on; else they are None."""
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

    async def build_records(self, names: Collection[str], *, may_ask: bool) -> Answer[BuildRecords]:
        """What the build system has on record; None: not asked, or not yet.

        It is of these images only if they are among its names: others are read with the next time.
        may_ask: that may be read anew now, if it is time, which takes a while; otherwise what is at
        hand is the answer.
        """
        ...

    async def merged_at(
        self, name: str, tag: str, *, listed_at: datetime | None
    ) -> Answer[datetime | None]:
        """When the change that lists a tag was merged; None said: too long ago to be found.

        listed_at: when it was last seen to be listed anew, if it was.
        """
        ...


class NoOfficial:
    """Official that is switched off: nothing is asked, and nothing is known."""

    is_enabled = False
    keeps_records = False

    async def library(self, name: str, *, max_age_s: float) -> KnownLibrary:  # noqa: ARG002
        """Not asked."""
        return KnownLibrary(None)

    async def kept_library(self, name: str) -> KnownLibrary:  # noqa: ARG002
        """Nothing is kept."""
        return KnownLibrary(None)

    async def dockerfile(self, build: Build) -> Said[str | None] | Failed | None:  # noqa: ARG002
        """Not asked."""
        return None

    async def build_records(
        self,
        names: Collection[str],  # noqa: ARG002
        *,
        may_ask: bool,  # noqa: ARG002
    ) -> Answer[BuildRecords]:
        """Not asked."""
        return None

    async def merged_at(
        self,
        name: str,  # noqa: ARG002
        tag: str,  # noqa: ARG002
        *,
        listed_at: datetime | None,  # noqa: ARG002
    ) -> Answer[datetime | None]:
        """Not asked."""
        return None


NO_OFFICIAL: Official = NoOfficial()
