"""Getting an answer: tokens on the way in, redirects on the way out."""

import re
from dataclasses import replace

from yarl import URL

from bot.core.errors import Denied, EgressRefused, MalformedAnswer
from bot.core.reference import is_repository
from bot.net.sessions import same_origin
from bot.ports.surroundings import Clock
from bot.registry.auth import Authority
from bot.registry.credentials import CredentialBook
from bot.registry.exchange import Answer, Request
from bot.registry.transport import Transport

MAX_HOPS = 5
MAX_STRANGERS = 64
UNAUTHORIZED, FORBIDDEN = 401, 403
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REPOSITORY = re.compile(r"/v2/(?P<repository>.+)/(?:manifests|blobs)/[^/]+")
_PRINTABLE = re.compile(r"[!-~]+")


class Conversation:
    """Asks until there is an answer that is neither a redirect nor a 401.

    What is learnt of a registry is kept apart from what other hosts say when it redirects there:
    they get no login and no token but those they give to anybody. So are requests that may use the
    operator's login and those that may not, down to their tokens.
    """

    def __init__(self, transport: Transport, credentials: CredentialBook, *, clock: Clock) -> None:
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._registries: dict[tuple[str, bool], Authority] = {}
        self._strangers: dict[tuple[str, str], Authority] = {}

    async def ask(self, request: Request) -> Answer:
        """The answer. Raises RegistryError, for a 403 too."""
        authority = self._registry(request)
        if authority.is_known:
            answer = await self._ask_authorized(request, authority)
        else:
            async with authority.introduction():
                answer = await self._ask_authorized(request, authority)
        if answer.status in _REDIRECTS:
            answer = await self._follow(request, answer)
        if answer.status == FORBIDDEN:
            raise request.trouble(Denied, "not permitted, or it does not exist", status=403)
        return answer

    async def _ask_authorized(self, request: Request, authority: Authority) -> Answer:
        authorization = await authority.authorize(request)
        while True:
            answer = await self._transport.send(request, authorization=authorization.header)
            if answer.status != UNAUTHORIZED:
                authority.is_known = True
                return answer
            authorization = await authority.after_refusal(request, answer, authorization)

    async def _follow(self, request: Request, answer: Answer) -> Answer:
        hop = request
        for _ in range(MAX_HOPS):
            hop = _next_hop(hop, answer)
            answer = await self._ask_authorized(hop, self._authority_at(hop))
            if answer.status not in _REDIRECTS:
                return answer
        raise request.trouble(MalformedAnswer, f"redirects more than {MAX_HOPS} times")

    def _registry(self, request: Request) -> Authority:
        key = (request.registry, request.login)
        authority = self._registries.get(key)
        if authority is None:
            credentials = self._credentials if request.login else None
            authority = Authority(self._transport, credentials=credentials, clock=self._clock)
            self._registries[key] = authority
        return authority

    def _authority_at(self, hop: Request) -> Authority:
        """Whoever is behind a redirect; of hosts in endless variety the oldest is forgotten."""
        if same_origin(hop.url, hop.endpoint.base):
            return self._registry(hop)
        key = (hop.registry, str(hop.url.origin()))
        authority = self._strangers.get(key)
        if authority is None:
            if len(self._strangers) >= MAX_STRANGERS:
                del self._strangers[next(iter(self._strangers))]
            authority = Authority(self._transport, credentials=None, clock=self._clock)
            self._strangers[key] = authority
        return authority


def _next_hop(request: Request, answer: Answer) -> Request:
    """The request to where a redirect leads: with nothing secret, never from https to http.

    The address is kept as it is written, or a signature in it would no longer hold.
    """
    url = _joined(request.url, answer.headers.get("Location", ""))
    if url is None:
        raise request.trouble(
            MalformedAnswer, "redirects to what is no address", status=answer.status
        )
    if request.url.scheme == "https" and url.scheme != "https":
        raise request.trouble(EgressRefused, "redirects away from https", status=answer.status)
    return replace(request, url=url, repository=_repository_in(url) or request.repository)


def _joined(url: URL, location: str) -> URL | None:
    if not _PRINTABLE.fullmatch(location):
        return None
    try:
        joined = url.join(URL(location, encoded=True)).with_fragment(None)
        return joined.with_user(None) if joined.raw_host and joined.port else None
    except ValueError:
        return None


def _repository_in(url: URL) -> str | None:
    """The repository a registry's URL is about: another registry may have it by another name."""
    match = _REPOSITORY.fullmatch(url.raw_path)
    if match is None or not is_repository(match["repository"]):
        return None
    return match["repository"]
