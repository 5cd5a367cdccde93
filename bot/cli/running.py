"""`archbell run`."""

import typer

from bot.cli.context import Context


def run(context: typer.Context) -> None:
    """Run the bot until Ctrl-C or SIGTERM.

    With nothing configured it talks in this terminal: type /watch node:22.15-bullseye-slim arm64
    and be told once it can be pulled. Watches and messages are kept in archbell.db.
    """
    from bot.app.running import run as run_bot
    from bot.app.world import execute

    options: Context = context.obj
    settings = options.settings()
    execute(lambda: run_bot(settings))
