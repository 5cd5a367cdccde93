"""Whose tokens may be fetched where, and who may see a login for it."""

import pytest
from yarl import URL

from bot.core.errors import EgressRefused, MalformedAnswer
from bot.net.settings import RegistrySettings
from bot.registry.exchange import Request
from bot.registry.policy import endpoint_of
from bot.registry.realms import Realm, judge_realm, token_url

HUB = RegistrySettings("docker.io")
GITLAB = RegistrySettings("registry.gitlab.com")
GHCR = RegistrySettings("ghcr.io")
OWN = RegistrySettings(
    "own.test:5000", plain_http=True, allow_private=True, auth_hosts=("auth.test:5001",)
)
LISTED = RegistrySettings("registry.test", auth_hosts=("auth.test",))


def request(settings: RegistrySettings, url: str | None = None) -> Request:
    endpoint = endpoint_of(settings)
    return Request(
        endpoint=endpoint,
        method="HEAD",
        url=URL(url or f"{endpoint.prefix}/v2/a/b/manifests/1"),
        repository="a/b",
        subject="a/b:1",
        headers={},
        max_bytes=1,
    )


@pytest.mark.parametrize(
    ("settings", "realm", "is_trusted"),
    [
        pytest.param(HUB, "https://auth.docker.io/token", True, id="Docker Hub"),
        pytest.param(HUB, "https://auth.docker.io:444/token", False, id="another port"),
        pytest.param(HUB, "https://auth.docker.io.evil.test/token", False, id="a longer name"),
        pytest.param(HUB, "https://evil.test/token", False, id="a foreign host"),
        pytest.param(GITLAB, "https://gitlab.com/jwt/auth", True, id="GitLab"),
        pytest.param(GHCR, "https://ghcr.io/token", True, id="the registry itself"),
        pytest.param(GHCR, "https://ghcr.io:8443/token", False, id="its other port"),
        pytest.param(GHCR, "https://auth.docker.io/token", False, id="another registry's pair"),
        pytest.param(OWN, "http://own.test:5000/auth", True, id="plain http, itself"),
        pytest.param(OWN, "http://auth.test:5001/auth", True, id="plain http, listed"),
        pytest.param(LISTED, "https://auth.test/auth", True, id="listed"),
        pytest.param(LISTED, "https://auth.test:8443/auth", False, id="listed, another port"),
    ],
)
def test_only_hosts_known_to_belong_to_the_registry_are_trusted(
    settings: RegistrySettings, realm: str, is_trusted: bool
) -> None:
    assert judge_realm(realm, request(settings)) == Realm(URL(realm), is_trusted)


@pytest.mark.parametrize(
    ("settings", "realm"),
    [
        pytest.param(HUB, "http://auth.docker.io/token", id="the right host"),
        pytest.param(LISTED, "http://auth.test/token", id="listed"),
        pytest.param(OWN, "http://other.test/token", id="not of the plain http registry"),
        pytest.param(HUB, "ftp://auth.docker.io/token", id="another scheme"),
    ],
)
def test_tokens_are_not_fetched_without_https(settings: RegistrySettings, realm: str) -> None:
    with pytest.raises(EgressRefused):
        judge_realm(realm, request(settings))


@pytest.mark.parametrize(
    "realm", ["", "/token", "https://", "https://[::1", "https://h:999999/", "mailto:nobody"]
)
def test_a_realm_that_is_no_address_is_malformed(realm: str) -> None:
    with pytest.raises(MalformedAnswer):
        judge_realm(realm, request(HUB))


def test_what_a_registry_redirects_to_is_trusted_with_nothing() -> None:
    hop = request(GHCR, "https://elsewhere.test/v2/a/b/manifests/1")

    assert judge_realm("https://ghcr.io/token", hop).is_trusted is False


def test_a_user_and_a_fragment_in_a_realm_are_dropped() -> None:
    realm = judge_realm("https://user:word@ghcr.io/token?a=b#c", request(GHCR))

    assert realm.url == URL("https://ghcr.io/token?a=b")


def test_service_and_scope_are_added_to_what_the_realm_has() -> None:
    realm = Realm(URL("https://ghcr.io/token?account=x"), is_trusted=False)

    url = token_url(realm, service="a&b", repository="team/app")

    assert dict(url.query) == {
        "account": "x",
        "service": "a&b",
        "scope": "repository:team/app:pull",
    }
