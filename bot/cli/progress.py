"""What the command line shows while it looks and waits."""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer
from rich.console import Console

from bot.core.message.english import scanning
from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.english.waiting import progress_line, still_waiting
from bot.core.message.plain import visible
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.survey import Finding, Needs
from bot.flows.wait import Progress, Verdict
from bot.ports.surroundings import Clock

if TYPE_CHECKING:
    from rich.status import Status


class Line:
    """A line on standard error that lives as long as the block, if that is a terminal."""

    def __init__(self, first: str, *, quiet: bool) -> None:
        self._first = first
        self._quiet = quiet
        self._status: Status | None = None

    def __enter__(self) -> Self:
        console = Console(stderr=True)
        if console.is_terminal and not self._quiet:
            self._status = console.status(visible(self._first))
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    @property
    def is_alive(self) -> bool:
        """Whether somebody sees the line change."""
        return self._status is not None

    def show(self, text: str) -> None:
        """Change the line, if there is one."""
        if self._status is not None:
            self._status.update(visible(text))


class Counter(Line):
    """How many of many images were looked at."""

    def __init__(self, count: int, *, quiet: bool) -> None:
        super().__init__(scanning.looked_at(0, count), quiet=quiet)
        self._count = count
        self._done = 0

    def tell(self, finding: Finding) -> None:
        """Count one more; what came of it stands in the table."""
        del finding
        self._done += 1
        self.show(scanning.looked_at(self._done, self._count))


class Reporter(Line):
    """How a wait for one image goes on; off a terminal a line for each change."""

    def __init__(
        self, reference: Reference, platforms: Sequence[Platform], *, clock: Clock, quiet: bool
    ) -> None:
        super().__init__(still_waiting(reference, platforms), quiet=quiet)
        self._reference = reference
        self._platforms = platforms
        self._clock = clock
        self._began_at = clock()
        self._last_line = ""

    def tell(self, progress: Progress) -> None:
        """Show one look; nothing for the last one, whose outcome is printed by itself."""
        if self._quiet or progress.next_at is None:
            return
        now = self._clock()
        seen = progress.observation
        trouble = trouble_sentence(self._reference, seen.trouble, now=now) if seen.trouble else None
        fixed, moving = progress_line(
            seen,
            self._platforms,
            trouble=trouble,
            waited=now - self._began_at,
            next_in=progress.next_at - now,
        )
        if self.is_alive:
            self.show(f"{fixed} {moving}")
        elif fixed != self._last_line:
            typer.echo(visible(f"{fixed} {moving}"), err=True)
        self._last_line = fixed


class ReporterOfMany(Line):
    """How a wait for many images goes on; off a terminal a line for each change of one."""

    def __init__(self, needs: Needs, *, clock: Clock, quiet: bool) -> None:
        self._needs = needs
        self._missing = dict.fromkeys(needs)
        self._clock = clock
        self._began_at = clock()
        self._last_lines: dict[Reference, str] = {}
        super().__init__(self._line(), quiet=quiet)

    def tell(self, reference: Reference, progress: Progress) -> None:
        """Show one look at one of the images."""
        if self._quiet:
            return
        if progress.verdict is Verdict.ALL_THERE:
            self._missing.pop(reference, None)
        self.show(self._line())
        line = self._said(reference, progress)
        if not self.is_alive and line != self._last_lines.get(reference):
            typer.echo(visible(line), err=True)
        self._last_lines[reference] = line

    def _said(self, reference: Reference, progress: Progress) -> str:
        if progress.verdict is Verdict.ALL_THERE:
            return scanning.is_there_now(reference)
        seen, now = progress.observation, self._clock()
        if seen.trouble is not None:
            return scanning.image_line(
                reference, trouble_sentence(reference, seen.trouble, now=now)
            )
        fixed, _ = progress_line(
            seen, self._needs[reference], trouble=None, waited=now - now, next_in=now - now
        )
        return scanning.image_line(reference, fixed)

    def _line(self) -> str:
        waited = self._clock() - self._began_at
        return scanning.images_awaited(list(self._missing), len(self._needs), waited=waited)
