"""Keeps two processes from doing the same work over one SQLite file."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from bot.core.errors import StoreBusy, StoreReadOnly
from bot.store.address import make_folder, parse_address

try:
    import fcntl
except ImportError:  # pragma: no cover - where there is no such lock, nobody is refused
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone(url: str, roles: Sequence[str]) -> Iterator[bool]:
    """Hold these roles while the block runs; the end of the process ends the hold, however it ends.

    Gives whether nobody else can have them, so that what another process has begun of their work is
    nobody's any more.

    Any number of processes share a PostgreSQL database. Over an SQLite file each role is held by
    one process of one machine: a second one would wait for the file more than it works, and ask
    registries at twice the pace. Raises StoreBusy if another process has one of the roles.
    """
    address = parse_address(url)
    if not isinstance(address, Path) or fcntl is None:
        yield False
        return
    make_folder(address)
    path = address.with_name(f"{address.name}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreReadOnly(
            f"{path}: cannot be made ({error.strerror}); let the user that archbell runs as write "
            "the database's folder"
        ) from error
    try:
        _lock(descriptor, address, roles)
        yield True
    finally:
        os.close(descriptor)


def _lock(descriptor: int, database: Path, roles: Sequence[str]) -> None:
    taken = [role for role in roles if not _is_locked(descriptor, role)]
    if taken:
        raise StoreBusy(
            f"{database}: another `archbell run` does {' and '.join(taken)} over this SQLite file "
            "already; stop it, or name a PostgreSQL database in [database] url, which any number "
            "of them can share"
        )


def _is_locked(descriptor: int, role: str) -> bool:
    """Whether this process has the role now: one byte of the file, far beyond its end."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, crc32(role.encode()))
    except OSError:
        return False
    return True
