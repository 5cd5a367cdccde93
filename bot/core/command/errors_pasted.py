"""Pasted error messages of docker, buildkit, containerd, Kubernetes and podman."""

import re
from itertools import takewhile

from bot.core.command.layouts import read_layout
from bot.core.command.links import is_link
from bot.core.command.words import Spoken, split_words
from bot.core.platform import is_platform_word

_MARKS = re.compile(
    r"no matching manifest for"
    r"|no match for (?:current )?platform"
    r"|no image found in (?:manifest list|image index)"
    r"|requested image's platform"
    r"|the specified platform"
    r"|exec format error"
    r"|exec user process caused"
    r"|failed to pull"
    r"|failed to solve"
    r"|failed to resolve source metadata"
    r"|back-?off pulling image"
    r"|error response from daemon"
    r"|: pulling from "
    r"|choosing an? image"
    r"|errimagepull|imagepullbackoff",
    re.IGNORECASE,
)
# Of these alone it is certain that a platform is what is missing, though it may not be named.
_PLATFORM_MARKS = re.compile(
    r"no matching manifest for|no match for (?:current )?platform|no image found in"
    r"|requested image's platform|the specified platform|exec format error",
    re.IGNORECASE,
)


_NAME = r"[\w.:/@\[\]-]{1,400}"
_QUOTED = rf"[\"']?({_NAME})[\"']?"

# In the order of how surely the image is the one that failed.
_IMAGES = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"failed to resolve source metadata for {_QUOTED}",
        rf"(?:error|>) \[[^\]\n]{{0,100}}\] load metadata for {_QUOTED}",
        rf"failed to pull and unpack image {_QUOTED}",
        rf"failed to pull image {_QUOTED}",
        rf"back-?off pulling image {_QUOTED}",
        rf"image with reference {_QUOTED} was found",
        rf"failed to solve: ({_NAME}): (?:no match|failed|not found)",
        rf"(?<!\S)([\w.-]{{1,128}}[:/]{_NAME}): no match for (?:current )?platform",
        rf"manifest for {_QUOTED} not found",
        rf"manifest list (?:in )?\"?docker://{_QUOTED}",
        rf"\bimage={_QUOTED}",
        rf"load metadata for {_QUOTED}",
        rf">>> FROM ({_NAME})",
    )
)
# Docker prints where it pulls from only without the registry, so a command in the text goes first.
_PULLING = re.compile(rf"(?<!\S)([\w.-]{{1,128}}): pulling from ({_NAME})", re.IGNORECASE)
_OTHER_IMAGES = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"unable to find image {_QUOTED} locally",
        rf"trying to pull ({_NAME}?)\.\.\.",
        rf"pulling [\w.-]{{1,100}} \(({_NAME})\)",
    )
)

_PLATFORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"no matching manifest for ([\w./-]{1,60})",
        r"no match for (?:current )?platform (?!in\b)([\w./-]{1,60})",
        r"detected host platform \(([\w./-]{1,60})\)",
        r"the specified platform:? \(?(?:wanted )?([\w./-]{1,60})",
        r"(?:error|>) \[([\w/.-]{1,60}) internal\] load metadata",
    )
)
# containers/image: the parts are quoted since version 5.29 and not before.
_PLATFORM_IN_PARTS = re.compile(
    r"for architecture \"?(?P<architecture>[\w-]{1,30})\"?, variant \"?(?P<variant>[\w.]{0,20})\"?,"
    r" os \"?(?P<os>\w{1,20})",
    re.IGNORECASE,
)


def read_error(text: str) -> Spoken | None:
    """What a pasted error message names, or None if the text is not one.

    Without an image it is one only if it speaks of platforms; words are then the ones that the
    person wrote in front.
    """
    if _MARKS.search(text) is None:
        return None
    own = _own_words(text)
    pasted = read_layout(text)
    image = _failed_image(text) or next(iter(pasted.images), None) or _pulled_image(text)
    platforms = _named_platforms(text) or pasted.platforms
    if image is not None:
        own = tuple(word for word in own if is_platform_word(word))
        return Spoken((image,), platforms, own)
    if own or _PLATFORM_MARKS.search(text) is not None:
        return Spoken((), platforms, own)
    return None


def _failed_image(text: str) -> str | None:
    for pattern in _IMAGES:
        match = pattern.search(text)
        if match is not None:
            return match[1]
    return None


def _pulled_image(text: str) -> str | None:
    pulls = _PULLING.findall(text)
    if pulls:
        tag, repository = pulls[-1]
        return f"{repository}:{tag}"
    for pattern in _OTHER_IMAGES:
        match = pattern.search(text)
        if match is not None:
            return match[1]
    return None


def _named_platforms(text: str) -> tuple[str, ...]:
    parts = _PLATFORM_IN_PARTS.search(text)
    found = ["/".join(filter(None, parts.group("os", "architecture", "variant")))] if parts else []
    for pattern in _PLATFORMS:
        found.extend(pattern.findall(text))
    return tuple(word for word in found if is_platform_word(word))


def _own_words(text: str) -> tuple[str, ...]:
    """The image and platforms at the very beginning, before any word of the message itself."""
    own = takewhile(_is_all_own, text.split())
    return tuple(word for raw in own for word in split_words(raw))


def _is_all_own(raw: str) -> bool:
    # A word with a colon behind it is what programs put in front of a message.
    return not raw.endswith(":") and all(map(_is_own, split_words(raw)))


def _is_own(word: str) -> bool:
    return is_platform_word(word) or is_link(word) or (":" in word and not word.startswith("["))
