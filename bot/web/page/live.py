"""Streams to open pages what has changed, as server-sent events.

Source: WHATWG HTML, "Server-sent events".
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from aiohttp import web

from bot.core.board import Board
from bot.core.errors import StoreError
from bot.core.message.english.refusals import Refusal
from bot.log import Log
from bot.ports.surroundings import Clock, Sleep
from bot.web.page.desk import Desk
from bot.web.page.guard import HEADERS, Refused, Visit
from bot.web.page.visitors import Visitors

ASK_EVERY_S = 0.25
ASK_AGAIN_S = 1.0
"""After the database gave no answer."""
BEAT_EVERY = timedelta(seconds=15)
"""A page that hears nothing for longer takes the connection for lost, and so do proxies."""
LASTS = timedelta(hours=1)
"""The browser connects anew by itself, and is asked for its cookie again."""
MAX_STREAMS = 200
MAX_STREAMS_OF_ONE = 20

Changes = Callable[[Board, datetime], Awaitable[Mapping[str, str] | None]]
"""The elements of a page that are not what they were, by id; None: it has to be loaded anew."""
_STREAM = {
    **HEADERS,
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",  # nginx would keep events back
}

log = Log(__name__)


class Live:
    """Streams to many pages over one desk, which reads the database once for all of them."""

    def __init__(self, desk: Desk, visitors: Visitors, *, clock: Clock, sleep: Sleep) -> None:
        self._desk = desk
        self._visitors = visitors
        self._clock = clock
        self._sleep = sleep
        self._open: Counter[str] = Counter()
        self._is_closed = False

    def close(self) -> None:
        """End all streams."""
        self._is_closed = True

    @staticmethod
    def reload() -> web.Response:
        """For a page whose visitor is not signed in any more: streams follow no redirects."""
        return web.Response(text=_event("reload"), headers=_STREAM)

    async def stream(self, visit: Visit, changes: Changes) -> web.StreamResponse:
        """Send what changes with each new board, until the page goes away. Raises Refused.

        What the first board gives is sent only if the page was made from another one. Who has
        signed out, or whose session is over, has to load the page anew.
        """
        name = visit.caller.name
        if self._open.total() >= MAX_STREAMS or self._open[name] >= MAX_STREAMS_OF_ONE:
            raise Refused(Refusal.TOO_MANY, 503)
        self._open[name] += 1
        response = web.StreamResponse(headers=_STREAM)
        try:
            await response.prepare(visit.request)
            await self._send_all(_Stream(response, self._clock), visit, changes)
        except ConnectionError:
            log.debug("page_left")
        finally:
            self._open[name] -= 1
            self._open += Counter()  # forgets who has none
        return response

    async def _send_all(self, stream: "_Stream", visit: Visit, changes: Changes) -> None:
        ends_at = self._clock() + LASTS
        seen: Board | None = None
        await stream.beat()
        while not self._is_closed and self._clock() < ends_at:
            if not self._visitors.is_here(visit.visitor):
                await stream.send("reload")
                return
            board = await self._board(visit)
            if board is None:
                await stream.send("trouble")
            elif board is not seen:
                found = await changes(board, self._clock())
                is_known = seen is None and board.mark == visit.query("mark")
                seen = board
                if found is None:
                    await stream.send("reload")
                elif found and not is_known:
                    await stream.send("change", json.dumps(found))
            await stream.beat_if_quiet()
            await self._sleep(ASK_EVERY_S if board is not None else ASK_AGAIN_S)

    async def _board(self, visit: Visit) -> Board | None:
        try:
            return await self._desk.board(sees_all=visit.visitor.is_signed_in)
        except StoreError:
            return None


def _event(event: str, data: str = "") -> str:
    return f"event: {event}\ndata: {data}\n\n"


class _Stream:
    """Events on their way to one page."""

    def __init__(self, response: web.StreamResponse, clock: Clock) -> None:
        self._response = response
        self._clock = clock
        self._sent_at = clock()

    async def send(self, event: str, data: str = "") -> None:
        await self._response.write(_event(event, data).encode())
        self._sent_at = self._clock()

    async def beat(self) -> None:
        await self.send("beat")

    async def beat_if_quiet(self) -> None:
        if self._clock() - self._sent_at >= BEAT_EVERY:
            await self.beat()
