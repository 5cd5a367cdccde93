"""Where the database is, from its URL in the configuration."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.core.errors import StoreReadOnly, StoreUnusable

_EXAMPLE = (
    "type it as sqlite:///archbell.db, sqlite:////var/lib/archbell/archbell.db, or "
    "postgresql://user:password@host/archbell"
)
_POSTGRES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a PostgreSQL database is. name: what sentences call it; dsn may hold a password."""

    name: str
    dsn: str = field(repr=False)


def parse_address(url: str) -> Path | PostgresAddress:
    """An SQLite file or a PostgreSQL database.

    Raises StoreUnusable, which never repeats a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise unusable_url("cannot be understood") from None
    if parsed.drivername in _POSTGRES:
        return _postgres(url, parsed)
    if parsed.drivername in {"sqlite", "sqlite+aiosqlite"}:
        return _file(parsed)
    raise unusable_url(f"names no known database: {parsed.drivername!r}")


def unusable_url(why: str) -> StoreUnusable:
    """The error for a URL, with what to type instead."""
    return StoreUnusable(f"[database] url {why}; {_EXAMPLE}")


def _postgres(url: str, parsed: URL) -> PostgresAddress:
    if not parsed.database:
        raise unusable_url("names no database")
    # A socket's folder stands behind the question mark, as psql has it.
    host = parsed.host or parsed.query.get("host") or "localhost"
    port = f":{parsed.port}" if parsed.port else ""
    _, _, rest = url.partition("://")
    return PostgresAddress(f"postgresql://{host}{port}/{parsed.database}", f"postgresql://{rest}")


def _file(parsed: URL) -> Path:
    if not parsed.database or parsed.database == ":memory:" or parsed.host:
        raise unusable_url("names no file")
    if parsed.query:
        raise unusable_url("goes wrong at '?': nothing may follow a file's name")
    return Path(parsed.database).expanduser()


def make_folder(path: Path) -> None:
    """Make the folder of the database if it is missing. Raises a StoreError that names it."""
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StoreUnusable(
            f"{folder}: a file is in the way of the database's folder; move it away"
        ) from None
    except OSError as error:
        raise StoreReadOnly(
            f"{folder}: the database's folder cannot be made ({error.strerror}); make it, and let "
            "the user that archbell runs as write there"
        ) from error
