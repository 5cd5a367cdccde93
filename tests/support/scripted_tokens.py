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
    identity: the identity token that is good in a POST, and as the login's password. post_status:
    how POSTs are answered by a service that does not understand them. next_identity: what is issued
    in place of a used identity token, which is not good any more then. forms: what was posted.
    """

    realm: str
    service: str = "scripted"
    expires_in: int | None = 300
    login: Login | None = None
    private: frozenset[str] = frozenset()
    anonymous_status: int | None = None
    identity: str | None = None
    next_identity: str | None = None
    post_status: int | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    granted: dict[str, str | None] = field(default_factory=dict)
    issued: int = 0

    def revoke_all(self) -> None:
        """No token issued so far is good any more."""
        self.granted.clear()

    async def issue(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            form = {name: str(text) for name, text in (await request.post()).items()}
            return self._exchange(form)
        authorization = request.headers.get("Authorization")
        known = self.login is not None and authorization == self.login.header
        if authorization is not None and not known:
            return web.Response(status=401)
        if not known and self.anonymous_status is not None:
            return web.Response(status=self.anonymous_status)
        return web.json_response(
            {"token": self._grant(request.query["scope"], known), **self._told}
        )

    def _exchange(self, form: dict[str, str]) -> web.Response:
        """Source: CNCF distribution, "OAuth2 Token Authentication"."""
        self.forms.append(form)
        if self.post_status is not None:
            return web.Response(status=self.post_status)
        if form["grant_type"] != "refresh_token" or form["refresh_token"] != self.identity:
            return web.json_response({"error": "invalid_grant"}, status=400)
        answer = {"access_token": self._grant(form["scope"], known=True), **self._told}
        if self.next_identity is not None:
            self.identity, self.next_identity = self.next_identity, None
            answer["refresh_token"] = self.identity
        return web.json_response(answer)

    @property
    def _told(self) -> dict[str, object]:
        return {} if self.expires_in is None else {"expires_in": self.expires_in}

    def _grant(self, scope: str, known: bool) -> str:
        kind, repository, action = scope.rsplit(":", 2)
        assert (kind, action) == ("repository", "pull"), scope
        self.issued += 1
        token = f"canary-token-{self.issued}"
        self.granted[f"Bearer {token}"] = (
            None if repository in self.private and not known else repository
        )
        return token

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
