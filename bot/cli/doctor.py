"""`archbell doctor`: is everything as the bot needs it."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.context import Context

if TYPE_CHECKING:
    from bot.app.doctor import Finding
    from bot.app.doctor.rounds import Tell

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")]
_COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "fault": typer.colors.RED}


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Examine configuration, database, disk, clock, registries, chats and hooks; say what to mend.

    Changes nothing. Exit codes: 0 all is well, or there are only warnings; 1 at least one fault;
    2 wrong usage.
    """
    from bot.app.doctor import Round, Verdict, examine
    from bot.app.logs import log_to_stderr
    from bot.app.world import World, execute

    options: Context = context.obj
    # What libraries and the client would warn of is what the findings say.
    log_to_stderr(verbose=options.verbose, quiet=not options.verbose)
    going = Round(options.config, os.environ, World())
    with _progress(quiet=as_json) as tell:
        findings = execute(lambda: examine(going, tell))
    is_faulty = any(finding.verdict is Verdict.FAULT for finding in findings)
    if as_json:
        typer.echo(json.dumps(_as_object(findings, is_faulty=is_faulty), indent=2))
    else:
        _print(findings)
    raise typer.Exit(int(is_faulty))


def _as_object(findings: "Sequence[Finding]", *, is_faulty: bool) -> dict[str, object]:
    return {
        "healthy": not is_faulty,
        "findings": [
            {
                "subject": finding.subject,
                "verdict": finding.verdict.value,
                "says": finding.says,
                "cure": finding.cure or None,
            }
            for finding in findings
        ],
    }


def _print(findings: "Sequence[Finding]") -> None:
    from bot.core.message.plain import visible

    for finding in findings:
        word = finding.verdict.value
        typer.secho(f"{word:<8}", nl=False, fg=_COLOURS[word])
        typer.echo(visible(f"{finding.subject}: {finding.says}"))
        if finding.cure:
            typer.echo(visible(f"         → {finding.cure}"))


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Tell]":
    """A line on a terminal that names what is done; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    done: list[str] = []
    with Console(stderr=True).status("examining …") as status:

        def tell(subject: str) -> None:
            done.append(subject)
            status.update(Text(f"examining … {', '.join(done)} done"))

        yield tell
