"""What a library file says, as values."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.core.errors import ArchbellError
from bot.core.library.architectures import PLATFORMS
from bot.core.platform import Platform

OCI_IMPORT = "oci-import"
"""The builder that takes a finished image instead of a Dockerfile."""


@dataclass(frozen=True, slots=True)
class Build:
    """From what one architecture of an entry is built.

    directory is normalised and relative to the repository's root; builder is "" where the build
    system's usual one is meant.
    """

    architecture: str
    git_repo: str
    git_fetch: str
    git_commit: str
    directory: str
    file: str
    builder: str = ""

    @property
    def platform(self) -> Platform:
        """The platform that the build is for."""
        return PLATFORMS[self.architecture]

    @property
    def dockerfile(self) -> str | None:
        """Path of its Dockerfile in the repository; None if it has none or none within it."""
        path = posixpath.normpath(posixpath.join(self.directory, self.file))
        outside = path == ".." or path.startswith(("../", "/"))
        return None if self.builder == OCI_IMPORT or outside else path


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """Tags that are built from the same source; shared tags may be those of other entries too.

    builds: one for each architecture, in the order of their names.
    """

    tags: tuple[str, ...]
    shared_tags: tuple[str, ...]
    builds: tuple[Build, ...]

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms that the entry is built for."""
        return frozenset(build.platform for build in self.builds)


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that is built of one official image; empty for an image that is retired."""

    entries: tuple[LibraryEntry, ...]
    _of_tag: Mapping[str, tuple[LibraryEntry, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of_tag: dict[str, list[LibraryEntry]] = {}
        for entry in self.entries:
            for tag in entry.tags + entry.shared_tags:
                of_tag.setdefault(tag, []).append(entry)
        object.__setattr__(self, "_of_tag", {tag: tuple(found) for tag, found in of_tag.items()})

    @property
    def tags(self) -> frozenset[str]:
        """Every tag that is built, shared ones among them."""
        return frozenset(self._of_tag)

    def entries_of(self, tag: str) -> tuple[LibraryEntry, ...]:
        """The entries that name the tag: several for a shared one, none if it is not listed."""
        return self._of_tag.get(tag, ())

    def platforms_of(self, tag: str) -> frozenset[Platform] | None:
        """The platforms that the tag is built for; None if it is not listed."""
        entries = self.entries_of(tag)
        return frozenset().union(*(entry.platforms for entry in entries)) if entries else None

    def builds_of(self, tag: str, platform: Platform) -> tuple[Build, ...]:
        """The builds for one platform of the tag: several where versions of Windows share it."""
        return tuple(
            build
            for entry in self.entries_of(tag)
            for build in entry.builds
            if build.platform == platform
        )


class LibraryFault(Enum):
    """Why a text is no library file."""

    TOO_LONG = "too_long"
    TOO_MANY_TAGS = "too_many_tags"
    NOT_A_FIELD = "not_a_field"
    STRAY_CONTINUATION = "stray_continuation"
    NO_MAINTAINERS = "no_maintainers"
    GLOBAL_TAGS = "global_tags"
    NO_TAGS = "no_tags"
    BAD_TAG = "bad_tag"
    DUPLICATE_TAG = "duplicate_tag"
    UNKNOWN_ARCHITECTURE = "unknown_architecture"
    NO_SOURCE = "no_source"
    BAD_FETCH = "bad_fetch"
    BAD_COMMIT = "bad_commit"
    VALUE_TOO_LONG = "value_too_long"


@dataclass(frozen=True, slots=True)
class MalformedLibrary:
    """A text that is no library file: the first fault, its line counted from 1, and its words."""

    fault: LibraryFault
    line: int
    fragment: str = ""


class Malformation(ArchbellError):
    """Ends the reading of a text; never leaves this package."""

    def __init__(self, fault: LibraryFault, line: int, fragment: str = "") -> None:
        super().__init__(fault.value)
        self.found = MalformedLibrary(fault, line, fragment[:80])
