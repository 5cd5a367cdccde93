"""`archbell run`."""

from typing import Annotated

import typer

from bot.cli.context import Context


def run(
    context: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="ROLES",
            help=(
                "Do only a part, so that other processes over the same database do the rest: "
                "looks (ask registries), delivery (hand messages over), commands (answer people), "
                "chats (hear them), web. Separate them by commas, or repeat the option."
            ),
        ),
    ] = None,
) -> None:
    """Run the bot until Ctrl-C or SIGTERM.

    With nothing configured it talks in this terminal: type /watch node:22.15-bullseye-slim arm64
    and be told once it can be pulled. Watches and messages are kept in archbell.db.

    Any number of processes share a PostgreSQL database, with --only or without; each keeps its own
    pace with a registry, and what one is told by it (429, Retry-After) holds for all. Over an
    SQLite file each role can be in one process only, and all of them on one machine; a second one
    is refused. Messages for the terminal are printed by the process that does both chats and
    delivery.

    What [[watch]] blocks want is watched from the start. A block with a mistake is left out and
    named in the log, and the others go on; SIGHUP reads the blocks again.

    Exit codes: 0 stopped by a signal, 2 wrong usage or configuration, 3 the database cannot be
    used, 130 ended at once by a second signal.
    """
    from bot.app.roles import parse_roles

    roles = parse_roles(only or ())
    from bot.app.running import run as run_bot
    from bot.app.world import execute

    options: Context = context.obj
    loaded = options.loaded()
    execute(lambda: run_bot(loaded, load=options.load, roles=roles), for_long=True)
