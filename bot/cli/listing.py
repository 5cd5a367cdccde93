"""Rows for people on a terminal, whole lines for everything else, and moments for JSON."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

import typer

_GAP = "  "


def print_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, uncut_columns: int = 0
) -> None:
    """A table as wide as the terminal; elsewhere a line for each row, however long.

    uncut_columns: how many, from the left, stay in one piece on a terminal too, to be copied.
    """
    from bot.core.message.plain import visible

    shown = [[visible(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(headings, shown, uncut_columns)
        return
    for line in _aligned([headings, *shown]):
        typer.echo(line)


def as_json_moment(at: datetime | None) -> str | None:
    """A moment for scripts; None stays None."""
    return at.isoformat() if at is not None else None


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], uncut_columns: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    widths = _widths([headings, *rows])
    for number, heading in enumerate(headings):
        if number < uncut_columns:
            table.add_column(heading, no_wrap=True, min_width=widths[number])
        else:
            table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = _widths(rows)
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]
