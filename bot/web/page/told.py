"""What is said of tags and their platforms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.advice import Advice
from bot.core.board import Waits
from bot.core.matrix import Cell, Standing, Target
from bot.core.message.english import page as words
from bot.core.message.english.reasons import offer_line, pull_command
from bot.core.platform import Platform
from bot.core.reference import Reference


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
    def missing(self) -> "Line":
        """The platforms of it that somebody waits for."""
        told = (each for each in self.told if each.cell.is_wanted)
        return Line(
            self.reference,
            tuple(each for each in told if each.cell.standing is Standing.MISSING),
        )

    @property
    def has_one_reason(self) -> bool:
        """Whether the same is said of several platforms, so that once is enough."""
        return len(self.told) > 1 and len({told.why for told in self.told}) == 1


def line_of(target: Target, waits: Mapping[Platform, Waits], *, now: datetime) -> Line:
    """A target in words."""
    row, advices = target.row, target.advices
    return Line(
        row.reference,
        tuple(
            told_of(cell, row.reference, advices.get(cell.platform), waits, now=now)
            for cell in row.cells
        ),
    )
