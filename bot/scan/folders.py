"""Which files of folders name images."""

import os
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from bot.core.errors import InvalidInput
from bot.core.inventory import Inventory, Named, NotRead, Unread
from bot.scan.reading import MAX_YAML_BYTES, form_of, form_of_text, read_file, read_text

STANDARD_INPUT = "-"
SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".tox", ".venv", "venv", "__pycache__", "node_modules", ".terraform"}
)
"""Folders that are not entered: what lies there is not what is built or deployed."""


def take_inventory(paths: Sequence[str], *, exclude: Sequence[str] = ()) -> Inventory:
    """What the files and the folders name; a file that is met twice counts once.

    exclude: patterns as of a shell, for names and for paths below a folder. `-` is standard input.
    Raises InvalidInput for a path that does not exist.
    """
    named: dict[Named, None] = {}
    not_read: dict[NotRead, None] = {}
    files = 0
    for found in _found(paths, exclude):
        files += 1
        readings = [found] if isinstance(found, NotRead) else _read(found)
        for each in readings:
            if isinstance(each, Named):
                named[each] = None
            else:
                not_read[each] = None
    return Inventory(files, tuple(named), tuple(not_read))


def read_one(path: Path, shown: str, *, at_most_bytes: int) -> Inventory:
    """What one file names, of which somebody says that it does; shown: its name for people."""
    readings = tuple(read_file(path, shown, at_most_bytes=at_most_bytes, is_meant=True))
    return Inventory(
        1,
        tuple(each for each in readings if isinstance(each, Named)),
        tuple(each for each in readings if isinstance(each, NotRead)),
    )


def _read(shown: str) -> Iterator[Named | NotRead]:
    if shown != STANDARD_INPUT:
        yield from read_file(Path(shown), shown)
        return
    body = sys.stdin.buffer.read(MAX_YAML_BYTES + 1)
    if len(body) > MAX_YAML_BYTES:
        yield NotRead(shown, Unread.TOO_LARGE)
        return
    text = body.decode("utf-8-sig", errors="replace")
    yield from read_text(text, form_of_text(text), shown)


def _found(paths: Sequence[str], exclude: Sequence[str]) -> Iterator[str | NotRead]:
    """The files, in the order of the paths and of their names; folders that cannot be entered."""
    seen = set[str]()
    for given in paths:
        if given == STANDARD_INPUT:
            yield given
            continue
        path = Path(given)
        if not path.exists():
            raise InvalidInput(f"{given}: there is no such file or folder.")
        if not path.is_dir():
            everything: Iterator[str | NotRead] = iter(
                [] if _is_excluded(PurePath(path.name), exclude) else [str(path)]
            )
        else:
            everything = _below(path, exclude)
        for found in everything:
            real = found.file if isinstance(found, NotRead) else os.path.realpath(found)
            if real not in seen:
                seen.add(real)
                yield found


def _below(top: Path, exclude: Sequence[str]) -> Iterator[str | NotRead]:
    """Links to folders are not followed, so that none leads around in a circle."""
    unreadable: list[NotRead] = []

    def note(error: OSError) -> None:
        unreadable.append(NotRead(str(error.filename), Unread.UNREADABLE))

    for folder, inner, names in os.walk(top, onerror=note):
        yield from unreadable
        unreadable.clear()
        here = Path(folder)
        below = here.relative_to(top)
        inner[:] = sorted(
            name
            for name in inner
            if name not in SKIPPED and not _is_excluded(below / name, exclude)
        )
        for name in sorted(names):
            if form_of(name) is not None and not _is_excluded(below / name, exclude):
                yield str(here / name)
    yield from unreadable


def _is_excluded(path: PurePath, patterns: Sequence[str]) -> bool:
    return any(
        fnmatchcase(path.as_posix(), pattern.rstrip("/")) or fnmatchcase(path.name, pattern)
        for pattern in patterns
    )
