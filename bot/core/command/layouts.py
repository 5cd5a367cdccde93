"""What is pasted as it stands in files and terminals, told apart line by line.

Dockerfiles, compose files, Kubernetes manifests, command lines; all else is prose.
"""

import re
from collections.abc import Iterable

from bot.core.command.command_lines import read_command_line, read_options
from bot.core.command.words import Spoken, split_shell, split_words, word_set
from bot.core.platform import is_platform_word

_KEY = re.compile(r"[\w./-]+", re.ASCII)
_PLATFORM_KEYS = frozenset({"platform", "platforms", "arch", "architecture", "kubernetes.io/arch"})
_DOCKERFILE_WORDS = word_set(
    """
    ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL
    STOPSIGNAL USER VOLUME WORKDIR
    """
)


def read_layout(text: str) -> Spoken:
    """What the lines of a text name."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_file = len(lines) > 1 and any(_is_image_line(line) for line in lines)
    spoken = _together(_read_line(line, in_file=is_file) for line in lines)
    stages = {stage for stage in map(_stage_of, lines) if stage}
    images = tuple(image for image in spoken.images if image.lower() not in stages)
    return Spoken(images, spoken.platforms, spoken.words)


def _together(parts: Iterable[Spoken]) -> Spoken:
    kept = list(parts)
    return Spoken(
        tuple(image for part in kept for image in part.images),
        tuple(platform for part in kept for platform in part.platforms),
        tuple(word for part in kept for word in part.words),
    )


def _is_image_line(line: str) -> bool:
    return _key_and_value(line)[0] == "image" or _is_from(split_shell(line))


def _read_line(line: str, *, in_file: bool) -> Spoken:
    words = split_shell(line)
    if _is_from(words):
        return _read_from(words)
    key, value = _key_and_value(line)
    if key == "image":
        return _image_and_words(value)
    if key in _PLATFORM_KEYS:
        named = split_words(value.strip("[] "))
        return Spoken(words=tuple(word for word in named if "$" not in word))
    if in_file and (key or words[:1] == ["-"] or _is_dockerfile_word(words)):
        return Spoken(words=tuple(filter(is_platform_word, split_words(line))))
    command = read_command_line(line)
    return command or Spoken(words=tuple(split_words(line)))


def _key_and_value(line: str) -> tuple[str, str]:
    """The key of a line of YAML, in lower case, and its value; empty if it is no such line."""
    key, colon, value = line.lstrip("- \t").partition(":")
    key = key.strip("\"'")
    if not colon or value[:1].strip() or not _KEY.fullmatch(key):
        return "", ""
    return key.lower(), value.partition(" #")[0]


def _image_and_words(value: str) -> Spoken:
    image, *after = split_shell(value) or [""]
    return Spoken((image,) if image else (), words=tuple(split_words(" ".join(after))))


def _is_from(words: list[str]) -> bool:
    return len(words) > 1 and words[0].upper() == "FROM"


def _is_dockerfile_word(words: list[str]) -> bool:
    return bool(words) and (words[0] in _DOCKERFILE_WORDS or words[0].startswith("#"))


def _read_from(words: list[str]) -> Spoken:
    """Source: Dockerfile reference, FROM [--platform=PLATFORM] IMAGE [AS NAME]."""
    options = read_options(words[1:])
    image, *after = options.rest or ("",)
    if after and after[0].upper() == "AS":
        after = after[2:]
    said = split_words(" ".join(after).partition("#")[0])
    return Spoken((image,) if image else (), options.platforms, tuple(said))


def _stage_of(line: str) -> str | None:
    words = split_shell(line)
    if not _is_from(words):
        return None
    for index, word in enumerate(words[:-1]):
        if word.upper() == "AS":
            return words[index + 1].lower()
    return None
