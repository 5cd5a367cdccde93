"""What one visitor sees of the board: filtered, a page at a time."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from urllib.parse import urlencode

from bot.core.board import Board, Waits
from bot.core.matrix import NEEDS_ATTENTION, Cell, Standing, Target, columns_of, fits
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.web.page.told import Line, line_of

ROWS_A_PAGE = 75
"""With all that can be said of six platforms of each, a page has less than 300 KB."""
MAX_COLUMNS = 8
MAX_WAITING = 6
MAX_FILTER_CHARACTERS = 200
MAX_BOARDS = 4
"""Of so many boards the overview is kept: what strangers see is one of its own."""


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


class Overview:
    """What a board says as a whole, and its lines as they are asked for."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.waits = waits_by_platform(board)
        self._lines: dict[Reference, Line] = {}
        rows = [target.row for target in board.targets]
        wanted = [row.wanted for row in rows]
        self._columns = columns_of(rows, at_most=MAX_COLUMNS)
        self._has_others = any(
            cell.platform not in self._columns for cells in wanted for cell in cells
        )
        self._counts = tuple(_counts(wanted))
        missing = [list(filter(_is_missing, cells)) for cells in wanted]
        lacking = [(target, cells) for target, cells in zip(board.targets, missing, strict=True)]
        lacking = [(target, cells) for target, cells in lacking if cells]
        newest = sorted(lacking, key=_newest_first)[:MAX_WAITING]
        self._waiting = tuple(self.line(target).missing for target, _ in newest)
        self._lacking = len(lacking)
        self._missing = sum(len(cells) for _, cells in lacking)

    def line(self, target: Target) -> Line:
        """What is said of a target of the board."""
        reference = target.row.reference
        line = self._lines.get(reference)
        if line is None:
            line = line_of(target, self.waits, now=self.board.seen_at)
            self._lines[reference] = line
        return line

    def view(self, *, filter: str = "", page: int = 1) -> View:
        """The page of a filter; one beyond the last is the last."""
        typed = filter.lower().split()
        fitting = [target for target in self.board.targets if fits(target.row, typed)]
        pages = max(ceil(len(fitting) / ROWS_A_PAGE), 1)
        page = min(max(page, 1), pages)
        shown = fitting[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
        return View(
            filter=filter,
            shown=tuple(map(self.line, shown)),
            found=len(fitting),
            page=page,
            pages=pages,
            columns=self._columns,
            has_others=self._has_others,
            counts=self._counts,
            waiting=self._waiting,
            lacking=self._lacking,
            missing=self._missing,
        )


class Overviews:
    """Made once for all who look at the same board: of a thousand tags it takes a while."""

    def __init__(self) -> None:
        self._made: deque[Overview] = deque(maxlen=MAX_BOARDS)

    def of(self, board: Board) -> Overview:
        """The overview of a board."""
        for made in self._made:
            if made.board is board:
                return made
        self._made.append(Overview(board))
        return self._made[-1]


def _counts(wanted: Sequence[tuple[Cell, ...]]) -> Iterator[tuple[Standing, int]]:
    for standing in NEEDS_ATTENTION:
        number = sum(any(cell.standing is standing for cell in cells) for cells in wanted)
        if number:
            yield standing, number


def _is_missing(cell: Cell) -> bool:
    return cell.standing is Standing.MISSING


def _newest_first(lacking: tuple[Target, Sequence[Cell]]) -> tuple[float, str]:
    target, cells = lacking
    begun = [cell.span.since.timestamp() for cell in cells if cell.span]
    return -max(begun, default=0.0), str(target.row.reference)


def waits_by_platform(board: Board) -> Mapping[Platform, Waits]:
    """How long each platform takes to come."""
    return {waits.platform: waits for waits in board.waits}
