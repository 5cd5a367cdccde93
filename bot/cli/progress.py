"""What `archbell wait` shows while it waits."""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.english.waiting import progress_line, still_waiting
from bot.core.message.plain import visible
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.wait import Progress
from bot.ports import Clock

if TYPE_CHECKING:
    from rich.status import Status


class Reporter:
    """A line that lives on a terminal; elsewhere a line for each change, on standard error."""

    def __init__(
        self, reference: Reference, platforms: Sequence[Platform], *, clock: Clock, quiet: bool
    ) -> None:
        self._reference = reference
        self._platforms = platforms
        self._clock = clock
        self._quiet = quiet
        self._began_at = clock()
        self._console = Console(stderr=True)
        self._status: Status | None = None
        self._last_line = ""

    def __enter__(self) -> "Reporter":
        if self._console.is_terminal and not self._quiet:
            line = still_waiting(self._reference, self._platforms)
            self._status = self._console.status(visible(line))
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
        if self._status is not None:
            self._status.update(visible(f"{fixed} {moving}"))
        elif fixed != self._last_line:
            typer.echo(visible(f"{fixed} {moving}"), err=True)
        self._last_line = fixed
