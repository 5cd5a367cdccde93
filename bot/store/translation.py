"""Errors of the database in the program's own words; nothing of SQLAlchemy leaves this package."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.core.errors import (
    StoreBusy,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnusable,
)
from bot.store.sqlstates import lost, refusal, unkeepable

_BUSY = (
    StoreBusy,
    "{database}: another process holds the database; stop the other archbell, or try again "
    "when it has finished",
)
_READ_ONLY = (
    StoreReadOnly,
    "{database}: the database cannot be written; let the user that archbell runs as write "
    "the file and its folder",
)
_DAMAGED = (
    StoreUnusable,
    "{database}: the database is damaged; stop archbell and restore a backup, or move the "
    "file away to begin anew",
)

# Source: SQLite, "Result and Error Codes", primary codes.
_BY_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_FULL: (
        StoreFull,
        "{database}: no space is left for the database; make room on its disk",
    ),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: (
        StoreUnusable,
        "{database}: the file is not a database; name another one in [database] url, or move "
        "it away",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnusable,
        "{database}: the database cannot be opened; see that its folder exists and that the "
        "user that archbell runs as may write there",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreUnusable,
        "{database}: the disk of the database failed; see the system's log",
    ),
}
_PRIMARY_CODE = 0xFF


@contextmanager
def translated(database: str) -> Iterator[None]:
    """Raise what the database raises within the block as a StoreError that names the database."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, CommandError) as error:
        raise _store_error(error, database) from error


@contextmanager
def bindable(database: str) -> Iterator[None]:
    """Raise what a driver says of values that no column can take as a StoreError.

    Drivers refuse them in Python's own words, so this is for single statements: around more it
    would take any bug for the database's.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise unkeepable(database) from error


def _store_error(error: Exception, database: str) -> StoreError:
    if isinstance(error, PoolTimeout):
        return StoreBusy(f"{database}: too many readers at once; try again")
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    refused = refusal(getattr(cause, "sqlstate", None), database=database)
    if refused is not None:
        return refused
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return lost(database)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY_CODE in _BY_CODE:
        kind, sentence = _BY_CODE[code & _PRIMARY_CODE]
        return kind(sentence.format(database=database))
    return StoreError(f"{database}: the database refused: {_first_line(cause)}")


def _first_line(cause: BaseException | None) -> str:
    """What went wrong, without the statement, which may hold what people wrote."""
    return str(cause).partition("\n")[0]
