"""Where the database is, from its URL in the configuration."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.core.errors import StoreReadOnly, StoreUnusable

_EXAMPLE = "type it as sqlite:///archbell.db, or sqlite:////var/lib/archbell/archbell.db"


def sqlite_path(url: str) -> Path:
    """The file of an SQLite database. Raises StoreUnusable, which never repeats a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreUnusable(f"[database] url cannot be understood; {_EXAMPLE}") from None
    if parsed.get_backend_name() == "postgresql":
        raise StoreUnusable(
            "[database] url: this version of archbell keeps its database in SQLite alone; "
            f"{_EXAMPLE}"
        )
    if parsed.drivername not in {"sqlite", "sqlite+aiosqlite"}:
        raise StoreUnusable(
            f"[database] url: {parsed.drivername!r} is no known database; {_EXAMPLE}"
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.host:
        raise StoreUnusable(f"[database] url names no file; {_EXAMPLE}")
    if parsed.query:
        raise StoreUnusable(f"[database] url: what follows '?' is not understood; {_EXAMPLE}")
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
