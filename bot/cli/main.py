"""The `archbell` command: its options, its commands, and how every error ends."""

import gc
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import config, database, doctor, looks, outbox, running, scan, slack, watches
from bot.cli.context import Context
from bot.core.errors import ArchbellError, ConfigurationError, InvalidInput

LOADED_OBJECTS = 100_000
LOOK, WATCH, RUN = "Look once", "Watch", "Run the bot"

app = typer.Typer(
    name="archbell",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Tells you once when the missing architecture of an image tag can be pulled. Every command "
        "explains itself and its exit codes: archbell check --help\n\n"
        "[bold]archbell wait node:22.15-slim arm64 && make deploy[/]   waits for it in a script\n\n"
        "[bold]archbell run[/]   starts the bot; type [bold]/watch node:22.15-slim arm64[/] there"
    ),
)
app.command(rich_help_panel=LOOK)(looks.check)
app.command(rich_help_panel=LOOK)(looks.why)
app.command(rich_help_panel=LOOK)(looks.wait)
app.command(rich_help_panel=LOOK)(scan.scan)
app.command(rich_help_panel=WATCH)(watches.watch)
app.command(rich_help_panel=WATCH)(watches.unwatch)
app.command("list", rich_help_panel=WATCH)(watches.list_watches)
app.command(rich_help_panel=RUN)(running.run)
app.add_typer(outbox.app, name="outbox", rich_help_panel=RUN)
app.add_typer(slack.app, name="slack", rich_help_panel=RUN)
app.add_typer(config.app, name="config", rich_help_panel=RUN)
app.add_typer(database.app, name="db", rich_help_panel=RUN)
app.command(rich_help_panel=RUN)(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"archbell {version('archbell')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config_path: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            envvar="ARCHBELL_CONFIG",
            metavar="PATH",
            help="The configuration file.",
        ),
    ] = None,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, help="Log more on standard error; -vv for all."
        ),
    ] = 0,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that all commands share."""
    del version
    context.obj = Context(config_path, verbose)


def main() -> None:
    """Run a command; every expected error is one sentence on standard error and an exit code."""
    # What is loaded stays until the end, and goes with the process: to search it for garbage, while
    # it is loaded and once more at the end, was a third of what a short command costs.
    gc.set_threshold(LOADED_OBJECTS)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that has no emoji is no reason to say nothing.
        sys.stdout.reconfigure(errors="replace")
    try:
        app(prog_name="archbell")
    except (InvalidInput, ConfigurationError) as error:
        _fail(error, code=2)
    except ArchbellError as error:
        _fail(error, code=3)
    except BrokenPipeError:
        _write_no_more()
        raise SystemExit(1) from None
    except OSError as error:
        _write_no_more()
        _fail(_as_sentence(error), code=3)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        gc.freeze()


def _fail(error: ArchbellError | str, *, code: int) -> None:
    # Standard error may be as full as standard output.
    with suppress(OSError):
        for sentence in str(error).splitlines():
            typer.echo(f"archbell: {sentence}", err=True)
    raise SystemExit(code) from None


def _as_sentence(error: OSError) -> str:
    """What the operating system refused; without a name it was the writing of the answer."""
    return f"{error.filename or 'standard output'}: {error.strerror or error}"


def _write_no_more() -> None:
    """Let what is left in the buffer of standard output go nowhere, instead of failing again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
