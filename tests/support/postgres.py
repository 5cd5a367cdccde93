"""A real PostgreSQL server of the tests' own, on a free loopback port, and databases in it."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from bot.store.database import open_store
from tests.support.components import bound_to_this_process, require

PASSWORD = "canary-pg-51d0"
READY_WITHIN_S = 30.0
_POLL_EVERY_S = 0.05
_PACKAGE = "postgresql"
_USERS = ("postgres", "nobody")
_ADMIN = "archbell_tests"
_TEMPLATE = "archbell_template"
# It may forget everything when it ends, and nothing else runs in it.
_SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
}

_WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class PostgresServer:
    """A cluster in a folder of its own; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._initdb = require("initdb", _PACKAGE)
        self._program = require("postgres", _PACKAGE)
        self._folder = folder
        self._user = _another_user()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self.port = 0

    def url(self, database: str, *, user: str = _ADMIN, password: str = PASSWORD) -> str:
        """The URL of a database as the configuration has it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    async def make(self) -> None:
        """Make the cluster, start it, and make the template that databases are copied from."""
        self._make_cluster()
        await self.start()
        await self.execute(f"CREATE DATABASE {_TEMPLATE}")
        async with open_store(self.url(_TEMPLATE)):
            pass

    async def start(self) -> None:
        """Start the server and wait until it answers."""
        assert self._process is None, "The server is running"
        self._spawn()
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._answers():  # noqa: ASYNC110  not our process
                await asyncio.sleep(_POLL_EVERY_S)

    def _make_cluster(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._user is not None:
            for path in (self._folder, secret):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        options = ("--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256")
        made = subprocess.run(
            self._as_user(
                [self._initdb, "-D", self._data, "-U", _ADMIN, f"--pwfile={secret}", *options]
            ),
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            env=_environment(),
        )
        assert made.returncode == 0, made.stdout + made.stderr

    def _spawn(self) -> None:
        self.port = self.port or _free_port()
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._as_user([self._program, "-D", self._data, f"--port={self.port}", *settings]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=_environment(),
            )

    def stop(self) -> None:
        """End the server at once, and every connection to it; what was committed remains."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait()

    async def execute(self, sql: str, *, database: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    @asynccontextmanager
    async def database(self, *, empty: bool = False) -> AsyncIterator[str]:
        """The URL of a new database, with the schema or with nothing in it."""
        name = f"test_{next(self._numbers)}"
        template = "template0" if empty else _TEMPLATE
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.url(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    async def _answers(self) -> bool:
        assert self._process is not None
        ended = self._process.poll()
        assert ended is None, f"postgres ended with {ended}:\n{self._log.read_text()}"
        with suppress(OSError, asyncpg.PostgresError):
            await self.execute("SELECT 1")
            return True
        return False

    def _as_user(self, command: list[str | Path]) -> list[str]:
        """As bound_to_this_process(); PostgreSQL refuses to run as root."""
        if self._user is None:
            return bound_to_this_process(command)
        ids = (f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups")
        setpriv = require("setpriv", "util-linux")
        return [str(setpriv), *ids, "--pdeathsig", "KILL", "--", *map(str, command)]


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server, ended and forgotten with the block; skipped where PostgreSQL is not installed."""
    # pytest's own folders can be entered by this user alone.
    folder = Path(tempfile.mkdtemp(prefix="archbell-postgres-"))
    try:
        server = PostgresServer(folder)
        try:
            asyncio.run(server.make())
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a query gives, past the store."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def until_blocked(url: str) -> None:
    """Return when somebody waits for a row that another transaction holds."""
    async with asyncio.timeout(READY_WITHIN_S):
        while not await rows(url, _WAITING):  # noqa: ASYNC110  not our process
            await asyncio.sleep(_POLL_EVERY_S)


def _another_user() -> pwd.struct_passwd | None:
    """Whom the server runs as, where that cannot be ourselves."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError(f"PostgreSQL does not run as root, and there is no user {_USERS}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment() -> Mapping[str, str]:
    """Ours without PG*, which would speak for other servers."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PG")}
