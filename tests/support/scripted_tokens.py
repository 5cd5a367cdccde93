"""Logins and tokens of scripted registries."""

from base64 import b64encode
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Login:
    """The only user there is."""

    user: str
    password: str

    @property
    def header(self) -> str:
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(slots=True)
class TokenDesk:
    """Issues tokens and recognises them, for one registry or several.

    private: repositories that the anonymous get a token without any grant for. anonymous_status:
    how requests without a login are refused, None if they are not. expires_in None is not told.
    """

    realm: str
    service: str = "scripted"
    expires_in: int | None = 300
    login: Login | None = None
    private: frozenset[str] = frozenset()
    anonymous_status: int | None = None
    granted: dict[str, str | None] = field(default_factory=dict)
    issued: int = 0

    def revoke_all(self) -> None:
        """No token issued so far is good any more."""
        self.granted.clear()

    def issue(self, request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization")
        known = self.login is not None and authorization == self.login.header
        if authorization is not None and not known:
            return web.Response(status=401)
        if not known and self.anonymous_status is not None:
            return web.Response(status=self.anonymous_status)
        kind, repository, action = request.query["scope"].rsplit(":", 2)
        assert (kind, action) == ("repository", "pull"), request.query["scope"]
        self.issued += 1
        token = f"token-{self.issued}"
        self.granted[f"Bearer {token}"] = (
            None if repository in self.private and not known else repository
        )
        told = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return web.json_response({"token": token, **told})

    def admits(self, repository: str, authorization: str | None) -> bool:
        return authorization is not None and self.granted.get(authorization) == repository

    def challenge(self, repository: str, authorization: str | None) -> str:
        scope = (
            f'realm="{self.realm}",service="{self.service}",scope="repository:{repository}:pull"'
        )
        if authorization is None:
            return f"Bearer {scope}"
        error = "insufficient_scope" if authorization in self.granted else "invalid_token"
        return f'Bearer {scope},error="{error}"'
