"""The images that files name: Dockerfiles, compose files, Kubernetes manifests."""

from pathlib import Path

from bot.core.command.layouts import read_layout
from bot.core.errors import InvalidInput
from bot.core.reference import Reference, parse_reference

MAX_BYTES = 1024 * 1024


def images_in(path: Path) -> tuple[Reference, ...]:
    """The images of a file whose tags can change, in its order. Raises InvalidInput if none."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
        text = body.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise InvalidInput(f"cannot be read: {why}") from error
    if len(body) > MAX_BYTES:
        raise InvalidInput("is larger than 1 MiB, which no such file is")
    found = dict.fromkeys(filter(None, map(_reference, read_layout(text).images)))
    if not found:
        raise InvalidInput("names no image whose tag can change")
    return tuple(found)


def _reference(text: str) -> Reference | None:
    try:
        reference = parse_reference(text)
    except InvalidInput:
        return None
    return reference if reference.digest is None else None
