"""A web server on a loopback socket that holds the files a test puts into it.

    async with source_server() as source:
        source.files["/library/node"] = "Maintainers: …"
        source.will_answer(Answer(429), to="/library/node")
        ...
        assert source.requests == ["/library/node"]

It gives ETags and 304s as GitHub does, except where will_answer() says otherwise.
"""

import asyncio
import gzip
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.official import Addresses
from tests.support.scripted_answers import Answer, play

WITHIN_S = 30


class SourceServer:
    """See the module; requests are paths in the order of arrival, confirmed those answered 304.

    packs: whoever accepts gzip gets it, and packed are the paths of these.
    """

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, str | bytes] = {}
        self.requests: list[str] = []
        self.confirmed: list[str] = []
        self.packs = False
        self.packed: list[str] = []
        self.held: asyncio.Event | None = None
        self.arrived = asyncio.Event()
        self._scripts: list[tuple[str | None, Answer]] = []
        self._asked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._closing = asyncio.Event()

    @property
    def library_url(self) -> str:
        """What to configure as `library_url`."""
        return f"{self.url}/library"

    @property
    def dockerfile_url(self) -> str:
        """What to configure as `dockerfile_url`."""
        return f"{self.url}/git"

    @property
    def addresses(self) -> Addresses:
        """Where a client finds everything."""
        return Addresses(
            self.library_url, self.dockerfile_url, f"{self.url}/meta", f"{self.url}/api"
        )

    def will_answer(self, answer: Answer, *, to: str | None = None, times: int = 1) -> None:
        """Answer so, once or several times, to the next requests of that path, or to any."""
        self._scripts += [(to, answer)] * times

    async def until_asked(self, path: str) -> None:
        """Wait until somebody has asked for a path."""
        async with asyncio.timeout(WITHIN_S):
            await self._asked[path].wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request.path)
        self.arrived.set()
        self._asked[request.path].set()
        for number, (wanted, answer) in enumerate(self._scripts):
            if wanted in (None, request.path):
                del self._scripts[number]
                return await play(request, answer, closing=self._closing)
        if self.held is not None:
            await self.held.wait()
        content = self.files.get(request.path_qs, self.files.get(request.path))
        if content is None:
            return web.Response(status=404, text="404: Not Found")
        body = content if isinstance(content, bytes) else content.encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            self.confirmed.append(request.path)
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"ETag": etag, "Content-Type": "text/plain"}
        if self.packs and "gzip" in request.headers.get("Accept-Encoding", ""):
            self.packed.append(request.path)
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return web.Response(body=body, headers=headers)

    def close(self) -> None:
        self._closing.set()


@asynccontextmanager
async def source_server() -> AsyncIterator[SourceServer]:
    """A server on a port of its own."""
    source = SourceServer()
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", source.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    source.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield source
    finally:
        source.close()
        await runner.cleanup()
