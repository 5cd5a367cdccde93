"""`archbell outbox`: messages on their way, and those that were refused for good."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.context import Context, fail
from bot.cli.listing import as_json_moment, print_rows
from bot.cli.looks import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ports.outbox import OutboxEntry

MAX_ROWS = 1_000_000

app = typer.Typer(
    help=(
        "Show messages that are not out yet, or send one again.\n\n"
        "Exit codes: 0 shown, 2 wrong usage, 3 the database cannot be used."
    ),
    short_help="Show messages that are not out yet, or send one again.",
    invoke_without_command=True,
)


@app.callback()
def show(
    context: typer.Context,
    sent: Annotated[bool, typer.Option("--sent", help="Also those that have arrived.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MAX_ROWS, help="At most so many rows.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what waits, what is under way and what is dead."""
    if context.invoked_subcommand is not None:
        return
    from bot.app.errands import outbox_entries
    from bot.app.world import execute

    options: Context = context.obj
    settings = options.settings()
    entries: Sequence[OutboxEntry] = execute(
        lambda: outbox_entries(settings, limit=limit, include_sent=sent)
    )
    if as_json:
        typer.echo(json.dumps([_as_object(entry) for entry in entries], indent=2))
        return
    if not entries:
        typer.echo("Nothing is waiting to go out.")
        return
    _print(entries)


@app.command()
def retry(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(metavar="ID", help="As `archbell outbox` shows it.")],
) -> None:
    """Send a dead or waiting message again, now.

    Exit codes: 0 it goes out, 1 no such message waits, 2 wrong usage, 3 the database cannot be
    used.
    """
    from bot.app.errands import retry_delivery
    from bot.app.world import World, execute

    options: Context = context.obj
    settings = options.settings()
    if not execute(lambda: retry_delivery(settings, World(), delivery)):
        fail(f"there is no message {delivery} that waits or is dead; see `archbell outbox`", code=1)
    typer.echo(f"{delivery} goes out as soon as its place can be reached.")


def _print(entries: "Sequence[OutboxEntry]") -> None:
    print_rows(
        ("Id", "State", "Place", "About", "Tries", "Last error"),
        [
            (
                entry.id,
                entry.state,
                str(entry.place),
                entry.about,
                str(entry.tries),
                entry.last_error or "",
            )
            for entry in entries
        ],
        uncut_columns=1,
    )


def _as_object(entry: "OutboxEntry") -> dict[str, Any]:
    return {
        "id": entry.id,
        "state": entry.state,
        "place": str(entry.place),
        "about": entry.about,
        "tries": entry.tries,
        "created_at": as_json_moment(entry.created_at),
        "due_at": as_json_moment(entry.due_at),
        "sent_at": as_json_moment(entry.sent_at),
        "last_error": entry.last_error,
    }
