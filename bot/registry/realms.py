"""Where a registry says that tokens are to be had, and whether it may be believed.

A realm is a stranger's word: it may name a host in our own network, or one that collects
passwords. Source: CVE-2026-33540, CVE-2026-48978, CVE-2026-33990.
"""

from dataclasses import dataclass

from yarl import URL

from bot.core.errors import EgressRefused, MalformedAnswer
from bot.net.sessions import is_listed, is_own_url, same_origin
from bot.registry.exchange import Request

TOKEN_HOSTS = {"registry-1.docker.io": "auth.docker.io", "registry.gitlab.com": "gitlab.com"}
"""Registries whose tokens are known to come from another host."""

CLIENT_ID = "archbell"


@dataclass(frozen=True, slots=True)
class Realm:
    """A token service; only a trusted one may see credentials."""

    url: URL
    is_trusted: bool


def judge_realm(realm: str, request: Request) -> Realm:
    """The realm that a registry, or what it redirects to, named in answer to the request.

    Trusted are the registry itself, the hosts that are built in for it and those configured for it.
    Raises EgressRefused for plain http, unless the registry is configured for it.
    """
    endpoint = request.endpoint
    url = _parsed(realm, request)
    is_own = is_own_url(endpoint.settings, url, base=endpoint.base)
    if url.scheme != "https" and not is_own:
        raise request.trouble(EgressRefused, "its tokens would have to be fetched without https")
    if not same_origin(request.url, endpoint.base):
        return Realm(url, is_trusted=False)
    return Realm(url, is_trusted=is_own or is_listed(url, _usual_hosts(endpoint.base)))


def _usual_hosts(base: URL) -> tuple[str, ...]:
    host = TOKEN_HOSTS.get(base.raw_host or "")
    return () if host is None or base.scheme != "https" else (host,)


def _parsed(realm: str, request: Request) -> URL:
    try:
        url = URL(realm).with_fragment(None)
        if url.raw_host and url.port:
            return url.with_user(None)
    except ValueError:
        pass
    raise request.trouble(MalformedAnswer, "names a token service that is no address")


def token_url(realm: Realm, *, service: str | None, repository: str) -> URL:
    """What to GET for a token that permits pulling from one repository, or ("") nothing at all.

    The scope is computed here: registries name none, `*`, or more than is needed.
    Source: CNCF distribution, "Token Authentication Specification".
    """
    url = realm.url if service is None else realm.url.extend_query(service=service)
    return url.extend_query(scope=scope_of(repository)) if repository else url


def token_form(*, service: str | None, repository: str, identity: str) -> dict[str, str]:
    """What to POST for such a token in exchange for an identity token.

    Source: CNCF distribution, "OAuth2 Token Authentication".
    """
    named = {} if service is None else {"service": service}
    return named | {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "scope": scope_of(repository),
        "refresh_token": identity,
    }


def scope_of(repository: str) -> str:
    """The right to pull from one repository, as token services write it."""
    return f"repository:{repository}:pull"
