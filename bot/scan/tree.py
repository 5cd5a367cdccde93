"""YAML as nodes that know their line.

PyYAML's composer, with libyaml where it is built in, keeps aliases as one node with several
parents, so that a bomb of them is as small in memory as in the file; nothing is constructed. What
walks the nodes pays for each step, so that time is bounded too. Parsers that know compose files or
Kubernetes by heart exist for Go; the ones for Python know an older schema or none, and no lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_STEPS = 1_000_000
"""Entries of mappings and sequences that may be visited in one file."""

_MERGE = "tag:yaml.org,2002:merge"
# The second is of compose files, where one takes back what another says.
_NULL = frozenset({"tag:yaml.org,2002:null", "!reset"})
# At the beginning of a line it ends a document wherever it stands, also within a block of text.
_BEGIN = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Broken:
    """Text that is no YAML; line counts from 1."""

    line: int


class Exhausted(Exception):
    """A file has more entries than anybody needs, or makes it seem so by aliases."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar and the line where it stands, counted from 1."""

    value: str
    line: int


def split(text: str) -> Iterator[tuple[int, str]]:
    """Each document of the text with the number of lines before it."""
    line = start = 0
    for end in (*(found.start() for found in _BEGIN.finditer(text)), len(text)):
        chunk = text[start:end]
        if chunk.strip():
            yield line, chunk
        line += chunk.count("\n")
        start = end


def root_of(text: str, *, lines_before: int = 0) -> Node | Broken | None:
    """The root of one document; None if it is empty."""
    try:
        return next(yaml.compose_all(text, Loader=_LOADER), None)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return Broken(lines_before + (mark.line if mark is not None else 0) + 1)
    except RecursionError:
        return Broken(lines_before + 1)


class Walk:
    """Steps through the nodes of one document, as many as MAX_STEPS. Raises Exhausted."""

    def __init__(self, *, lines_before: int = 0) -> None:
        self._lines_before = lines_before
        self._steps = 0

    def pairs(self, node: Node | None) -> dict[str, Node]:
        """The entries of a mapping and of those it merges, where the nearer counts; {} for others.

        Source: YAML 1.1, "Merge Key Language-Independent Type".
        """
        found: dict[str, Node] = {}
        pending, seen = [node], set[int]()
        while pending:
            current = pending.pop()
            if not isinstance(current, MappingNode) or id(current) in seen:
                continue
            seen.add(id(current))
            self._pay(len(current.value))
            own: dict[str, Node] = {}
            merged: list[Node] = []
            for key, value in current.value:
                if key.tag == _MERGE:
                    merged += value.value if isinstance(value, SequenceNode) else [value]
                elif isinstance(key, ScalarNode):
                    own[key.value] = value
            found = own | found
            self._pay(len(merged))
            pending += reversed(merged)
        return found

    def at(self, node: Node | None, *path: str) -> Node | None:
        """What lies below these keys, one within the other."""
        for key in path:
            node = self.pairs(node).get(key)
        return node

    def each(self, node: Node | None) -> list[Node]:
        """What a sequence holds; nothing for other nodes."""
        if not isinstance(node, SequenceNode):
            return []
        self._pay(len(node.value))
        return list(node.value)

    def text(self, node: Node | None) -> Text | None:
        """A scalar that is neither null nor blank."""
        if not isinstance(node, ScalarNode) or node.tag in _NULL or not node.value.strip():
            return None
        return Text(node.value.strip(), self._lines_before + node.start_mark.line + 1)

    def text_at(self, node: Node | None, *path: str) -> Text | None:
        """The scalar below these keys."""
        return self.text(self.at(node, *path))

    def _pay(self, steps: int) -> None:
        self._steps += steps + 1
        if self._steps > MAX_STEPS:
            raise Exhausted
