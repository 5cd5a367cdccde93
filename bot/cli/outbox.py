"""`archbell outbox`: messages on their way, and those that were refused for good."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.context import Context, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ports import OutboxEntry

app = typer.Typer(
    help="Show messages that are not out yet, or send one again.", invoke_without_command=True
)


@app.callback()
def show(
    context: typer.Context,
    sent: Annotated[bool, typer.Option("--sent", help="Also those that have arrived.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")] = 50,
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
    if not entries:
        typer.echo("Nothing is waiting to go out.")
        return
    _print(entries)


@app.command()
def retry(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(metavar="ID", help="As `archbell outbox` shows it.")],
) -> None:
    """Send a dead or waiting message again, now."""
    from bot.app.errands import retry_delivery
    from bot.app.world import World, execute

    options: Context = context.obj
    settings = options.settings()
    if not execute(lambda: retry_delivery(settings, World(), delivery)):
        fail(f"there is no message {delivery} that waits or is dead; see `archbell outbox`", code=1)
    typer.echo(f"{delivery} goes out as soon as its place can be reached.")


def _print(entries: "Sequence[OutboxEntry]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot.core.message.plain import visible

    table = Table("Id", "State", "Place", "About", "Tries", "Last error", box=None, pad_edge=False)
    for entry in entries:
        cells = (
            entry.id,
            entry.state,
            str(entry.place),
            entry.about,
            str(entry.tries),
            entry.last_error or "",
        )
        table.add_row(*(Text(visible(cell)) for cell in cells))
    Console().print(table)
