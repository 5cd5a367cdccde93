"""A gate in front of a registry that kills whoever asks, at a chosen request."""

import os
import signal
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

_OF_THIS_HOP = frozenset({"Host", "Connection", "Transfer-Encoding", "Content-Length"})


class FatalGate:
    """Passes requests on to a registry; the one chosen by kill() is answered by SIGKILL.

    Requests are named "HEAD of the tag", "GET of a manifest" (by its digest) and so on.
    """

    def __init__(self, registry_url: str) -> None:
        self.killed_at: str | None = None
        self._registry_url = registry_url
        self._pid: int | None = None
        self._at = ""
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""

    def kill(self, pid: int, *, at: str) -> None:
        """Kill this process at the next request of that name."""
        self._pid, self._at = pid, at

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._client = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        if self._pid is not None and _name(request) == self._at:
            os.kill(self._pid, signal.SIGKILL)
            self._pid, self.killed_at = None, self._at
        assert self._client is not None
        headers = CIMultiDict(
            (name, text) for name, text in request.headers.items() if name not in _OF_THIS_HOP
        )
        url = f"{self._registry_url}{request.path_qs}"
        async with self._client.request(request.method, url, headers=headers) as answer:
            kept = {name: text for name, text in answer.headers.items() if name not in _OF_THIS_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


def _name(request: web.Request) -> str:
    by_digest = request.path.rpartition("/")[2].startswith("sha256:")
    return f"{request.method} of {'a manifest' if by_digest else 'the tag'}"
