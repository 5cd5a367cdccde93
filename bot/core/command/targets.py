"""Which tag, platforms or watch the arguments of a command mean."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.command.errors_pasted import read_error
from bot.core.command.layouts import read_layout
from bot.core.command.links import image_in_link, is_link
from bot.core.command.prose import Prose, read_prose
from bot.core.command.values import Misunderstanding, Misunderstood
from bot.core.command.words import shortened, trimmed, word_set
from bot.core.errors import InvalidPlatform, InvalidReference
from bot.core.platform import Platform, parse_platform
from bot.core.reference import DOCKER_HUB, Reference, parse_reference

_DIGEST = re.compile(r"(?P<name>[^@]*)@(?:sha[0-9]{3}(?::.*)?)|sha[0-9]{3}:[0-9a-f]{32,128}")

# Docker Hub's namespaces of official images for one architecture.
# Source: docker-library/official-images, "Architectures other than amd64?".
_ARCHITECTURE_NAMESPACES = word_set(
    """
    amd64 arm32v5 arm32v6 arm32v7 arm64v8 i386 mips64le ppc64le riscv64 s390x winamd64
    """
)


@dataclass(frozen=True, slots=True)
class Target:
    """What arguments mean. certain: something in them can be nothing but an image or a platform."""

    reference: Reference | None
    platforms: tuple[Platform, ...]
    number: int | None
    everything: bool
    expires_in: timedelta | None
    standing: bool
    rebuilds: bool
    direct: bool
    anyway: bool
    certain: bool


@dataclass(frozen=True, slots=True)
class _Image:
    """A reference, and the platform that its repository's name implies."""

    reference: Reference
    implied: Platform | None = None


def read_target(text: str, *, numbers: bool) -> Target | Misunderstood:
    """Read the arguments of a command; numbers says whether #7 and 7 mean watches."""
    error = read_error(text)
    spoken = error if error is not None else read_layout(text)
    prose = read_prose(spoken.words, numbers=numbers)
    odd_number = next((word for word in prose.unknown if word.startswith("#")), None)
    if odd_number is not None:
        return Misunderstood(Misunderstanding.UNKNOWN_NUMBER_FORM, shortened(odd_number))
    certain = [*spoken.images, *prose.images]
    images = _parse_images(certain or prose.unknown[:1])
    if isinstance(images, Misunderstood):
        return images
    unknown = prose.unknown if certain else prose.unknown[1:]
    platforms = _parse_platforms([*spoken.platforms, *prose.platforms, *unknown])
    if isinstance(platforms, Misunderstood):
        return replace(platforms, reference=images[0].reference if images else None)
    if error is not None and not images:
        return Misunderstood(Misunderstanding.PLATFORM_WITHOUT_IMAGE, platforms=platforms)
    trouble = _contradiction(images, prose)
    if trouble is not None:
        return trouble
    is_certain = bool(certain or prose.platforms or spoken.platforms)
    return _target(images, platforms, prose, certain=is_certain)


def _target(
    images: Sequence[_Image], platforms: tuple[Platform, ...], prose: Prose, *, certain: bool
) -> Target:
    image = images[0] if images else None
    implied = image.implied if image is not None else None
    return Target(
        reference=image.reference if image is not None else None,
        platforms=platforms or ((implied,) if implied is not None else ()),
        number=prose.numbers[0] if prose.numbers else None,
        everything=prose.everything,
        expires_in=prose.expires_in,
        standing=prose.standing,
        rebuilds=prose.rebuilds,
        direct=prose.direct,
        anyway=prose.anyway,
        certain=certain,
    )


def _contradiction(images: Sequence[_Image], prose: Prose) -> Misunderstood | None:
    named = [image.reference.familiar for image in images]
    named.extend(f"#{number}" for number in dict.fromkeys(prose.numbers))
    if len(named) > 1:
        return Misunderstood(Misunderstanding.SEVERAL_TARGETS, shortened(", ".join(named)))
    if prose.bad_duration is not None:
        return Misunderstood(Misunderstanding.BAD_DURATION, shortened(prose.bad_duration))
    return None


def _parse_images(words: Iterable[str]) -> list[_Image] | Misunderstood:
    """The images, each once."""
    images: dict[Reference, _Image] = {}
    for word in map(trimmed, words):
        image = _parse_image(word)
        if isinstance(image, Misunderstood):
            return image
        images.setdefault(image.reference, image)
    return list(images.values())


def _parse_image(word: str) -> _Image | Misunderstood:
    name = image_in_link(word) if is_link(word) else word
    if name is None:
        return Misunderstood(Misunderstanding.NOT_A_REFERENCE, shortened(word))
    pinned = _DIGEST.fullmatch(name)
    try:
        if pinned is not None:
            return _pinned(word, pinned["name"])
        return _without_architecture_namespace(parse_reference(name))
    except InvalidReference as error:
        return Misunderstood(Misunderstanding.NOT_A_REFERENCE, shortened(word), hint=str(error))


def _pinned(word: str, name: str | None) -> Misunderstood:
    instead = parse_reference(name) if name else None
    return Misunderstood(Misunderstanding.DIGEST_PINNED, shortened(word), reference=instead)


def _without_architecture_namespace(reference: Reference) -> _Image:
    """The official image that arm64v8/node is one architecture of, and that architecture."""
    namespace, _, name = reference.repository.partition("/")
    if reference.registry != DOCKER_HUB or namespace not in _ARCHITECTURE_NAMESPACES or "/" in name:
        return _Image(reference)
    official = replace(reference, repository=f"library/{name}")
    return _Image(official, parse_platform(namespace))


def _parse_platforms(words: Iterable[str]) -> tuple[Platform, ...] | Misunderstood:
    """The platforms, each once, in the order they were named."""
    platforms: list[Platform] = []
    for word in words:
        try:
            platforms.append(parse_platform(word))
        except InvalidPlatform as error:
            return Misunderstood(
                Misunderstanding.UNKNOWN_PLATFORM,
                shortened(word),
                platforms=tuple(dict.fromkeys(platforms)),
                hint=str(error),
            )
    return tuple(dict.fromkeys(platforms))
