"""Which registries may be asked."""

import pytest

from bot.core.errors import EgressRefused, UnlistedRegistry
from bot.net.settings import RegistrySettings
from bot.registry.policy import RegistryPolicy


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        ("docker.io", "https://registry-1.docker.io"),
        ("ghcr.io", "https://ghcr.io"),
        ("quay.io", "https://quay.io"),
        ("public.ecr.aws", "https://public.ecr.aws"),
        ("gcr.io", "https://gcr.io"),
        ("eu.gcr.io", "https://eu.gcr.io"),
        ("us-docker.pkg.dev", "https://us-docker.pkg.dev"),
        ("mcr.microsoft.com", "https://mcr.microsoft.com"),
        ("registry.gitlab.com", "https://registry.gitlab.com"),
        ("registry.k8s.io", "https://registry.k8s.io"),
        ("lscr.io", "https://lscr.io"),
    ],
)
def test_well_known_registries_may_be_asked(registry: str, url: str) -> None:
    assert RegistryPolicy().find(registry).prefix == url


@pytest.mark.parametrize(
    "registry",
    ["example.com", "ghcr.io:8443", "evilghcr.io", "gcr.io.example.com", "8.8.8.8", "pkg.dev"],
)
def test_others_may_not_unless_any_public_one_may(registry: str) -> None:
    with pytest.raises(UnlistedRegistry):
        RegistryPolicy().find(registry)

    endpoint = RegistryPolicy(allow_any_public=True).find(registry)

    assert endpoint.prefix == f"https://{registry}"


@pytest.mark.parametrize("registry", ["localhost", "10.0.0.1:5000", "[fd00::1]:5000", "host:99999"])
def test_what_is_not_public_may_not_be_asked_in_any_case(registry: str) -> None:
    with pytest.raises(EgressRefused):
        RegistryPolicy(allow_any_public=True).find(registry)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        pytest.param(RegistrySettings("localhost:5000"), "https://localhost:5000", id="as named"),
        pytest.param(
            RegistrySettings("localhost:5000", plain_http=True), "http://localhost:5000", id="plain"
        ),
        pytest.param(
            RegistrySettings("docker.io", endpoint="https://mirror.example.com/hub/"),
            "https://mirror.example.com/hub",
            id="a mirror",
        ),
        pytest.param(
            RegistrySettings("docker.io", username="me"), "https://registry-1.docker.io", id="Hub"
        ),
    ],
)
def test_a_configured_registry_is_asked_where_it_is(settings: RegistrySettings, url: str) -> None:
    endpoint = RegistryPolicy([settings]).find(settings.host)

    assert endpoint.prefix == url
    assert endpoint.registry == settings.host
