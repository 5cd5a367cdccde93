"""The real docker-registry as a process of its own on a free loopback port."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from tests.support.components import bound_to_this_process, require
from tests.support.registry_settings import Login, Notify, Settings, TokenAuth

READY_WITHIN_S = 30.0
_POLL_EVERY_S = 0.02
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")
_ACCESS_LINE = re.compile(
    r'^\S+ \S+ \S+ \[[^]]*\] "(?P<request>\S+ \S+) HTTP/[\d.]+" (?P<status>\d+)'
)


class DockerRegistry:
    """One registry over its own folder; it can be stopped and started again on the same port.

    auth: nobody, Basic (a Login) or Bearer (a TokenAuth). proxy_of: base URL of the registry it is
    a pull-through cache of; it asks that one for /v2/ once at its start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        auth: Login | TokenAuth | None = None,
        proxy_of: str | None = None,
        notify: Notify | None = None,
    ) -> None:
        self._program = require("docker-registry", "docker-registry")
        self._folder = folder
        self._settings = Settings(auth=auth, proxy_of=proxy_of, notify=notify)
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lines_seen = 0

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        print(f"--- docker-registry {self.host} ---\n{self.log()}")

    @property
    def host(self) -> str:
        """Host and port as references name them."""
        assert self._port, "The registry has not been started"
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """Base URL, without a slash at its end."""
        return f"http://{self.host}"

    @property
    def pid(self) -> int | None:
        """The process, or None while there is none."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it answers; the requests of the waiting are not kept."""
        assert self._process is None, "The registry is running"
        self._folder.mkdir(parents=True, exist_ok=True)
        seen = len(self._log_path.read_text()) if self._log_path.exists() else 0
        self._spawn(self._settings.write(self._folder, port=self._port))
        async with asyncio.timeout(READY_WITHIN_S):
            self._port = await self._read_port(seen)
            await self._answers()
        self.clear_requests()

    async def stop(self) -> None:
        """End the process; nothing happens if it has ended. Storage, port and log remain."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 3)
        process.kill()
        process.wait()

    async def tell(self, notify: Notify) -> None:
        """Start anew on the same port, and tell somebody of pushes from then on."""
        await self.stop()
        self._settings = replace(self._settings, notify=notify)
        await self.start()

    def kill(self) -> None:
        """End the process at once, without a chance to tidy up."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def requests(self) -> list[str]:
        """Requests in the order of their answers, such as "HEAD /v2/library/node/manifests/22".

        From the registry's own access log. It is written before an answer below 4 KiB leaves, so
        these are there as soon as the client has them; for larger ones use wait_for_request.
        """
        return [request for request, _ in self.answers()]

    def answers(self) -> list[tuple[str, int]]:
        """Requests as in requests(), each with the status it was answered with."""
        lines = self._access_lines()[self._lines_seen :]
        return [(line["request"], int(line["status"])) for line in lines]

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._lines_seen = len(self._access_lines())

    async def wait_for_request(
        self, request: str, *, count: int = 1, timeout_s: float = 30.0
    ) -> None:
        """Return when this exact request has been answered that often since clear_requests()."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.requests().count(request) < count:  # noqa: ASYNC110  not our process
                    await asyncio.sleep(_POLL_EVERY_S)
        except TimeoutError as error:
            raise AssertionError(f"Not {count} times {request!r}: {self.requests()}") from error

    def log(self) -> str:
        """Everything the process has written, for people."""
        paths = (self._log_path, self._access_path)
        return "\n".join(path.read_text() for path in paths if path.exists())

    @property
    def _log_path(self) -> Path:
        return self._folder / "registry.log"

    @property
    def _access_path(self) -> Path:
        return self._folder / "access.log"

    def _access_lines(self) -> list[re.Match[str]]:
        """Complete lines only: the last one may still be on its way."""
        complete = self._access_path.read_text().split("\n")[:-1]
        return [line for line in map(_ACCESS_LINE.match, complete) if line]

    def _spawn(self, config: Path) -> None:
        """Both logs are files: nobody has to read a pipe, and they outlive the process."""
        command = bound_to_this_process([self._program, "serve", config])
        with self._access_path.open("ab") as access, self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=access,
                stderr=log,
                env=_environment(),
                cwd=self._folder,
            )

    async def _read_port(self, seen: int) -> int:
        """The port the kernel chose, from what this start has logged."""
        while True:
            listening = _LISTENING.search(self._log_path.read_text(), seen)
            if listening:
                return int(listening[1])
            self._check_alive()
            await asyncio.sleep(_POLL_EVERY_S)

    async def _answers(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                self._check_alive()
                with suppress(aiohttp.ClientConnectionError):
                    async with session.get(f"{self.url}/v2/") as response:
                        if response.status in (200, 401):
                            return
                await asyncio.sleep(_POLL_EVERY_S)

    def _check_alive(self) -> None:
        assert self._process is not None
        ended = self._process.poll()
        assert ended is None, f"docker-registry ended with {ended}:\n{self.log()}"


class StartRegistry(Protocol):
    """Starts one more registry, which is stopped when the test is over."""

    async def __call__(
        self,
        *,
        auth: Login | TokenAuth | None = None,
        proxy_of: str | None = None,
        notify: Notify | None = None,
    ) -> DockerRegistry: ...


@asynccontextmanager
async def docker_registries(folder: Path) -> AsyncIterator[StartRegistry]:
    """A way to start registries under a folder; all are stopped at the end of the block."""
    count = 0
    async with AsyncExitStack() as running:

        async def start(
            *,
            auth: Login | TokenAuth | None = None,
            proxy_of: str | None = None,
            notify: Notify | None = None,
        ) -> DockerRegistry:
            nonlocal count
            count += 1
            own = folder / f"registry-{count}"
            registry = DockerRegistry(own, auth=auth, proxy_of=proxy_of, notify=notify)
            return await running.enter_async_context(registry)

        yield start


def _environment() -> dict[str, str]:
    """Ours without REGISTRY_*, which would override the configuration; no traces for anybody."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("REGISTRY_")}
    return kept | {"OTEL_TRACES_EXPORTER": "none", "OTEL_SDK_DISABLED": "true"}
