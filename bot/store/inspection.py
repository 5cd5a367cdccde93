"""What state a database is in, from outside: nothing is made, changed or migrated."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.errors import StoreReadOnly
from bot.store.address import PostgresAddress, parse_address
from bot.store.database import open_store
from bot.store.engine import open_engine, that_writes
from bot.store.migrate import revisions
from bot.store.postgres import Connect, open_postgres
from bot.store.sqlstates import permission_denied
from bot.store.translation import translated

_CHANGE_NOTHING = text("UPDATE alembic_version SET version_num = version_num")
_MAY_MAKE_TABLES = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
_POSTGRES_SIZE = text("SELECT pg_database_size(current_database())")


@dataclass(frozen=True, slots=True)
class Condition:
    """A database as it is; database is its name in sentences, which holds no password.

    version: of its schema, None while nothing is in it. folder: where it takes space, None if that
    is another machine's affair.
    """

    database: str
    version: str | None
    newest: str | None
    size_bytes: int
    folder: Path | None


async def inspect_store(url: str, *, busy_timeout_s: float = 5.0) -> Condition:
    """The condition of the database at a URL, which can be written. Raises StoreError if not."""
    address = parse_address(url)
    if isinstance(address, PostgresAddress):
        engine = open_postgres(Connect(address, busy_timeout_s))
        return await _inspect(engine, address.name, folder=None)
    if not _is_there(address):
        return Condition(str(address), None, None, 0, _folder_to_be(address))
    engine = open_engine(address, busy_timeout_s=busy_timeout_s, pragmas={})
    return await _inspect(engine, str(address), folder=address.parent)


async def upgrade_store(url: str) -> tuple[Condition, Condition]:
    """Make and migrate the database; its condition before and after. Raises StoreError."""
    before = await inspect_store(url)
    async with open_store(url):
        pass
    return before, await inspect_store(url)


async def _inspect(engine: AsyncEngine, name: str, *, folder: Path | None) -> Condition:
    """Write without changing anything, in a transaction that is taken back."""
    try:
        with translated(name):
            async with that_writes(engine).connect() as connection, connection.begin() as attempt:
                version, newest = await connection.run_sync(_try, name)
                size_bytes = await connection.run_sync(_size)
                await attempt.rollback()
    finally:
        await engine.dispose()
    return Condition(name, version, newest, size_bytes, folder)


def _try(connection: Connection, name: str) -> tuple[str | None, str | None]:
    found = revisions(connection, name)
    if found[0] is not None:
        connection.execute(_CHANGE_NOTHING)
    elif connection.dialect.name == "postgresql" and not _may_make_tables(connection):
        raise permission_denied(name)
    return found


def _may_make_tables(connection: Connection) -> bool:
    return bool(connection.execute(_MAY_MAKE_TABLES).scalar())


def _size(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    return int(connection.execute(_POSTGRES_SIZE).scalar_one())


def _is_there(path: Path) -> bool:
    """Whether there is such a file. Raises StoreReadOnly where nobody can tell."""
    try:
        return path.exists()
    except OSError as error:
        raise StoreReadOnly(
            f"{path}: the database cannot be reached ({error.strerror}); let the user that "
            "archbell runs as enter its folder and write there, or name another file in "
            "[database] url"
        ) from error


def _folder_to_be(path: Path) -> Path:
    """The nearest folder that exists. Raises StoreReadOnly if nothing can be made in it."""
    folder = next(each for each in path.absolute().parents if each.is_dir())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreReadOnly(
            f"{folder}: the database cannot be made here; let the user that archbell runs as write "
            "there, or name another file in [database] url"
        )
    return folder
