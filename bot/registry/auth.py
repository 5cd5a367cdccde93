"""How one host wants to be asked: what its 401s taught us, and the tokens it accepts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from weakref import WeakValueDictionary

from bot.core.challenge import Challenge, choose_challenge, parse_challenges
from bot.core.errors import (
    Denied,
    EgressRefused,
    LoginRefused,
    LoginUnavailable,
    MalformedAnswer,
)
from bot.ports.surroundings import Clock
from bot.registry.credentials import Credential, CredentialBook, Kind, Lack
from bot.registry.exchange import Answer, Request
from bot.registry.realms import judge_realm
from bot.registry.token_service import TokenService
from bot.registry.tokens import MAX_KEPT, Token, TokenCache
from bot.registry.transport import Transport

CLOSED_FOR = timedelta(days=1)
"""How long a repository that shows nothing to the anonymous is left alone without a good login."""


class Proof(Enum):
    """What a request carried to be let in."""

    NOTHING = auto()
    LOGIN = auto()
    TOKEN = auto()
    FRESH_TOKEN = auto()


@dataclass(frozen=True, slots=True, repr=False)
class Authorization:
    """The Authorization header of one request; None for NOTHING. login: what a LOGIN was."""

    proof: Proof
    header: str | None = None
    login: Credential | None = None


ANONYMOUS = Authorization(Proof.NOTHING)


class Authority:
    """One host, as a registry's endpoint or as what it redirects to.

    credentials None: it is asked anonymously whatever is configured; whoever may not use a login
    gets an authority of its own, so that no token of one is ever used for the other. Tokens are
    fetched by one worker at a time for each repository, and used by all.
    """

    def __init__(
        self, transport: Transport, *, credentials: CredentialBook | None, clock: Clock
    ) -> None:
        self.is_known = False
        self._service = TokenService(transport, clock=clock)
        self._credentials = credentials
        self._clock = clock
        self._challenge: Challenge | None = None
        self._tokens = TokenCache()
        self._closed: dict[str, datetime] = {}
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
        """What to send with a request, as far as is known; may fetch a token.

        Raises LoginRefused when the login is known to be wrong and nothing is to be had without.
        """
        challenge = self._challenge
        if challenge is None:
            return ANONYMOUS
        if self._is_closed(request):
            raise self._denied(request)
        if challenge.scheme == "basic":
            return await self._by_login(request) or ANONYMOUS
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
                await self._close_without_login(request)
                raise self._denied(request)
        challenge = self._learn(challenges)
        self.is_known = True
        wants_token = challenge is not None and challenge.scheme == "bearer"
        # A password may be right where tokens are wanted: it was only sent to the wrong place.
        if sent.login is not None and not (wants_token and sent.login.kind is Kind.PASSWORD):
            self._refuse(request, sent.login)
        if challenge is not None and wants_token:
            return await self._renew(request, challenge, refused=sent.header)
        if sent.proof is Proof.NOTHING:
            self._close(request)
        instead = await self._by_login(request) if challenge is not None else None
        if instead is None:
            raise self._denied(request)
        return instead

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
            login = await self._login(request)
            if login is not None and login.kind is Kind.REGISTRY_TOKEN:
                return Authorization(Proof.LOGIN, login.header, login)
            token = self._tokens.find(repository, now=self._clock())
            if token is None or token.header == refused:
                token = await self._fetch(request, challenge)
                self._tokens.keep(repository, token, now=self._clock())
        return Authorization(Proof.FRESH_TOKEN, token.header)

    async def _fetch(self, request: Request, challenge: Challenge) -> Token:
        try:
            realm = judge_realm(challenge.realm or "", request)
            while True:
                login = await self._login(request) if realm.is_trusted else None
                found = await self._service.fetch(request, realm, challenge.service, login)
                if isinstance(found, Token):
                    self._keep_identity(request, found, login)
                    return found
                if login is None:
                    await self._close_without_login(request)
                elif found.is_login:
                    self._refuse(request, login)
                    if await self._login(request) is not None:
                        continue
                raise self._denied(request, found.status)
        except (EgressRefused, MalformedAnswer):
            # Asked again without it, the registry may name a better realm.
            self._challenge = None
            raise

    def _keep_identity(self, request: Request, token: Token, login: Credential | None) -> None:
        if login is None or login.kind is not Kind.IDENTITY_TOKEN or token.identity is None:
            return
        if self._credentials is not None and token.identity != login.secret:
            self._credentials.renew(request.endpoint.settings, login, token.identity)

    async def _login(self, request: Request) -> Credential | None:
        if self._credentials is None:
            return None
        return await self._credentials.find(request.endpoint.settings, request.repository)

    async def _by_login(self, request: Request) -> Authorization | None:
        """The login itself, sent to the registry."""
        login = await self._login(request)
        if login is None or not login.is_for_registry:
            return None
        return Authorization(Proof.LOGIN, login.header, login)

    def _refuse(self, request: Request, login: Credential) -> None:
        assert self._credentials is not None, "a login was sent"
        self._credentials.refuse(request.endpoint.settings, login)

    def _lack(self, request: Request) -> Lack | None:
        if self._credentials is None:
            return None
        return self._credentials.lack(request.endpoint.settings, request.repository)

    async def _close_without_login(self, request: Request) -> None:
        if await self._login(request) is None:
            self._close(request)

    def _close(self, request: Request) -> None:
        """The anonymous are shown nothing of this repository."""
        if len(self._closed) >= MAX_KEPT:
            self._closed.clear()
        self._closed[request.repository] = self._clock() + CLOSED_FOR

    def _is_closed(self, request: Request) -> bool:
        until = self._closed.get(request.repository)
        if until is None or self._lack(request) is not Lack.REFUSED:
            return False
        return self._clock() < until

    def _denied(self, request: Request, status: int = HTTPStatus.UNAUTHORIZED) -> Denied:
        what = "private, or it does not exist"
        match self._lack(request):
            case Lack.REFUSED:
                what += "; the configured login was refused and is not tried again until a restart"
                return request.trouble(LoginRefused, what, status=int(status))
            case Lack.UNAVAILABLE:
                what += "; the program that keeps its login did not give it"
                return request.trouble(LoginUnavailable, what, status=int(status))
        return request.trouble(Denied, what, status=int(status))
