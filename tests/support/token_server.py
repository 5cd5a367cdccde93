"""A token server that docker-registry trusts, on a loopback port of the test's own process."""

import base64
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import TracebackType
from typing import Self

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.support.registry_settings import Login, TokenAuth

_ISSUER = "archbell-test-issuer"
_SERVICE = "archbell-test-registry"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request as it came; user is None without Basic credentials."""

    service: str | None
    scopes: tuple[str, ...]
    user: str | None
    status: int


class TokenServer:
    """Issues RS256 tokens for what is asked.

    login: the only user there is; wrong credentials are answered with 401. login_required: no
    credentials are, too. private: repositories in which the anonymous may do nothing; they get a
    token that grants nothing there, as distribution's own servers do.
    lifetime_s may be changed at any time. The registry tolerates 60 s more than that, so a token
    that is to be refused at once needs a lifetime below -60. tells_lifetime False leaves
    `expires_in` out of the answer.
    """

    def __init__(
        self,
        *,
        login: Login | None = None,
        login_required: bool = False,
        private: Collection[str] = (),
        lifetime_s: int = 300,
        tells_lifetime: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.lifetime_s = lifetime_s
        self.requests: list[TokenRequest] = []
        self._login = login
        self._login_required = login_required
        self._private = frozenset(private)
        self._tells_lifetime = tells_lifetime
        self._clock = clock
        self._key, self._certificate = _key_and_certificate()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/token", self._answer, allow_head=False)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def host(self) -> str:
        """Host and port, as the product's list of trusted token servers names them."""
        assert self._runner is not None, "The token server has not been started"
        port: int = self._runner.addresses[0][1]
        return f"127.0.0.1:{port}"

    @property
    def registry_auth(self) -> TokenAuth:
        """What a registry needs to send its clients here and to trust what they bring."""
        return TokenAuth(
            realm=f"http://{self.host}/token",
            service=_SERVICE,
            issuer=_ISSUER,
            certificates_pem=self._certificate.public_bytes(serialization.Encoding.PEM),
        )

    def authorization(self, repository: str, *actions: str) -> str:
        """A token for one repository as the value of an Authorization header.

        Grants push, pull and delete unless actions are named. It appears in no request log.
        """
        granted = list(actions) or ["pull", "push", "delete"]
        access = [{"type": "repository", "name": repository, "actions": granted}]
        return f"Bearer {self._issue(access, user='', issued_at=self._clock())}"

    async def _answer(self, request: web.Request) -> web.Response:
        login = _basic_login(request.headers.get("Authorization", ""))
        admitted = login == self._login if login else not self._login_required
        self.requests.append(
            TokenRequest(
                service=request.query.get("service"),
                scopes=tuple(request.query.getall("scope", [])),
                user=login.user if login else None,
                status=200 if admitted else 401,
            )
        )
        if not admitted:
            refusal = {"errors": [{"code": "UNAUTHORIZED", "message": "wrong credentials"}]}
            return web.json_response(refusal, status=401)
        return web.json_response(self._grant(self.requests[-1]))

    def _grant(self, asked: TokenRequest) -> dict[str, object]:
        access = [self._access(scope, known=asked.user is not None) for scope in asked.scopes]
        issued_at = self._clock()
        answer: dict[str, object] = {
            "token": self._issue(access, user=asked.user or "", issued_at=issued_at)
        }
        if self._tells_lifetime:
            answer |= {"expires_in": self.lifetime_s, "issued_at": issued_at.isoformat()}
        return answer

    def _access(self, scope: str, *, known: bool) -> dict[str, object]:
        """What a scope `type:name:action,action` is given; the name may have colons of its own."""
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        granted = actions.split(",") if known or name not in self._private else []
        return {"type": kind, "name": name, "actions": granted}

    def _issue(
        self, access: Sequence[Mapping[str, object]], *, user: str, issued_at: datetime
    ) -> str:
        """The registry checks the signature by the certificate that the token carries (x5c)."""
        claims = {
            "iss": _ISSUER,
            "aud": _SERVICE,
            "sub": user,
            "jti": uuid.uuid4().hex,
            "iat": issued_at,
            "nbf": issued_at - timedelta(seconds=10) + timedelta(seconds=min(0, self.lifetime_s)),
            "exp": issued_at + timedelta(seconds=self.lifetime_s),
            "access": list(access),
        }
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        chain = [base64.b64encode(der).decode()]
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"x5c": chain})


def _basic_login(header: str) -> Login | None:
    """The credentials of an Authorization header; any other scheme counts as a wrong login."""
    if not header:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return Login(user=f"({scheme})", password="")
    user, _, password = base64.b64decode(encoded).decode().partition(":")
    return Login(user=user, password=password)


@cache
def _key_and_certificate() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Made once a run: finding the primes takes longer than a whole test."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Archbell's tests")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return key, certificate
