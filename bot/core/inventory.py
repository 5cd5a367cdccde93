"""The images that files name: where each stands, and for which platforms it is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.errors import InvalidInput, InvalidReference
from bot.core.platform import Platform, parse_platform
from bot.core.reference import Reference, parse_reference


@dataclass(frozen=True, slots=True)
class ImageUse:
    """One place where a file names an image.

    line: where it stands, counted from 1. written: the name as it stands there. reference: None if
    it is none, or depends on what only the one who builds or deploys can say. platform: the only
    one it is used for; None if it is used for whatever is built or deployed, "" if that depends on
    who builds. is_built: it is made where it is named, and fetched from nowhere.
    """

    line: int
    written: str
    reference: Reference | None
    platform: str | None = None
    is_built: bool = False

    @classmethod
    def of(cls, line: int, written: str, name: str | None, platform: str | None) -> "ImageUse":
        """name: what is written with its variables replaced; None if one of them is not known."""
        try:
            reference = None if name is None else parse_reference(name)
        except InvalidReference:
            reference = None
        return cls(line, written, reference, platform)


@dataclass(frozen=True, slots=True)
class Named:
    """An image and the file that names it."""

    file: str
    use: ImageUse

    @property
    def where(self) -> str:
        """The place as compilers and editors write it."""
        return f"{self.file}:{self.use.line}"


class Unread(Enum):
    """Why a file, or a part of one, says nothing; the values are what --json shows."""

    UNREADABLE = "unreadable"
    NOT_TEXT = "not_text"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class NotRead:
    """A file that may name images which nobody knows. line is None if it is all of it."""

    file: str
    why: Unread
    line: int | None = None

    @property
    def where(self) -> str:
        """The place as compilers and editors write it."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was found in files, in their order. files: how many were read."""

    files: int
    named: tuple[Named, ...]
    not_read: tuple[NotRead, ...] = ()

    @property
    def unresolved(self) -> tuple[Named, ...]:
        """Names of which nobody can say which image they mean, but those of what is built."""
        return tuple(
            each for each in self.named if each.use.reference is None and not each.use.is_built
        )

    @property
    def is_complete(self) -> bool:
        """Whether every image that is used is known."""
        return not self.not_read and not self.unresolved

    def uses(self, reference: Reference) -> tuple[Named, ...]:
        """Where an image stands that is fetched."""
        return tuple(
            each for each in self.named if each.use.reference == reference and not each.use.is_built
        )

    def needs(self, platforms: Sequence[Platform]) -> dict[Reference, tuple[Platform, ...]]:
        """Every image that is fetched, once, with the platforms it is needed for.

        platforms: what is built or deployed for. An image that only whoever builds runs needs none
        of them, and must only be there.
        """
        found: dict[Reference, dict[Platform, None]] = {}
        for each in self.named:
            if each.use.reference is not None and not each.use.is_built:
                needed = found.setdefault(each.use.reference, {})
                needed |= dict.fromkeys(_needed(each.use.platform, platforms))
        return {reference: tuple(needed) for reference, needed in found.items()}


def _needed(platform: str | None, asked: Sequence[Platform]) -> Sequence[Platform]:
    if platform is None:
        return asked
    try:
        return [parse_platform(platform)]
    except InvalidInput:
        return []
