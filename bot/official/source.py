"""One file over the wire: vetted, capped, and never from a host that asked to be left alone."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.core.errors import ArchbellError, TroubleKind
from bot.core.model import Trouble
from bot.net.egress import AddressRefused, is_public_host, was_refused
from bot.net.limits import parse_retry_after
from bot.net.sessions import Timeouts, Way, open_session
from bot.ports import Clock

TIMEOUTS = Timeouts(connect_s=3, read_s=3, total_s=5)
"""A person may be waiting for the answer that these files only make better."""
CONCURRENCY = 4
"""Requests at the same time, for all names."""
PAUSE_S = 300.0
"""How long a host is left alone that asks for it without saying how long."""

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')
_FAILURES: tuple[tuple[tuple[type[BaseException], ...], TroubleKind], ...] = (
    ((TimeoutError,), TroubleKind.TIMED_OUT),
    ((aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch), TroubleKind.TLS_FAILED),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        TroubleKind.PROXY_FAILED,
    ),
    (
        (aiohttp.ClientResponseError, aiohttp.InvalidURL, UnicodeError),
        TroubleKind.MALFORMED,
    ),
)


class SourceFailed(ArchbellError):
    """A file could not be had; never leaves this package."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"no file: {trouble.kind.value}")
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class File:
    """What a host answered: a file, that it is what it was (text None), or that there is none.

    etag: None where the host gave none that can be sent back.
    """

    text: str | None = None
    etag: str | None = None
    is_absent: bool = False


class Source:
    """Fetches files over a session that it is given and does not close.

    allow_private: also by http and from private addresses, which the session must allow as well.
    Raises only SourceFailed.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *, clock: Clock, allow_private: bool = False
    ) -> None:
        self._session = session
        self._clock = clock
        self._allow_private = allow_private
        self._turns = asyncio.Semaphore(CONCURRENCY)
        self._parked: dict[str, tuple[datetime, Trouble]] = {}

    async def fetch(self, url: URL, *, max_bytes: int, etag: str | None = None) -> File:
        """The file at a URL; etag: of the copy that is known."""
        host = url.authority
        self._refuse(url, host)
        async with self._turns:
            self._refuse(url, host)
            headers = {} if etag is None else {"If-None-Match": etag}
            try:
                async with self._session.get(
                    url, headers=headers, allow_redirects=False
                ) as response:
                    return await self._read(response, host, max_bytes)
            except (aiohttp.ClientError, OSError, UnicodeError) as error:
                raise SourceFailed(Trouble(_kind_of(error))) from None

    def _refuse(self, url: URL, host: str) -> None:
        is_public = url.scheme == "https" and is_public_host(url.raw_host or "localhost")
        if not (is_public or self._allow_private):
            raise SourceFailed(Trouble(TroubleKind.EGRESS_REFUSED))
        until, trouble = self._parked.get(host, (None, None))
        if until is not None and trouble is not None and until > self._clock():
            raise SourceFailed(trouble)

    async def _read(self, response: aiohttp.ClientResponse, host: str, max_bytes: int) -> File:
        status = response.status
        if status == HTTPStatus.NOT_MODIFIED:
            return File()
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return File(is_absent=True)
        if status != HTTPStatus.OK:
            raise SourceFailed(self._trouble(response, host))
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > max_bytes:
                response.close()
                raise SourceFailed(Trouble(TroubleKind.TOO_LARGE))
        etag = response.headers.get("ETag", "")
        return File(body.decode(), etag if _ETAG.fullmatch(etag) else None)

    def _trouble(self, response: aiohttp.ClientResponse, host: str) -> Trouble:
        """What an answer means that is no file; the host may have asked to be left alone."""
        status, now = response.status, self._clock()
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            pause_s = parse_retry_after(response.headers.get("Retry-After"), now=now) or PAUSE_S
            until = now + timedelta(seconds=pause_s)
            is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
            kind = TroubleKind.RATE_LIMITED if is_limit else TroubleKind.OVERLOADED
            trouble = Trouble(kind, status, until)
            self._parked[host] = (until, trouble)
            return trouble
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return Trouble(TroubleKind.DENIED, status)
        is_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return Trouble(TroubleKind.SERVER_ERROR if is_error else TroubleKind.MALFORMED, status)


@asynccontextmanager
async def opened_source(
    *,
    user_agent: str,
    clock: Clock,
    proxy: str | None = None,
    allow_private: bool = False,
    timeouts: Timeouts = TIMEOUTS,
) -> AsyncIterator[Source]:
    """A source over a session of its own, closed with the block."""
    way = Way(guarded=not allow_private, proxy=None if allow_private else proxy)
    session = open_session(way, user_agent=user_agent, timeouts=timeouts, pool_size=CONCURRENCY)
    async with session:
        yield Source(session, clock=clock, allow_private=allow_private)


def _kind_of(error: BaseException) -> TroubleKind:
    if was_refused(error) or isinstance(error, AddressRefused):
        return TroubleKind.EGRESS_REFUSED
    for types, kind in _FAILURES:
        if isinstance(error, types):
            return kind
    return TroubleKind.UNREACHABLE
