"""The real docker-registry's doors, Basic and Bearer, open for what the support gives out alone."""

from dataclasses import replace

import pytest

from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image
from tests.support.plain_client import ask_manifest, ask_token, fetch_bearer
from tests.support.registry_settings import Login
from tests.support.token_server import TokenRequest, TokenServer

NODE = "library/node"
LOGIN = Login(user="somebody", password="canary-correct:horse")


async def test_a_basic_registry_opens_for_its_login_alone(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)

    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64"], auth=LOGIN.authorization)

    wrong = replace(LOGIN, password="battery staple")
    anonymous = await ask_manifest(registry.url, NODE, "22")
    assert (anonymous.status, anonymous.challenge) == (401, 'Basic realm="Registry Realm"')
    assert (await ask_manifest(registry.url, NODE, "22", auth=wrong.authorization)).status == 401
    assert (
        await ask_manifest(registry.url, NODE, "22", auth=LOGIN.authorization)
    ).digest == pushed.digest


async def test_a_token_registry_opens_for_a_token_of_its_token_server(
    docker_registry_factory: StartRegistry,
) -> None:
    async with TokenServer() as tokens:
        registry = await docker_registry_factory(auth=tokens.registry_auth)
        pushed = await push_image(
            registry.url, NODE, "22", ["linux/amd64"], auth=tokens.authorization(NODE)
        )

        refused = await ask_manifest(registry.url, NODE, "22")
        token = await fetch_bearer(tokens, NODE)
        admitted = await ask_manifest(registry.url, NODE, "22", auth=token)

        assert refused.status == 401
        assert refused.challenge == (
            f'Bearer realm="http://{tokens.host}/token",service="archbell-test-registry",'
            'scope="repository:library/node:pull"'
        )
        assert admitted.digest == pushed.digest
        asked = TokenRequest("archbell-test-registry", (f"repository:{NODE}:pull",), None, 200)
        assert tokens.requests == [asked]


async def test_a_token_past_its_life_time_is_refused(
    docker_registry_factory: StartRegistry,
) -> None:
    async with TokenServer(lifetime_s=-61) as tokens:
        registry = await docker_registry_factory(auth=tokens.registry_auth)

        token = await fetch_bearer(tokens, NODE)
        late = await ask_manifest(registry.url, NODE, "22", auth=token)
        tokens.lifetime_s = 60
        token = await fetch_bearer(tokens, NODE)
        in_time = await ask_manifest(registry.url, NODE, "22", auth=token)

    assert late.status == 401
    assert late.challenge.endswith('error="invalid_token"')
    assert in_time.status == 404


async def test_a_private_repository_opens_only_with_the_login_at_the_token_server(
    docker_registry_factory: StartRegistry,
) -> None:
    async with TokenServer(login=LOGIN, private=[NODE]) as tokens:
        registry = await docker_registry_factory(auth=tokens.registry_auth)

        anonymous = await fetch_bearer(tokens, NODE)
        known = await fetch_bearer(tokens, NODE, login=LOGIN)
        refused = await ask_manifest(registry.url, NODE, "22", auth=anonymous)
        admitted = await ask_manifest(registry.url, NODE, "22", auth=known)

    assert refused.status == 401
    assert refused.challenge.endswith('error="insufficient_scope"')
    assert admitted.status == 404
    assert [request.user for request in tokens.requests] == [None, LOGIN.user]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="no credentials"),
        pytest.param(Login("somebody", "wrong").authorization, id="a wrong password"),
        pytest.param("Digest nothing", id="another scheme"),
    ],
)
async def test_a_token_server_that_requires_its_login_refuses_everything_else(
    header: str | None,
) -> None:
    async with TokenServer(login=LOGIN, login_required=True) as tokens:
        status, _ = await ask_token(tokens, NODE, auth=header)

    assert status == 401
    assert [request.status for request in tokens.requests] == [401]


async def test_a_token_server_need_not_tell_how_long_its_tokens_live() -> None:
    async with TokenServer(tells_lifetime=False) as tokens:
        _, answer = await ask_token(tokens, NODE)

    assert set(answer) == {"token"}
