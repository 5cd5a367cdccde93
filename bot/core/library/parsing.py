"""From the paragraphs of a library file to what is built.

Source: docker-library/official-images, "Library definition files"; docker-library/bashbrew,
manifest/rfc2822.go.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.git import COMMIT
from bot.core.library.architectures import PLATFORMS
from bot.core.library.paragraphs import Field, Paragraph, read_paragraphs
from bot.core.library.values import (
    Build,
    Library,
    LibraryEntry,
    LibraryFault,
    Malformation,
    MalformedLibrary,
)
from bot.core.reference import is_tag

MAX_LIBRARY_BYTES = 256 * 1024
"""Seven times the longest file there is."""
# Five times the most that any image has; inherited shared tags count for each entry.
_MAX_TAGS = 2_500
_MAX_VALUE_LENGTH = 1024

_DEFAULTS = {
    "Architectures": Field("amd64", 1),
    "GitFetch": Field("refs/heads/master", 1),
    "Directory": Field(".", 1),
    "File": Field("Dockerfile", 1),
}
_FETCH = re.compile(r"refs/(?:heads|tags)/[^*?:\s]+")


def parse_library(text: str) -> Library | MalformedLibrary:
    """What the text of a library file says is built, or the first thing that is wrong with it.

    Total: no text makes it raise. Like the official tool it takes all of a file or nothing.
    """
    if len(text) > MAX_LIBRARY_BYTES:
        return MalformedLibrary(LibraryFault.TOO_LONG, 1)
    try:
        return _parse(text)
    except Malformation as malformation:
        return malformation.found


def _parse(text: str) -> Library:
    paragraphs = read_paragraphs(text)
    first = next(paragraphs, Paragraph({}, 1))
    if not _words(first.fields, "Maintainers"):
        raise Malformation(LibraryFault.NO_MAINTAINERS, first.line)
    if _words(first.fields, "Tags"):
        raise Malformation(LibraryFault.GLOBAL_TAGS, first.fields["Tags"].line)
    inherited = _Inherited(_DEFAULTS | dict(first.fields))
    gathered = _Gathered()
    for paragraph in paragraphs:
        gathered.add(_Reader(paragraph, inherited))
    return gathered.library()


def _words(fields: Mapping[str, Field], name: str) -> tuple[str, ...]:
    found = fields.get(name)
    return found.words if found is not None else ()


class _Inherited:
    """The first paragraph: what every entry has that does not say otherwise.

    Its lists are split once, or a long one would cost as much again for each entry.
    """

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.shared_tags = tuple(dict.fromkeys(_words(fields, "SharedTags")))
        self.architectures = tuple(sorted(set(_words(fields, "Architectures")))) or ("amd64",)


class _Reader:
    """One paragraph, read as an entry."""

    def __init__(self, paragraph: Paragraph, inherited: _Inherited) -> None:
        self._own = paragraph.fields
        self._inherited = inherited
        self.line = paragraph.line

    def line_of(self, name: str) -> int:
        """Where the field stands, or failing that the entry, which then inherits it."""
        return self._own[name].line if name in self._own else self.line

    def tags(self) -> tuple[str, ...]:
        tags = _words(self._own, "Tags")
        if not tags:
            raise Malformation(LibraryFault.NO_TAGS, self.line)
        return tags

    def shared_tags(self) -> tuple[str, ...]:
        own = tuple(dict.fromkeys(_words(self._own, "SharedTags")))
        return own or self._inherited.shared_tags

    def constraints(self) -> str:
        found = self._field("Constraints")
        return found.text if found is not None else ""

    def builds(self) -> tuple[Build, ...]:
        own = tuple(sorted(set(_words(self._own, "Architectures"))))
        if any(not self._value("", name).text for name in ("GitRepo", "GitFetch", "GitCommit")):
            raise Malformation(LibraryFault.NO_SOURCE, self.line)
        return tuple(
            self._build(architecture) for architecture in own or self._inherited.architectures
        )

    def _build(self, architecture: str) -> Build:
        if architecture not in PLATFORMS:
            raise Malformation(
                LibraryFault.UNKNOWN_ARCHITECTURE, self.line_of("Architectures"), architecture
            )
        fetch = self._value(architecture, "GitFetch")
        commit = self._value(architecture, "GitCommit")
        if _FETCH.fullmatch(fetch.text) is None:
            raise Malformation(LibraryFault.BAD_FETCH, fetch.line, fetch.text)
        if COMMIT.fullmatch(commit.text) is None:
            raise Malformation(LibraryFault.BAD_COMMIT, commit.line, commit.text)
        return Build(
            architecture,
            self._value(architecture, "GitRepo").text,
            fetch.text,
            commit.text,
            posixpath.normpath(self._value(architecture, "Directory").text),
            self._value(architecture, "File").text,
            self._value(architecture, "Builder").text,
        )

    def _value(self, architecture: str, name: str) -> Field:
        """The field for one architecture, failing that the one for all; empty if there is none."""
        for field_name in (f"{architecture}-{name}", name):
            found = self._field(field_name)
            if found is not None and found.text:
                if len(found.text) > _MAX_VALUE_LENGTH:
                    raise Malformation(LibraryFault.VALUE_TOO_LONG, found.line, found.text)
                return found
        return Field("", self.line)

    def _field(self, name: str) -> Field | None:
        return self._own.get(name, self._inherited.fields.get(name))


@dataclass(slots=True)
class _Gathered:
    """The entries so far; those that are built from the same become one."""

    _tags_of: dict[tuple[str, tuple[Build, ...]], tuple[list[str], dict[str, None]]] = field(
        default_factory=dict
    )
    _simple: set[str] = field(default_factory=set)
    _shared: set[str] = field(default_factory=set)
    _count: int = 0

    def add(self, entry: _Reader) -> None:
        """Take an entry. Raises Malformation."""
        tags, shared_tags = entry.tags(), entry.shared_tags()
        self._count += len(tags) + len(shared_tags)
        if self._count > _MAX_TAGS:
            raise Malformation(LibraryFault.TOO_MANY_TAGS, entry.line)
        builds = entry.builds()
        for tag in tags:
            _check_tag(tag, entry.line_of("Tags"), taken=tag in self._simple or tag in self._shared)
            self._simple.add(tag)
        for tag in shared_tags:
            _check_tag(tag, entry.line_of("SharedTags"), taken=tag in self._simple)
        self._shared.update(shared_tags)
        known, known_shared = self._tags_of.setdefault((entry.constraints(), builds), ([], {}))
        known.extend(tags)
        known_shared.update(dict.fromkeys(shared_tags))

    def library(self) -> Library:
        return Library(
            tuple(
                LibraryEntry(tuple(tags), tuple(shared_tags), builds)
                for (_, builds), (tags, shared_tags) in self._tags_of.items()
            )
        )


def _check_tag(tag: str, line: int, *, taken: bool) -> None:
    if not is_tag(tag):
        raise Malformation(LibraryFault.BAD_TAG, line, tag)
    if taken:
        raise Malformation(LibraryFault.DUPLICATE_TAG, line, tag)
