"""The images of compose files.

Source: Compose specification, "Services top-level element", "Interpolation", "Compose Build
Specification".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from yaml.nodes import Node

from bot.core.dockerfile import parse_dockerfile
from bot.core.inventory import ImageUse
from bot.core.variables import expand
from bot.scan.tree import Text, Walk

_DOLLAR = "\0"


def uses_in_compose(
    walk: Walk, root: Node, environment: Mapping[str, str | None]
) -> Iterator[ImageUse]:
    """Every image of every service, with the defaults of variables that the environment lacks."""
    seen = set[int]()
    for service in walk.pairs(walk.at(root, "services")).values():
        if id(service) in seen:
            continue
        seen.add(id(service))
        yield from _of_service(walk, service, environment)


def _of_service(
    walk: Walk, service: Node, environment: Mapping[str, str | None]
) -> Iterator[ImageUse]:
    written = walk.text_at(service, "platform")
    platform = expanded(written.value, environment) if written is not None else None
    is_built = walk.at(service, "build") is not None
    image = walk.text_at(service, "image")
    if image is not None:
        yield replace(_use(image, environment, platform), is_built=is_built)
    for volume in walk.each(walk.at(service, "volumes")):
        kind, source = walk.text_at(volume, "type"), walk.text_at(volume, "source")
        if kind is not None and kind.value == "image" and source is not None:
            yield _use(source, environment, platform)
    inline = walk.text_at(service, "build", "dockerfile_inline")
    if inline is not None:
        # A block begins in the line after its sign.
        for use in parse_dockerfile(inline.value.replace("$$", "$")):
            own = platform if use.platform is None else use.platform
            yield replace(use, line=inline.line + use.line, platform=own)


def _use(written: Text, environment: Mapping[str, str | None], platform: str | None) -> ImageUse:
    name = expanded(written.value, environment)
    return ImageUse.of(written.line, written.value, name, platform)


def expanded(text: str, environment: Mapping[str, str | None]) -> str | None:
    """The text as compose reads it; None if it depends on a variable without a value."""
    found = expand(text.replace("$$", _DOLLAR), environment)
    return None if found is None else found.replace(_DOLLAR, "$")


def parse_environment(text: str) -> dict[str, str | None]:
    """The plain assignments of an `.env` file; those that need more than quotes taken off go.

    Source: Compose documentation, "Env file syntax".
    """
    found: dict[str, str | None] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        else:
            value = value.partition(" #")[0].rstrip()
        found[name.strip()] = None if "$" in value else value
    return found
