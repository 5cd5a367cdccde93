"""The `archbell` command: its options, its commands, and how every error ends."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import looks, outbox, running, watches
from bot.cli.context import Context
from bot.core.errors import ArchbellError, ConfigurationError, InvalidInput

app = typer.Typer(
    name="archbell",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Tells you when the missing architecture of an image tag can be pulled.\n\n"
        "[bold]archbell run[/] starts the bot: with nothing configured it talks in this terminal; "
        "type [bold]/watch node:22.15-bullseye-slim arm64[/] there.\n\n"
        "For scripts: [bold]archbell check IMAGE arm64[/] looks once, "
        "[bold]archbell wait IMAGE arm64[/] waits."
    ),
)
app.command()(running.run)
app.command()(looks.check)
app.command()(looks.wait)
app.command()(watches.watch)
app.command()(watches.unwatch)
app.command("list")(watches.list_watches)
app.add_typer(outbox.app, name="outbox")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"archbell {version('archbell')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            envvar="ARCHBELL_CONFIG",
            metavar="PATH",
            help="The configuration file; without one the defaults hold.",
        ),
    ] = None,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, help="Say more on standard error; twice for all."
        ),
    ] = 0,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that all commands share."""
    del version
    context.obj = Context(config, verbose)


def main() -> None:
    """Run a command; every expected error is one sentence on standard error and an exit code."""
    try:
        app()
    except (InvalidInput, ConfigurationError) as error:
        _fail(error, code=2)
    except ArchbellError as error:
        _fail(error, code=3)
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _fail(error: ArchbellError, *, code: int) -> None:
    for sentence in str(error).splitlines():
        typer.echo(f"archbell: {sentence}", err=True)
    raise SystemExit(code) from None
