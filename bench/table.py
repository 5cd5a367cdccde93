"""The rows of the bench's table, for a terminal and for a document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

HEADINGS = ("what", "bound", "measured", "of the bound", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One number to reach. share: how much of the bound is used up, at most 1 if it is met."""

    what: str
    bound: str
    measured: str
    share: float

    @property
    def is_met(self) -> bool:
        return self.share <= 1

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        verdict = "met" if self.is_met else "MISSED"
        return self.what, self.bound, self.measured, f"{self.share:.2f}", verdict


def at_most(what: str, measured: float, bound: float, *, unit: str = "", digits: int = 2) -> Row:
    """A row whose number must not be above its bound."""
    share = measured / bound if bound else float(measured > 0) * 2
    return Row(
        what, f"≤ {_number(bound, digits)}{unit}", f"{_number(measured, digits)}{unit}", share
    )


def at_least(what: str, measured: float, bound: float, *, unit: str = "") -> Row:
    """A row whose number must not be below its bound."""
    share = bound / measured if measured else 2.0
    return Row(what, f"≥ {_number(bound, 2)}{unit}", f"{_number(measured, 2)}{unit}", share)


def _number(number: float, digits: int) -> str:
    return f"{number:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{number:,.0f}"


def show(rows: Iterable[Row]) -> None:
    table = Table(*HEADINGS, box=None, pad_edge=False)
    for row in rows:
        style = "" if row.is_met else "bold red"
        table.add_row(*(Text(cell, style=style) for cell in row.cells))
    Console(width=None).print(table)


def as_markdown(rows: Sequence[Row]) -> str:
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
