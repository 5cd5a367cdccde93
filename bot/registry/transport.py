"""One request over the wire: paced, vetted, capped, tried twice, its failures translated."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

import aiohttp

from bot.core.errors import (
    EgressRefused,
    MalformedAnswer,
    Overloaded,
    OversizedAnswer,
    ProxyFailed,
    RateLimited,
    RegistryError,
    ServerTrouble,
    TimedOut,
    TlsFailed,
    TransportFailure,
)
from bot.net.egress import was_refused
from bot.net.limits import BUDGET_HEADER
from bot.net.pace import Pace
from bot.net.retry import once_more
from bot.net.sessions import Sessions, same_origin
from bot.ports.figures import NO_FIGURES, Figures
from bot.ports.surroundings import Chance, Sleep
from bot.registry.exchange import MAX_ERROR_BYTES, Answer, Request

# Plain numbers, because every look compares them.
BAD_REQUEST, FORBIDDEN, TOO_MANY_REQUESTS, SERVER_ERROR = 400, 403, 429, 500

_FAILURES: tuple[tuple[tuple[type[BaseException], ...], type[RegistryError], str], ...] = (
    ((TimeoutError,), TimedOut, "no answer in time"),
    ((aiohttp.ClientConnectorDNSError,), TransportFailure, "the host's name cannot be resolved"),
    (
        (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch),
        TlsFailed,
        "the certificate is not trusted, or TLS failed otherwise",
    ),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        ProxyFailed,
        "the proxy does not let us through",
    ),
    ((aiohttp.ClientConnectorError,), TransportFailure, "cannot connect"),
    ((aiohttp.ClientPayloadError,), TransportFailure, "the answer broke off"),
    (
        (aiohttp.ClientResponseError, aiohttp.InvalidURL, UnicodeError),
        MalformedAnswer,
        "the answer is not HTTP that can be understood",
    ),
)


class Transport:
    """Sends single requests over sessions it is given and does not close.

    Raises only RegistryErrors, without what aiohttp says: that can hold signed URLs and headers.
    """

    def __init__(
        self,
        sessions: Sessions,
        pace: Pace,
        *,
        sleep: Sleep,
        chance: Chance,
        figures: Figures = NO_FIGURES,
    ) -> None:
        self._sessions = sessions
        self._pace = pace
        self._sleep = sleep
        self._chance = chance
        self._figures = figures

    async def send(self, request: Request, *, authorization: str | None = None) -> Answer:
        """The answer, unless it is 429, 408 or 5xx (but a HEAD's 501): these raise."""
        try:
            return await self._attempt(request, authorization)
        except TransportFailure as failure:
            if self._pace.is_probing(request.registry):
                self._pace.failed(request.registry)
                raise
            first = failure
        try:
            return await once_more(
                first,
                lambda: self._attempt(request, authorization),
                sleep=self._sleep,
                chance=self._chance,
            )
        except TransportFailure:
            self._pace.failed(request.registry)
            raise
        except asyncio.CancelledError as cut:
            # Most likely the look's time is over: the first attempt's failure is what is known.
            self._pace.failed(request.registry)
            raise cut from first

    async def _attempt(self, request: Request, authorization: str | None) -> Answer:
        registry, pull = request.registry, request.pull
        lane = await self._pace.enter(registry, pull=pull, urgent=request.urgent)
        try:
            answer = await self._exchange(request, authorization)
            status = TOO_MANY_REQUESTS if _says_too_many(answer) else answer.status
            parked_until = self._pace.heard(
                registry, status=status, headers=_limits(request, answer), pull=pull
            )
        finally:
            lane.leave()
        if status >= BAD_REQUEST:
            _raise_for_trouble(request, status, parked_until)
        return answer

    async def _exchange(self, request: Request, authorization: str | None) -> Answer:
        endpoint = request.endpoint
        headers = request.headers
        if authorization is not None:
            headers = {**headers, "Authorization": authorization}
        try:
            session = self._sessions.of(endpoint.settings, request.url, base=endpoint.base)
            response = await session.request(
                request.method,
                request.url,
                headers=headers,
                data=request.form,
                allow_redirects=False,
            )
            try:
                body = b"" if request.method == "HEAD" else await _read(response, request)
            finally:
                response.release()
            self._figures.answered(endpoint.registry, response.status)
            return Answer(response.status, response.headers, body)
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            self._figures.answered(request.registry, None)
            raise _translated(error, request) from None


async def _read(response: aiohttp.ClientResponse, request: Request) -> bytes:
    """The body up to its cap. What is beyond the cap of an error's body is of no interest."""
    wanted = response.status == HTTPStatus.OK
    max_bytes = request.max_bytes if wanted else MAX_ERROR_BYTES
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > max_bytes:
            response.close()
            if wanted:
                raise request.trouble(
                    OversizedAnswer, f"the answer is larger than {max_bytes} bytes", status=200
                )
            break
    return bytes(body[:max_bytes])


def _translated(error: BaseException, request: Request) -> RegistryError:
    if was_refused(error):
        return request.trouble(EgressRefused, "it leads to what is not https to a public address")
    if isinstance(error, aiohttp.ClientConnectorDNSError) and error.host != request.url.raw_host:
        return request.trouble(ProxyFailed, "the proxy's name cannot be resolved")
    for types, kind, sentence in _FAILURES:
        if isinstance(error, types):
            return request.trouble(kind, sentence)
    return request.trouble(TransportFailure, "the connection broke")


def _says_too_many(answer: Answer) -> bool:
    """Whether it is a 429, or a 403 by which some registries mean one."""
    if answer.status == FORBIDDEN:
        return b"TOOMANYREQUESTS" in answer.body.upper()
    return answer.status == TOO_MANY_REQUESTS


def _limits(request: Request, answer: Answer) -> Mapping[str, str]:
    """The headers to learn limits from; budgets of third parties are not the registry's."""
    headers = answer.headers
    if BUDGET_HEADER not in headers or same_origin(request.url, request.endpoint.base):
        return headers
    return {name: text for name, text in headers.items() if name.title() == "Retry-After"}


def _raise_for_trouble(request: Request, status: int, parked_until: datetime | None) -> None:
    if parked_until is not None:
        kind = RateLimited if status == TOO_MANY_REQUESTS else Overloaded
        error = request.trouble(kind, f"asked us to come back later ({status})", status=status)
        error.retry_at = parked_until
        raise error
    knows_no_heads = status == HTTPStatus.NOT_IMPLEMENTED and request.method == "HEAD"
    if (status >= SERVER_ERROR and not knows_no_heads) or status == HTTPStatus.REQUEST_TIMEOUT:
        raise request.trouble(ServerTrouble, f"answered {status}", status=status)
