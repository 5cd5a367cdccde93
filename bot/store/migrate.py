"""Brings a database to the present schema, by whoever starts first."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.errors import StoreTooNew, StoreUnusable
from bot.store.engine import that_writes
from bot.store.translation import translated

# Any number that no other program on the server takes for its own first start.
_FIRST_START = 7239540217334
# Other connections of the program do not wait for ever; whoever comes second does wait here.
_WAIT_YOUR_TURN = (
    text("SET LOCAL lock_timeout = 0"),
    text("SET LOCAL statement_timeout = 0"),
    text(f"SELECT pg_advisory_xact_lock({_FIRST_START})"),
)


async def migrate(engine: AsyncEngine, *, database: str) -> None:
    """Apply all migrations the database does not have; nothing if it has them.

    One process at a time: a lock (SQLite's write lock, an advisory one of PostgreSQL) is held from
    looking what is missing to the commit, so that whoever comes second finds nothing to do. All or
    nothing. Foreign keys must not be enforced
    on this engine, because a migration may rebuild tables that others point to.
    Raises StoreTooNew, StoreUnusable for a database of another program, and other StoreErrors.
    """
    with translated(database):
        async with engine.begin() as connection:
            if await connection.run_sync(_is_current, database):
                return
        async with that_writes(engine).begin() as connection:
            await connection.run_sync(_upgrade, database)


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings over a connection that is in a transaction already."""
    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.attributes["connection"] = connection
    return config


def _is_current(connection: Connection, database: str) -> bool:
    found, newest = revisions(connection, database)
    return found == newest


def revisions(connection: Connection, database: str) -> tuple[str | None, str | None]:
    """The database's revision, None if it is empty, and the newest there is.

    Raises StoreTooNew, and StoreUnusable for a database of another program.
    """
    scripts = ScriptDirectory.from_config(alembic_config())
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None and inspect(connection).get_table_names():
        raise StoreUnusable(
            f"{database}: the database belongs to another program; name another one in "
            "[database] url"
        )
    if revision is not None and not _knows(scripts, revision):
        raise StoreTooNew(
            f"{database}: a newer version of archbell has used the database; start that version, "
            "or restore a backup from before it"
        )
    return revision, scripts.get_current_head()


def _knows(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        scripts.get_revision(revision)
    except CommandError:
        return False
    return True


def _upgrade(connection: Connection, database: str) -> None:
    if connection.dialect.name == "postgresql":
        for statement in _WAIT_YOUR_TURN:
            connection.execute(statement)
    if not _is_current(connection, database):
        command.upgrade(alembic_config(connection), "head")
