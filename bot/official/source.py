"""One file over the wire: vetted, capped, and never from a host that asked to be left alone."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.core.errors import ArchbellError, TroubleKind
from bot.core.model import Trouble
from bot.net.egress import AddressRefused, is_public_host, was_refused
from bot.net.limits import is_out_of_requests, parse_pause
from bot.net.sessions import Timeouts, Way, client_timeout, open_session
from bot.official.unpacking import PACKED, Unreadable, unpacking
from bot.ports.surroundings import Clock

TIMEOUTS = Timeouts(connect_s=3, read_s=3, total_s=5)
"""A person may be waiting for the answer that these files only make better."""
CONCURRENCY = 4
"""Requests at the same time, for all names."""
STEP_BYTES = 65_536
"""What is read is passed on in pieces of this size at most."""
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


_LIMITS: Mapping[int, TroubleKind] = {
    HTTPStatus.TOO_MANY_REQUESTS: TroubleKind.RATE_LIMITED,
    HTTPStatus.SERVICE_UNAVAILABLE: TroubleKind.OVERLOADED,
}

Take = Callable[[bytes], object]
"""What becomes of a file's pieces, as they come."""


class SourceFailed(ArchbellError):
    """A file could not be had; never leaves this package."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"no file: {trouble.kind.value}")
        self.trouble = trouble


def malformed() -> SourceFailed:
    """The error for what makes no sense."""
    return SourceFailed(Trouble(TroubleKind.MALFORMED))


@dataclass(frozen=True, slots=True)
class File:
    """What a host answered: a file, that it is what it was (text None), or that there is none.

    etag: None where the host gave none that can be sent back.
    """

    text: str | None = None
    etag: str | None = None
    is_absent: bool = False


class Outcome(Enum):
    """What a host answered: a file, that it is what it was, or that there is none."""

    READ = "read"
    UNCHANGED = "unchanged"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Large:
    """A file of megabytes, which is asked for packed, and with more time."""

    name: str
    timeouts: Timeouts
    max_bytes: int


class Source:
    """Fetches files over a session that it is given and does not close.

    allow_private: also by http and from private addresses, which the session must allow as well.
    Raises only SourceFailed.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        allow_private: bool = False,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self._session = session
        self._timeouts = timeouts
        self._clock = clock
        self._allow_private = allow_private
        self._turns = asyncio.Semaphore(CONCURRENCY)
        self._parked: dict[str, tuple[datetime, Trouble]] = {}

    async def fetch(self, url: URL, *, max_bytes: int, etag: str | None = None) -> File:
        """The file at a URL; etag: of the copy that is known."""
        body = bytearray()
        outcome, etag = await self._get(url, body.extend, max_bytes=max_bytes, etag=etag)
        if outcome is not Outcome.READ:
            return File(etag=etag, is_absent=outcome is Outcome.ABSENT)
        try:
            return File(body.decode(), etag)
        except UnicodeError:
            raise malformed() from None

    async def stream(
        self, url: URL, take: Take, *, large: Large, etag: str | None = None
    ) -> tuple[Outcome, str | None]:
        """Pass a large file on as it arrives, unpacked; its ETag beside what was answered.

        take may raise SourceFailed, which ends the reading.
        """
        return await self._get(url, take, max_bytes=large.max_bytes, etag=etag, large=large)

    async def _get(
        self, url: URL, take: Take, *, max_bytes: int, etag: str | None, large: Large | None = None
    ) -> tuple[Outcome, str | None]:
        host = url.authority
        self._refuse(url, host)
        async with self._turns:
            self._refuse(url, host)
            headers = {} if etag is None else {"If-None-Match": etag}
            timeouts = self._timeouts
            if large is not None:
                headers["Accept-Encoding"], timeouts = PACKED, large.timeouts
            try:
                async with self._session.get(
                    url, headers=headers, allow_redirects=False, timeout=client_timeout(timeouts)
                ) as response:
                    outcome = self._outcome(response, host)
                    if outcome is Outcome.READ:
                        await _read(response, _up_to(max_bytes, take), is_packed=large is not None)
                    return outcome, _etag_of(response)
            except (aiohttp.ClientError, OSError) as error:
                raise SourceFailed(Trouble(_kind_of(error))) from None

    def _refuse(self, url: URL, host: str) -> None:
        is_public = url.scheme == "https" and is_public_host(url.raw_host or "localhost")
        if not (is_public or self._allow_private):
            raise SourceFailed(Trouble(TroubleKind.EGRESS_REFUSED))
        until, trouble = self._parked.get(host, (None, None))
        if until is not None and trouble is not None and until > self._clock():
            raise SourceFailed(trouble)

    def _outcome(self, response: aiohttp.ClientResponse, host: str) -> Outcome:
        status = response.status
        if status == HTTPStatus.NOT_MODIFIED:
            return Outcome.UNCHANGED
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return Outcome.ABSENT
        if status != HTTPStatus.OK:
            raise SourceFailed(self._trouble(response, host))
        return Outcome.READ

    def _trouble(self, response: aiohttp.ClientResponse, host: str) -> Trouble:
        """What an answer means that is no file; the host may have asked to be left alone."""
        status, now = response.status, self._clock()
        kind = _LIMITS.get(status)
        if status == HTTPStatus.FORBIDDEN and is_out_of_requests(response.headers):
            kind = TroubleKind.RATE_LIMITED
        if kind is not None:
            until = now + timedelta(seconds=parse_pause(response.headers, now=now) or PAUSE_S)
            trouble = Trouble(kind, status, until)
            self._parked[host] = (until, trouble)
            return trouble
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return Trouble(TroubleKind.DENIED, status)
        is_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return Trouble(TroubleKind.SERVER_ERROR if is_error else TroubleKind.MALFORMED, status)


async def _read(response: aiohttp.ClientResponse, take: Take, *, is_packed: bool) -> None:
    """Pass the body on, piece by piece. Raises SourceFailed for what cannot be unpacked."""
    try:
        unpack = unpacking(response.headers.get("Content-Encoding", "")) if is_packed else None
        async for arrived in response.content.iter_chunked(STEP_BYTES):
            for piece in (arrived,) if unpack is None else unpack.pieces(arrived):
                take(piece)
                # Much may be waiting to be read, and others want their turn.
                await asyncio.sleep(0)
        if unpack is not None:
            unpack.end()
    except Unreadable:
        response.close()
        raise malformed() from None
    except SourceFailed:
        response.close()
        raise


def _up_to(max_bytes: int, take: Take) -> Take:
    """The same for so many bytes; it raises SourceFailed for more."""
    size_bytes = 0

    def take_counted(piece: bytes) -> None:
        nonlocal size_bytes
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise SourceFailed(Trouble(TroubleKind.TOO_LARGE))
        take(piece)

    return take_counted


def _etag_of(response: aiohttp.ClientResponse) -> str | None:
    etag = response.headers.get("ETag", "")
    return etag if _ETAG.fullmatch(etag) else None


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
        yield Source(session, clock=clock, allow_private=allow_private, timeouts=timeouts)


def _kind_of(error: BaseException) -> TroubleKind:
    if was_refused(error) or isinstance(error, AddressRefused):
        return TroubleKind.EGRESS_REFUSED
    for types, kind in _FAILURES:
        if isinstance(error, types):
            return kind
    return TroubleKind.UNREACHABLE
