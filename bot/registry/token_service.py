"""Fetches tokens: with a password or anonymously by GET, with an identity token by POST."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from bot.core.errors import MalformedAnswer
from bot.ports.surroundings import Clock
from bot.registry.credentials import Credential, Kind
from bot.registry.exchange import MAX_TOKEN_BYTES, Answer, Request
from bot.registry.realms import Realm, token_form, token_url
from bot.registry.tokens import Token, decode_token
from bot.registry.transport import Transport

_KNOWS_NO_POST = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }
)
"""How services answer a POST that they do not understand. Source: containerd, docker authorizer."""
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class NoToken:
    """The service refuses; is_login: because the login that was sent is wrong."""

    status: int
    is_login: bool = False


class TokenService:
    """Whoever issues a registry's tokens; redirects of it are not followed."""

    def __init__(self, transport: Transport, *, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def fetch(
        self, request: Request, realm: Realm, service: str | None, login: Credential | None
    ) -> Token | NoToken:
        """A token for the repository of the request. Raises RegistryError.

        A login must be one that the realm may see.
        """
        if login is not None and login.kind is Kind.IDENTITY_TOKEN:
            answer = await self._post(request, realm, service, login)
            if _is_bad_grant(answer):
                return NoToken(answer.status, is_login=True)
            if answer.status not in _KNOWS_NO_POST:
                return self._token_in(answer, request, login)
        answer = await self._get(request, realm, service, login)
        return self._token_in(answer, request, login)

    async def _get(
        self, request: Request, realm: Realm, service: str | None, login: Credential | None
    ) -> Answer:
        url = token_url(realm, service=service, repository=request.repository)
        asked = replace(_asked(request), method="GET", url=url)
        return await self._transport.send(asked, authorization=login.header if login else None)

    async def _post(
        self, request: Request, realm: Realm, service: str | None, login: Credential
    ) -> Answer:
        form = token_form(
            service=service, repository=request.repository, identity=login.secret.reveal()
        )
        asked = replace(_asked(request), method="POST", url=realm.url, form=form)
        return await self._transport.send(asked)

    def _token_in(
        self, answer: Answer, request: Request, login: Credential | None
    ) -> Token | NoToken:
        if answer.status in _REFUSALS:
            is_login = login is not None and answer.status == HTTPStatus.UNAUTHORIZED
            return NoToken(answer.status, is_login=is_login)
        token = None
        if answer.status == HTTPStatus.OK:
            token = decode_token(answer.body, now=self._clock())
        if token is None:
            raise request.trouble(
                MalformedAnswer, "the token service gave no token", status=answer.status
            )
        return token


def _asked(request: Request) -> Request:
    """The request for a token that another request needs."""
    return replace(request, headers={}, max_bytes=MAX_TOKEN_BYTES, pull=False)


def _is_bad_grant(answer: Answer) -> bool:
    """Whether an identity token is refused in so many words. Source: RFC 6749, section 5.2."""
    if answer.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        return False
    try:
        fields = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and fields.get("error") == "invalid_grant"
