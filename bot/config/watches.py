"""What is watched without anybody typing a command."""

from pathlib import PurePath
from typing import Annotated, Any

from pydantic import AfterValidator, PrivateAttr, model_validator

from bot.config.section import Section, parse_name
from bot.config.values import PlaceSetting, PlatformSetting
from bot.core.errors import InvalidInput
from bot.core.model import TOLD_WHILE_STANDING, Event, Place
from bot.core.pattern import TagPattern, parse_tag_pattern, split_pattern
from bot.core.reference import Reference, parse_reference

FILE = "file:"
_STANDING = ("stale", "rebuilds")


def _image(text: str) -> str:
    if text.startswith(FILE):
        if not PurePath(text.removeprefix(FILE)).name:
            raise ValueError("name a file after file:, such as file:deploy/compose.yaml")
        return text
    try:
        if split_pattern(text) is not None:
            parse_tag_pattern(text)
            return text
        reference = parse_reference(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error
    if reference.digest is not None:
        raise ValueError("a digest never changes; name a tag, such as node:22")
    return text


def _some(listed: tuple[Any, ...]) -> tuple[Any, ...]:
    # A validator of its own: pydantic's also complains of a list whose items are all wrong.
    if not listed:
        raise ValueError("must not be empty")
    return listed


Some = AfterValidator(_some)


class WatchBlock(Section):
    """One [[watch]]: images, the platforms they are wanted for, and the places that are told."""

    name: Annotated[str, AfterValidator(parse_name)] | None = None
    images: Annotated[tuple[Annotated[str, AfterValidator(_image)], ...], Some]
    platforms: tuple[PlatformSetting, ...] = ()
    places: Annotated[tuple[PlaceSetting, ...], Some]
    stale: bool = True
    rebuilds: bool = False

    _number: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def _makes_sense(self) -> "WatchBlock":
        is_asked = any(name in self.model_fields_set and getattr(self, name) for name in _STANDING)
        if is_asked and all(split_pattern(image) is not None for image in self.images):
            raise ValueError(
                "`stale` and `rebuilds` say nothing of patterns: the tags that these find are "
                "watched until they are complete; leave them out"
            )
        return self

    def numbered(self, number: int) -> "WatchBlock":
        """The same block, which knows where it stands in the file."""
        self._number = number
        return self

    @property
    def title(self) -> str:
        """How sentences about the block begin."""
        return title_of(self._number, self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called, if it has a name."""
        return () if self.name is None else (self.name,)

    @property
    def references(self) -> tuple[Reference, ...]:
        """The images that are named one by one."""
        return tuple(map(parse_reference, filter(is_one_tag, self.images)))

    @property
    def patterns(self) -> tuple[TagPattern, ...]:
        """The images that are named by a pattern of their tags."""
        return tuple(
            parse_tag_pattern(image) for image in self.images if split_pattern(image) is not None
        )

    @property
    def files(self) -> tuple[str, ...]:
        """The files whose images are watched, as they are written."""
        return tuple(image.removeprefix(FILE) for image in self.images if image.startswith(FILE))

    @property
    def tells(self) -> frozenset[Event]:
        """What its watches tell beyond what all do."""
        chosen = {Event.STALE: self.stale, Event.REPLACED: self.rebuilds}
        return frozenset(event for event in TOLD_WHILE_STANDING | chosen.keys() if chosen[event])


def is_one_tag(image: str) -> bool:
    """Whether what stands among the images is neither a file nor a pattern."""
    return not image.startswith(FILE) and split_pattern(image) is None


def title_of(number: int, name: object = None) -> str:
    """The beginning of a sentence about a block; name: what it may have been called, unchecked."""
    try:
        called = f" ({parse_name(name)})" if isinstance(name, str) else ""
    except ValueError:
        called = ""
    return f"`watch` block {number}{called}"


def unreachable(places: tuple[Place, ...], services: frozenset[str], hooks: frozenset[str]) -> str:
    """What is wrong with places that a configuration cannot reach; empty if nothing is."""
    for number, place in enumerate(places, start=1):
        if place.service == "webhook" and place.conversation not in hooks:
            return (
                f"`places` item {number}: there is no [[webhook]] block named {place.conversation}"
            )
        if place.service not in services:
            return f"`places` item {number}: there is no token in the [{place.service}] section"
    return ""
