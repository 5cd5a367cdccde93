"""What one visitor sees of the board: filtered, a page at a time, and what changed of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from urllib.parse import urlencode

from bot.core.board import Board, Waits
from bot.core.matrix import NEEDS_ATTENTION, Cell, Row, Standing, columns_of, fits
from bot.core.message.english.page import why
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.web.page.rendering import Templates, row_id, tag_link

ROWS_A_PAGE = 100
MAX_COLUMNS = 8
MAX_WAITING = 6
MAX_FILTER_CHARACTERS = 200
PARTS = ("health", "waiting", "waits", "registries", "outbox")


@dataclass(frozen=True, slots=True)
class Waited:
    """A tag with the platforms that somebody waits for."""

    reference: Reference
    cells: tuple[Cell, ...]

    def reasons(self, now: datetime) -> list[str]:
        """Why they are missing, each reason once."""
        return list(dict.fromkeys(why(cell, self.reference, now=now) for cell in self.cells))


@dataclass(frozen=True, slots=True)
class View:
    """Some of the board's rows. found: how many fit the filter.

    lacking, missing: how many tags miss something, and how many platforms that is.
    """

    filter: str
    shown: tuple[Row, ...]
    found: int
    page: int
    pages: int
    columns: tuple[Platform, ...]
    has_others: bool
    counts: tuple[tuple[str, int], ...]
    waiting: tuple[Waited, ...]
    lacking: int
    missing: int
    waits: Mapping[Platform, Waits]

    def link(self, page: int) -> str:
        """The address of another page of this view."""
        return f"./?{urlencode({'q': self.filter, 'page': page})}"


def view_of(board: Board, *, filter: str = "", page: int = 1) -> View:
    """The page of a filter; one beyond the last is the last."""
    rows = [target.row for target in board.targets]
    words = filter.lower().split()
    fitting = [row for row in rows if fits(row, words)]
    pages = max(ceil(len(fitting) / ROWS_A_PAGE), 1)
    page = min(max(page, 1), pages)
    columns = columns_of(rows, at_most=MAX_COLUMNS)
    waited = list(_waited(board))
    return View(
        filter=filter,
        shown=tuple(fitting[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]),
        found=len(fitting),
        page=page,
        pages=pages,
        columns=columns,
        has_others=any(cell.platform not in columns for row in rows for cell in row.wanted),
        counts=tuple(_counts(rows)),
        waiting=tuple(sorted(waited, key=_newest_first)[:MAX_WAITING]),
        lacking=len(waited),
        missing=sum(len(each.cells) for each in waited),
        waits=waits_by_platform(board),
    )


def _counts(rows: list[Row]) -> Iterator[tuple[str, int]]:
    for standing in NEEDS_ATTENTION:
        number = sum(any(cell.standing is standing for cell in row.wanted) for row in rows)
        if number:
            yield standing.value, number


def _waited(board: Board) -> Iterator[Waited]:
    for target in board.targets:
        row = target.row
        cells = tuple(cell for cell in row.wanted if cell.standing is Standing.MISSING)
        if cells:
            yield Waited(row.reference, cells)


def _newest_first(waited: Waited) -> tuple[float, str]:
    begun = [cell.span.since.timestamp() for cell in waited.cells if cell.span]
    return -max(begun, default=0.0), str(waited.reference)


def waits_by_platform(board: Board) -> Mapping[Platform, Waits]:
    """How long each platform takes to come."""
    return {waits.platform: waits for waits in board.waits}


class Follower:
    """What one open page shows of the board; tells which of its elements have to be replaced.

    values: what the templates need beside the board.
    """

    def __init__(
        self, templates: Templates, *, filter: str, page: int, values: Mapping[str, Any]
    ) -> None:
        self._templates = templates
        self._filter = filter
        self._page = page
        self._values = values
        self._parts: dict[str, str] = {}
        self._rows: tuple[Row, ...] = ()
        self._frame: object = None

    def changes(self, board: Board, now: datetime) -> dict[str, str]:
        """The elements that are not what they were the last time, by id; all the first time."""
        view = view_of(board, filter=self._filter, page=self._page)
        values = {**self._values, "board": board, "view": view, "tag_link": tag_link}
        changed = dict(self._changed_parts(values, now))
        frame = (view.columns, view.has_others, view.counts, view.found, len(board.targets))
        order = [row.reference for row in view.shown]
        if frame != self._frame or order != [row.reference for row in self._rows]:
            changed["tags"] = self._templates.render("parts/tags.html", now, values)
        else:
            for before, row in zip(self._rows, view.shown, strict=True):
                if before != row:
                    html = self._templates.render("parts/row.html", now, {**values, "row": row})
                    changed[row_id(row.reference)] = html
        self._frame, self._rows = frame, view.shown
        return changed

    def _changed_parts(self, values: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
        for name in PARTS:
            html = self._templates.render(f"parts/{name}.html", now, values)
            if self._parts.get(name) != html:
                self._parts[name] = html
                yield name, html
