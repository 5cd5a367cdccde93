"""`archbell db`: the database's schema."""

import typer

from bot.cli.context import Context

app = typer.Typer(help="Bring the database to this version's schema.", no_args_is_help=True)


@app.callback()
def database() -> None:
    """Make `upgrade` a command of its own, although there is no other one yet."""


@app.command()
def upgrade(context: typer.Context) -> None:
    """Migrate the database; `archbell run` does the same when it starts. Twice is no harm.

    Exit codes: 0 the database has the newest version, 2 wrong configuration, 3 it cannot be used.
    """
    from bot.app.errands import upgrade_database
    from bot.app.world import execute

    options: Context = context.obj
    settings = options.settings()
    before, after = execute(lambda: upgrade_database(settings))
    if before.version == after.version:
        typer.echo(f"{after.database}: has the newest version already, {after.version}.")
    elif before.version is None:
        typer.echo(f"{after.database}: made, with version {after.version}.")
    else:
        typer.echo(f"{after.database}: from version {before.version} to {after.version}.")
