"""How one host wants to be asked: what its 401s taught us, and the tokens it accepts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus
from weakref import WeakValueDictionary

from bot.core.challenge import Challenge, choose_challenge, parse_challenges
from bot.core.errors import Denied, EgressRefused, MalformedAnswer
from bot.net.secret import Secret
from bot.ports import Clock
from bot.registry.credentials import CredentialBook
from bot.registry.exchange import MAX_TOKEN_BYTES, Answer, Request
from bot.registry.realms import judge_realm, token_url
from bot.registry.tokens import Token, TokenCache, decode_token
from bot.registry.transport import Transport


class Proof(Enum):
    """What a request carried to be let in."""

    NOTHING = auto()
    LOGIN = auto()
    TOKEN = auto()
    FRESH_TOKEN = auto()


@dataclass(frozen=True, slots=True, repr=False)
class Authorization:
    """The Authorization header of one request; None for NOTHING."""

    proof: Proof
    header: str | None = None


ANONYMOUS = Authorization(Proof.NOTHING)


class Authority:
    """One host, as a registry's endpoint or as what it redirects to.

    credentials None: it is asked anonymously whatever is configured. Tokens are fetched by one
    worker at a time for each repository, and used by all.
    """

    def __init__(
        self, transport: Transport, *, credentials: CredentialBook | None, clock: Clock
    ) -> None:
        self.is_known = False
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._challenge: Challenge | None = None
        self._tokens = TokenCache()
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._introduction = asyncio.Lock()

    @asynccontextmanager
    async def introduction(self) -> AsyncIterator[None]:
        """Let the first of those who ask a host nobody knows go ahead; the rest learn from it.

        Without this a hundred workers would each be told to fetch a token.
        """
        if not self._introduction.locked():
            async with self._introduction:
                yield
            return
        async with self._introduction:
            pass
        yield

    async def authorize(self, request: Request) -> Authorization:
        """What to send with a request, as far as is known; may fetch a token."""
        challenge = self._challenge
        if challenge is None:
            return ANONYMOUS
        if challenge.scheme == "basic":
            login = self._login(request)
            return ANONYMOUS if login is None else Authorization(Proof.LOGIN, login.reveal())
        token = self._tokens.find(request.repository, now=self._clock())
        if token is not None:
            return Authorization(Proof.TOKEN, token.header)
        return await self._renew(request, challenge, refused=None)

    async def after_refusal(
        self, request: Request, answer: Answer, sent: Authorization
    ) -> Authorization:
        """What to send instead, after a 401. Raises Denied when there is nothing left to try."""
        challenges = parse_challenges(answer.headers.getall("WWW-Authenticate", ()))
        if sent.header is not None and sent.proof in (Proof.TOKEN, Proof.FRESH_TOKEN):
            insufficient = any(challenge.is_insufficient_scope for challenge in challenges)
            self._tokens.drop(request.repository, sent.header)
            if insufficient or sent.proof is Proof.FRESH_TOKEN:
                raise self._denied(request)
        challenge = self._learn(challenges)
        self.is_known = True
        if challenge is not None and challenge.scheme == "bearer":
            return await self._renew(request, challenge, refused=sent.header)
        if sent.proof is Proof.LOGIN:
            self._refuse_login(request)
        login = self._login(request) if challenge is not None else None
        if login is None:
            raise self._denied(request)
        return Authorization(Proof.LOGIN, login.reveal())

    def _learn(self, challenges: tuple[Challenge, ...]) -> Challenge | None:
        """Keep what a 401 asks for. A Bearer once learnt outlasts a 401 that names only Basic:
        Harbor answers so to any request whose token it does not accept.
        """
        chosen = choose_challenge(challenges)
        knows_bearer = self._challenge is not None and self._challenge.scheme == "bearer"
        if not knows_bearer or (chosen is not None and chosen.scheme == "bearer"):
            self._challenge = chosen
        return self._challenge

    async def _renew(
        self, request: Request, challenge: Challenge, *, refused: str | None
    ) -> Authorization:
        repository = request.repository
        async with self._fetching.setdefault(repository, asyncio.Lock()):
            token = self._tokens.find(repository, now=self._clock())
            if token is None or token.header == refused:
                token = await self._fetch(request, challenge)
                self._tokens.keep(repository, token, now=self._clock())
        return Authorization(Proof.FRESH_TOKEN, token.header)

    async def _fetch(self, request: Request, challenge: Challenge) -> Token:
        try:
            realm = judge_realm(challenge.realm or "", request)
            url = token_url(realm, service=challenge.service, repository=request.repository)
            login = self._login(request) if realm.is_trusted else None
            asked = replace(
                request, method="GET", url=url, headers={}, max_bytes=MAX_TOKEN_BYTES, pull=False
            )
            answer = await self._transport.send(
                asked, authorization=None if login is None else login.reveal()
            )
            return self._token_in(answer, request, login)
        except (EgressRefused, MalformedAnswer):
            # Asked again without it, the registry may name a better realm.
            self._challenge = None
            raise

    def _token_in(self, answer: Answer, request: Request, login: Secret | None) -> Token:
        """The token; redirects of a token service are not followed."""
        if answer.status == HTTPStatus.UNAUTHORIZED and login is not None:
            self._refuse_login(request)
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._denied(request, answer.status)
        token = None
        if answer.status == HTTPStatus.OK:
            token = decode_token(answer.body, now=self._clock())
        if token is None:
            raise request.trouble(
                MalformedAnswer, "the token service gave no token", status=answer.status
            )
        return token

    def _login(self, request: Request) -> Secret | None:
        if self._credentials is None:
            return None
        return self._credentials.find(request.endpoint.settings, request.repository)

    def _refuse_login(self, request: Request) -> None:
        assert self._credentials is not None, "a login was sent"
        self._credentials.refuse(request.endpoint.settings)

    def _denied(self, request: Request, status: int = HTTPStatus.UNAUTHORIZED) -> Denied:
        what = "private, or it does not exist"
        settings = request.endpoint.settings
        if self._credentials is not None and self._credentials.is_refused(settings):
            what += "; the configured login was refused and is not tried again until a restart"
        return request.trouble(Denied, what, status=int(status))
