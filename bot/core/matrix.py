"""Watched tags by platforms: what is there, missing, stale or unknown, since when and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from bot.core.advice import Advice
from bot.core.builds import left_behind
from bot.core.chronicle import Chronicle, Span
from bot.core.model import Entry, Observation, Status, Trouble, Want, WantState, Watch
from bot.core.platform import Platform
from bot.core.reference import Reference


class Standing(Enum):
    """How one platform of one tag stands. ABSENT: it is not there, and nobody waits for it."""

    THERE = "there"
    MISSING = "missing"
    STALE = "stale"
    UNKNOWN = "unknown"
    ABSENT = "absent"


NEEDS_ATTENTION = (Standing.MISSING, Standing.UNKNOWN, Standing.STALE)


class Cause(Enum):
    """Why a platform stands as it does, as far as the last looks tell; none for what is there."""

    NOT_LISTED = "not_listed"
    NOT_SERVED = "not_served"
    NO_TAG = "no_tag"
    WENT = "went"
    OLDER_BUILD = "older_build"
    NOT_SEEN_YET = "not_seen_yet"
    IN_DOUBT = "in_doubt"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Cell:
    """One platform of one tag. span: since when it stands so, if known.

    With Standing.UNKNOWN span begins with the last clear look, and says what that found or, while
    it is doubted, what was so until then. trouble: with Cause.TROUBLE, why the last look was not
    clear.
    """

    platform: Platform
    standing: Standing
    is_wanted: bool = False
    span: Span | None = None
    cause: Cause | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One watched tag with a cell for each platform that is wanted of it or there."""

    reference: Reference
    cells: tuple[Cell, ...]

    @property
    def wanted(self) -> tuple[Cell, ...]:
        """The cells that somebody wants to know of."""
        return tuple(cell for cell in self.cells if cell.is_wanted)

    @property
    def worst(self) -> Standing:
        """The wanted cell that needs attention most."""
        standings = {cell.standing for cell in self.wanted}
        return next((each for each in NEEDS_ATTENTION if each in standings), Standing.THERE)

    def cell(self, platform: Platform) -> Cell | None:
        """The cell of a platform; None if nobody wants it and it is not there."""
        return next((cell for cell in self.cells if cell.platform == platform), None)


@dataclass(frozen=True, slots=True)
class Target:
    """A row with what is known of its tag. watches: the oldest first.

    advices: what docker-library and the past say about platforms that are missing, as far as that
    is kept.
    """

    row: Row
    watches: tuple[Watch, ...]
    observation: Observation | None
    trouble: Trouble | None
    looked_at: datetime | None
    due_at: datetime | None
    parked_until: datetime | None
    advices: Mapping[Platform, Advice] = field(default_factory=dict)


def lay_out(watches: Iterable[Watch], chronicle: Chronicle) -> list[Target]:
    """The tags of active watches: those that need attention first, then by name."""
    by_reference: dict[Reference, list[Watch]] = {}
    for watch in watches:
        by_reference.setdefault(watch.reference, []).append(watch)
    found = [_target(reference, own, chronicle) for reference, own in by_reference.items()]
    return sorted(found, key=_in_order)


def _in_order(target: Target) -> tuple[bool, str]:
    return target.row.worst is Standing.THERE, str(target.row.reference)


def _target(reference: Reference, watches: Sequence[Watch], chronicle: Chronicle) -> Target:
    one = watches[0]  # what they know of their target is the same
    wants: dict[Platform, list[Want]] = {}
    for watch in watches:
        for want in watch.wants:
            wants.setdefault(want.platform, []).append(want)
    seen = one.observation
    there = seen.entries if seen is not None else {}
    cells = (
        judge(platform, seen, trouble=one.trouble, wants=wants.get(platform, ()))
        for platform in sorted({*wants, *there})
    )
    return Target(
        Row(reference, tuple(_dated(cell, reference, seen, chronicle) for cell in cells)),
        tuple(watches),
        seen,
        one.trouble,
        one.looked_at,
        one.due_at,
        one.parked_until,
    )


def judge(
    platform: Platform,
    seen: Observation | None,
    *,
    trouble: Trouble | None,
    wants: Sequence[Want] = (),
    is_wanted: bool = False,
) -> Cell:
    """How a platform stands by the last clear observation, the last trouble, and who wants it.

    Not knowing is neither presence nor absence: after a look without a clear answer, and while a
    second look has to confirm that it went, it is unknown. is_wanted: somebody asks, without a
    watch.
    """
    is_wanted = is_wanted or bool(wants)
    if trouble is not None:
        return Cell(platform, Standing.UNKNOWN, is_wanted, cause=Cause.TROUBLE, trouble=trouble)
    standing, cause = _judged(platform, seen, wants, is_wanted=is_wanted)
    return Cell(platform, standing, is_wanted, cause=cause)


def _dated(
    cell: Cell, reference: Reference, seen: Observation | None, chronicle: Chronicle
) -> Cell:
    """The cell with since when it stands so: by the history, or by the last clear look."""
    platform, found = cell.platform, chronicle.span(reference, cell.platform)
    match cell.standing:
        case Standing.UNKNOWN:
            return replace(cell, span=_until_unknown(cell, seen))
        case Standing.STALE:
            return replace(cell, span=chronicle.behind(reference, platform))
        case standing if found is not None and found.there == (standing is Standing.THERE):
            return replace(cell, span=found)
        case _:  # the history speaks of something else: listed is not yet served
            return cell


def _until_unknown(cell: Cell, seen: Observation | None) -> Span | None:
    """What was so at the last clear look, and is not known since."""
    if seen is None or cell.cause is Cause.NOT_SEEN_YET:
        return None
    entry = seen.entries.get(cell.platform)
    is_served = entry is not None and entry.reachable is not False
    there = is_served or cell.cause is Cause.IN_DOUBT
    return Span(there, seen.observed_at, exact=True)


def _judged(
    platform: Platform, seen: Observation | None, wants: Sequence[Want], *, is_wanted: bool
) -> tuple[Standing, Cause | None]:
    if seen is None:
        return Standing.UNKNOWN, Cause.NOT_SEEN_YET
    entry = seen.entries.get(platform)
    if entry is not None and entry.reachable is not False:
        return _listed(platform, entry, seen, is_wanted=is_wanted)
    if any(want.state is WantState.DOUBTED for want in wants):
        return Standing.UNKNOWN, Cause.IN_DOUBT
    standing = Standing.MISSING if is_wanted else Standing.ABSENT
    return standing, _cause(platform, seen, wants)


def _listed(
    platform: Platform, entry: Entry, seen: Observation, *, is_wanted: bool
) -> tuple[Standing, Cause | None]:
    """A platform that is listed, and served as far as anybody has asked."""
    if is_wanted and entry.reachable is None:
        return Standing.UNKNOWN, Cause.NOT_SEEN_YET
    if left_behind(platform, entry, seen) is not None:
        return Standing.STALE, Cause.OLDER_BUILD
    return Standing.THERE, None


def _cause(platform: Platform, seen: Observation, wants: Sequence[Want]) -> Cause:
    if seen.status is Status.TAG_MISSING:
        return Cause.NO_TAG
    if platform in seen.entries:
        return Cause.NOT_SERVED
    if any(want.state is WantState.GONE for want in wants):
        return Cause.WENT
    return Cause.NOT_LISTED


def columns_of(rows: Iterable[Row], *, at_most: int) -> tuple[Platform, ...]:
    """The platforms that most rows want, in order of their names."""
    wanted: dict[Platform, int] = {}
    for row in rows:
        for cell in row.wanted:
            wanted[cell.platform] = wanted.get(cell.platform, 0) + 1
    most = sorted(wanted, key=lambda platform: (-wanted[platform], platform))[:at_most]
    return tuple(sorted(most))


def fits(row: Row, words: Sequence[str]) -> bool:
    """Whether a row has all the words of a filter: of its name, wanted platforms, states."""
    name = str(row.reference).lower()
    return all(word in name or _is_said_of_a_cell(row, word) for word in words)


def _is_said_of_a_cell(row: Row, word: str) -> bool:
    return any(
        word == cell.standing.value or word in (str(cell.platform), cell.platform.short)
        for cell in row.wanted
    )
