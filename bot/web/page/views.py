"""What one visitor sees of the board: filtered, a page at a time, and what changed of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from urllib.parse import urlencode

from bot.core.advice import Advice
from bot.core.board import Board, Waits
from bot.core.matrix import NEEDS_ATTENTION, Cell, Row, Standing, Target, columns_of, fits
from bot.core.message.english import page as words
from bot.core.message.english.reasons import offer_line, pull_command
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.web.page.rendering import Templates, row_id, tag_link

ROWS_A_PAGE = 100
MAX_COLUMNS = 8
MAX_WAITING = 6
MAX_FILTER_CHARACTERS = 200
PARTS = ("health", "waiting", "waits", "registries", "outbox")


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one platform of a tag.

    label: the reason in a word or two; why: it in sentences; expected: when it usually comes.
    offers: what can be used now, with the command for each. Each is empty where there is nothing
    to say.
    """

    cell: Cell
    label: str = ""
    why: tuple[str, ...] = ()
    expected: str = ""
    offers: tuple[tuple[str, str], ...] = ()


def told_of(
    cell: Cell,
    reference: Reference,
    advice: Advice | None,
    waits: Mapping[Platform, Waits],
    *,
    now: datetime,
) -> Told:
    """What is said of a platform; advice: what is known of it beyond the registry."""
    if cell.cause is None:
        return Told(cell)
    alternatives = advice.alternatives if advice is not None else ()
    return Told(
        cell,
        words.reason_label(advice),
        words.reasons(cell, reference, advice, now=now),
        words.expected(cell, reference, advice, waits.get(cell.platform), now=now),
        tuple((offer_line(each), pull_command(each)) for each in alternatives),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A tag with what is said of its platforms, or of some of them."""

    reference: Reference
    told: tuple[Told, ...]

    def of(self, platform: Platform) -> Told | None:
        """What is said of one platform; None if nobody wants it and it is not there."""
        return next((told for told in self.told if told.cell.platform == platform), None)

    @property
    def has_one_reason(self) -> bool:
        """Whether the same is said of several platforms, so that once is enough."""
        return len(self.told) > 1 and len({told.why for told in self.told}) == 1


def line_of(
    target: Target, waits: Mapping[Platform, Waits], *, now: datetime, missing: bool = False
) -> Line:
    """A target in words; missing: only what is missing of it."""
    row, advices = target.row, target.advices
    cells = _missing(target) if missing else row.cells
    return Line(
        row.reference,
        tuple(
            told_of(cell, row.reference, advices.get(cell.platform), waits, now=now)
            for cell in cells
        ),
    )


@dataclass(frozen=True, slots=True)
class View:
    """Some of the board's rows. found: how many fit the filter.

    lacking, missing: how many tags miss something, and how many platforms that is.
    """

    filter: str
    shown: tuple[Line, ...]
    found: int
    page: int
    pages: int
    columns: tuple[Platform, ...]
    has_others: bool
    counts: tuple[tuple[Standing, int], ...]
    waiting: tuple[Line, ...]
    lacking: int
    missing: int

    def link(self, page: int) -> str:
        """The address of another page of this view."""
        return f"./?{urlencode({'q': self.filter, 'page': page})}"


def view_of(board: Board, *, filter: str = "", page: int = 1) -> View:
    """The page of a filter; one beyond the last is the last."""
    rows = [target.row for target in board.targets]
    typed = filter.lower().split()
    fitting = [target for target in board.targets if fits(target.row, typed)]
    pages = max(ceil(len(fitting) / ROWS_A_PAGE), 1)
    page = min(max(page, 1), pages)
    columns = columns_of(rows, at_most=MAX_COLUMNS)
    lacking = [target for target in board.targets if _missing(target)]
    newest = sorted(lacking, key=_newest_first)[:MAX_WAITING]
    shown = fitting[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    waits, now = waits_by_platform(board), board.seen_at
    return View(
        filter=filter,
        shown=tuple(line_of(target, waits, now=now) for target in shown),
        found=len(fitting),
        page=page,
        pages=pages,
        columns=columns,
        has_others=any(cell.platform not in columns for row in rows for cell in row.wanted),
        counts=tuple(_counts(rows)),
        waiting=tuple(line_of(each, waits, now=now, missing=True) for each in newest),
        lacking=len(lacking),
        missing=sum(len(_missing(target)) for target in lacking),
    )


def _counts(rows: list[Row]) -> Iterator[tuple[Standing, int]]:
    for standing in NEEDS_ATTENTION:
        number = sum(any(cell.standing is standing for cell in row.wanted) for row in rows)
        if number:
            yield standing, number


def _missing(target: Target) -> tuple[Cell, ...]:
    return tuple(cell for cell in target.row.wanted if cell.standing is Standing.MISSING)


def _newest_first(target: Target) -> tuple[float, str]:
    begun = [cell.span.since.timestamp() for cell in _missing(target) if cell.span]
    return -max(begun, default=0.0), str(target.row.reference)


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
        self._rows: tuple[Line, ...] = ()
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
