"""One file: what kind it is, and the images it names."""

import re
import stat
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from yaml.nodes import Node

from bot.core.dockerfile import MAX_DOCKERFILE_BYTES, parse_dockerfile
from bot.core.inventory import ImageUse, Named, NotRead, Unread
from bot.scan.compose import parse_environment, uses_in_compose
from bot.scan.kubernetes import uses_in_kubernetes
from bot.scan.tree import Broken, Exhausted, Walk, root_of, split

MAX_YAML_BYTES = 8 * 1024 * 1024
MAX_ENVIRONMENT_BYTES = 64 * 1024

Reading = Iterator[Named | NotRead]

_DOCKERFILE = re.compile(
    r"(?:Dockerfile|Containerfile).*|(?:dockerfile|containerfile)(?:[._-].+)?"
    r"|.+\.(?:[Dd]ockerfile|[Cc]ontainerfile)"
)
_NO_DOCKERFILE = re.compile(
    # What goes with one or is about one, and what still has to become one.
    r".*(?:~|\.(?:dockerignore|md|rst|txt|html?|json|orig|rej|bak|swp"
    r"|j2|jinja2?|tmpl|tpl|template|erb|ejs|in|m4))"
    # A program that is written in lower case reads or writes them.
    r"|(?:docker|container)file.*\.(?:c|cc|cpp|cs|go|java|js|lua|php|pl|py|rb|rs|sh|ts|vim|lock)"
)
_COMPOSE = re.compile(r"(?:.+[._-])?(?:docker-)?compose(?:[._-].+)?\.ya?ml", re.IGNORECASE)
_YAML = re.compile(r".+\.ya?ml", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{|\{%")
_SERVICES = re.compile(r"^services:", re.MULTILINE)


class Form(Enum):
    """How a file is read. OTHER_YAML: as a manifest, if it looks like one."""

    DOCKERFILE = "dockerfile"
    COMPOSE = "compose"
    OTHER_YAML = "other_yaml"


def form_of(name: str) -> Form | None:
    """What a file of this name is; None for one that names no images."""
    if _COMPOSE.fullmatch(name):
        return Form.COMPOSE
    if _YAML.fullmatch(name):
        return Form.OTHER_YAML
    if _DOCKERFILE.fullmatch(name) and not _NO_DOCKERFILE.fullmatch(name):
        return Form.DOCKERFILE
    return None


def form_of_text(text: str) -> Form:
    """What a text without a name is."""
    if _is_manifest(text.encode()):
        return Form.OTHER_YAML
    return Form.COMPOSE if _SERVICES.search(text) else Form.DOCKERFILE


def read_file(
    path: Path, shown: str, *, at_most_bytes: int = MAX_YAML_BYTES, is_meant: bool = False
) -> Reading:
    """The images of a file; shown: its name for people. Never raises OSError.

    is_meant: somebody says that it names images, so that YAML which is no manifest is a compose
    file, whatever its name.
    """
    form = form_of(path.name) or Form.DOCKERFILE
    if form is Form.DOCKERFILE:
        at_most_bytes = min(at_most_bytes, MAX_DOCKERFILE_BYTES)
    body = _beginning_of(path, at_most_bytes + 1)
    if form is Form.OTHER_YAML and body is not None and not _is_manifest(body):
        if not is_meant:
            return
        form = Form.COMPOSE
    text = _text_in(body, at_most_bytes)
    if isinstance(text, Unread):
        yield NotRead(shown, text)
    else:
        yield from read_text(text, form, shown, folder=path.parent)


def read_text(text: str, form: Form, shown: str, *, folder: Path | None = None) -> Reading:
    """The images of a text; folder: where an `.env` would lie beside a compose file."""
    match form:
        case Form.DOCKERFILE:
            if len(text) > MAX_DOCKERFILE_BYTES:
                yield NotRead(shown, Unread.TOO_LARGE)
            yield from (Named(shown, use) for use in parse_dockerfile(text))
        case Form.COMPOSE:
            yield from _of_yaml(text, shown, _environment(folder))
        case Form.OTHER_YAML:
            yield from _of_yaml(text, shown, None)


def _is_manifest(body: bytes) -> bool:
    return b"apiVersion" in body and b"kind" in body


def _of_yaml(text: str, shown: str, environment: Mapping[str, str | None] | None) -> Reading:
    """The images of all documents; without an environment they are manifests."""
    for lines_before, document in split(text):
        # Most of what a cluster is told names no image, and composing is what costs.
        if "image" not in document and "dockerfile_inline" not in document:
            continue
        root = root_of(document, lines_before=lines_before)
        if isinstance(root, Broken):
            why = Unread.TEMPLATE if _TEMPLATE.search(document) else Unread.MALFORMED
            yield NotRead(shown, why, root.line)
        elif root is not None:
            yield from _of_document(root, shown, lines_before, environment)


def _of_document(
    root: Node, shown: str, lines_before: int, environment: Mapping[str, str | None] | None
) -> Reading:
    walk = Walk(lines_before=lines_before)
    uses: Iterator[ImageUse]
    if environment is None:
        uses = uses_in_kubernetes(walk, root)
    else:
        uses = uses_in_compose(walk, root, environment)
    try:
        yield from [Named(shown, use) for use in uses]
    except Exhausted:
        yield NotRead(shown, Unread.TOO_LARGE, lines_before + 1)


def _environment(folder: Path | None) -> Mapping[str, str | None]:
    """What the `.env` beside a compose file says, as compose reads it."""
    if folder is None:
        return {}
    body = _beginning_of(folder / ".env", MAX_ENVIRONMENT_BYTES + 1)
    text = _text_in(body, MAX_ENVIRONMENT_BYTES)
    return {} if isinstance(text, Unread) else parse_environment(text)


def _beginning_of(path: Path, size_bytes: int) -> bytes | None:
    """So many bytes of a file; None if they cannot be had."""
    try:
        # A pipe or a device would never end.
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            return file.read(size_bytes)
    except OSError:
        return None


def _text_in(body: bytes | None, at_most_bytes: int) -> str | Unread:
    if body is None:
        return Unread.UNREADABLE
    if len(body) > at_most_bytes:
        return Unread.TOO_LARGE
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unread.NOT_TEXT
