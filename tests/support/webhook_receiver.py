"""A program that alerts are posted to: it keeps what came, and fails as a test says."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.support.scripted_answers import Answer, play


@dataclass(frozen=True, slots=True)
class Posted:
    """One request, whatever was answered."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content


class WebhookReceiver:
    def __init__(self) -> None:
        self.url = ""
        self.posted: list[Posted] = []
        self.answers: deque[Answer] = deque()
        self.closing = asyncio.Event()
        self._came = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with self._came:
            self.posted.append(Posted(request.path, dict(request.headers), body))
            self._came.notify_all()
        answer = self.answers.popleft() if self.answers else Answer(204)
        return await play(request, answer, closing=self.closing)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with self._came:
            await self._came.wait_for(is_so)


@asynccontextmanager
async def webhook_receiver() -> AsyncIterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        receiver.closing.set()
        await runner.cleanup()
