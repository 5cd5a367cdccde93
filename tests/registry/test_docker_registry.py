"""The client against a real docker-registry, counted by its own access log."""

import pytest

from bot.core.errors import Denied
from bot.net.secret import Secret
from bot.net.settings import RegistrySettings
from bot.ports.registry import FetchedManifest, ManifestAbsent, TagUnchanged
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import MediaTypes, delete_manifest, push_image
from tests.support.registry_client import connected, reference_to
from tests.support.registry_settings import Login
from tests.support.token_server import TokenServer

NODE = "library/node"
TAG = "node:22"
HEAD = "HEAD /v2/library/node/manifests/22"
GET = "GET /v2/library/node/manifests/22"
BOTH = ["linux/amd64", "linux/arm64"]
LOGIN = Login(user="somebody", password="canary-correct:horse")


def hub(registry: DockerRegistry, **changes: object) -> RegistrySettings:
    """Docker Hub, but really this registry."""
    fields: dict[str, object] = {
        "endpoint": registry.url,
        "plain_http": True,
        "allow_private": True,
        "rate": 0.0,
        **changes,
    }
    return RegistrySettings("docker.io", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("media_types", list(MediaTypes), ids=["OCI", "Docker"])
async def test_an_index_is_fetched_once_and_then_only_looked_at(
    docker_registry_factory: StartRegistry, media_types: MediaTypes
) -> None:
    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", BOTH, media_types=media_types)
    registry.clear_requests()

    async with connected(hub(registry)) as connection:
        found = await connection.look(TAG)
        unchanged = await connection.look(TAG, known=pushed.digest)

    assert isinstance(found, FetchedManifest)
    assert (found.digest, found.content_type) == (pushed.digest, media_types.index)
    assert isinstance(unchanged, TagUnchanged)
    assert registry.requests() == [HEAD, f"GET /v2/{NODE}/manifests/{pushed.digest}", HEAD]


async def test_a_missing_tag_and_a_missing_child_are_absent(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", BOTH)
    await delete_manifest(registry.url, NODE, pushed.children["linux/arm64"])

    async with connected(hub(registry)) as connection:
        await connection.look(TAG, known=pushed.digest)
        missing = await connection.look("node:23")
        served = {
            platform: await connection.client.has_manifest(reference_to(TAG), digest, urgent=False)
            for platform, digest in pushed.children.items()
        }

    assert missing == ManifestAbsent()
    assert served == {"linux/amd64": True, "linux/arm64": False}


async def test_tokens_are_fetched_when_they_are_needed_and_no_more(
    docker_registry_factory: StartRegistry,
) -> None:
    async with TokenServer(private=["library/secret"]) as tokens:
        registry = await docker_registry_factory(auth=tokens.registry_auth)
        author = tokens.authorization(NODE)
        pushed = await push_image(registry.url, NODE, "22", BOTH, auth=author)
        registry.clear_requests()

        async with connected(hub(registry, auth_hosts=(tokens.host,))) as connection:
            await connection.look(TAG)
            first_cost = registry.requests()
            await connection.look(TAG, known=pushed.digest)
            assert len(tokens.requests) == 1
            registry.clear_requests()
            with pytest.raises(Denied):
                await connection.look("library/secret:1")

    assert first_cost == [HEAD, HEAD, f"GET /v2/{NODE}/manifests/{pushed.digest}"]
    assert registry.requests() == ["HEAD /v2/library/secret/manifests/1"]
    assert [asked.scopes for asked in tokens.requests] == [
        ("repository:library/node:pull",),
        ("repository:library/secret:pull",),
    ]


async def test_a_login_opens_a_basic_registry(docker_registry_factory: StartRegistry) -> None:
    registry = await docker_registry_factory(auth=LOGIN)
    pushed = await push_image(registry.url, NODE, "22", BOTH, auth=LOGIN.authorization)
    registry.clear_requests()
    settings = hub(registry, username=LOGIN.user, password=Secret(LOGIN.password))

    async with connected(settings) as connection:
        found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert registry.requests() == [HEAD, HEAD, f"GET /v2/{NODE}/manifests/{pushed.digest}"]


async def test_a_validator_spares_the_body_where_only_gets_are_of_use(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", BOTH)

    async with connected(hub(registry)) as connection:
        # As if this registry's HEADs had proved useless.
        connection.client._heads.failed("docker.io")
        found = await connection.look(TAG)
        assert isinstance(found, FetchedManifest)
        registry.clear_requests()
        unchanged = await connection.look(TAG, known=pushed.digest, etag=found.etag)

    assert isinstance(unchanged, TagUnchanged)
    assert registry.answers() == [(GET, 304)]
