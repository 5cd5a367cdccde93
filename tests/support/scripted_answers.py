"""Answers that a server gives because a test says so: slow, cut, endless, or no HTTP at all."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer instead of what is true.

    piece_bytes: written in pieces of this size, pause_s apart. cut_after_bytes: the connection ends
    there, though more was announced. garbage: these bytes instead of HTTP. never: nothing at all,
    until the client gives up.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    piece_bytes: int | None = None
    pause_s: float = 0
    cut_after_bytes: int | None = None
    garbage: bytes | None = None
    never: bool = False


async def play(
    request: web.Request, answer: Answer, *, closing: asyncio.Event
) -> web.StreamResponse:
    """Answer a request as the script says; closing ends what would never end."""
    transport = request.transport
    assert transport is not None, "the client is still there"
    if answer.never:
        await closing.wait()
    if answer.garbage is not None:
        transport.write(answer.garbage)
    if answer.never or answer.garbage is not None:
        transport.close()
        return web.Response()
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    if answer.piece_bytes is None:
        response.content_length = len(answer.body)
    await response.prepare(request)
    body = b"" if request.method == "HEAD" else answer.body[: answer.cut_after_bytes]
    step = answer.piece_bytes or max(len(body), 1)
    for start in range(0, len(body), step):
        await response.write(body[start : start + step])
        await asyncio.sleep(answer.pause_s)
    if answer.cut_after_bytes is not None:
        transport.close()
    return response
