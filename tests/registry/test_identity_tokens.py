"""Identity tokens: exchanged for access tokens by POST, or as a password where that is unknown."""

import json

import pytest

from bot.core.errors import Denied, LoginRefused, TransportFailure
from bot.ports.registry import FetchedManifest, TagUnchanged
from bot.registry.docker_config import parse_docker_config
from bot.registry.docker_keys import DockerKeys
from tests.support.registry_client import NOW, connected
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry
from tests.support.scripted_tokens import Login

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"
GET, POST = "GET /token", "POST /token"
CANARY = "canary-identity"
AS_PASSWORD = Login("<token>", CANARY)


def keys(identity: str = CANARY) -> DockerKeys:
    content = json.dumps({"auths": {"registry.test": {"identitytoken": identity}}})
    config = parse_docker_config(content, source="config.json")
    return DockerKeys(config, registries=None, environment={}, clock=lambda: NOW)


def authorizations(registry: ScriptedRegistry) -> list[str | None]:
    return [seen.headers.get("Authorization") for seen in registry.seen]


async def test_an_identity_token_is_posted_and_never_shown_to_the_registry(
    registry: ScriptedRegistry,
) -> None:
    desk = registry.require_tokens(identity=CANARY, private=frozenset({APP}))
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest

    async with connected(registry.settings(), keys=keys()) as connection:
        answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert registry.requests == [HEAD, POST, HEAD]
    assert authorizations(registry) == [None, None, *desk.granted]
    assert registry.seen[1].query == {}
    assert desk.forms == [
        {
            "grant_type": "refresh_token",
            "client_id": "archbell",
            "service": "scripted",
            "scope": "repository:team/app:pull",
            "refresh_token": CANARY,
        }
    ]


async def test_tokens_got_so_expire_and_are_fetched_again(registry: ScriptedRegistry) -> None:
    registry.require_tokens(identity=CANARY)
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest

    async with connected(registry.settings(), keys=keys()) as connection:
        await connection.look(TAG, known=digest)
        connection.clock.forward(299)
        registry.clear()
        await connection.look(TAG, known=digest)

    assert registry.requests == [POST, HEAD]


@pytest.mark.parametrize("status", [400, 401, 404, 405])
async def test_where_posts_are_unknown_the_identity_token_is_a_password(
    registry: ScriptedRegistry, status: int
) -> None:
    registry.require_tokens(
        login=AS_PASSWORD, post_status=status, anonymous_status=401, private=frozenset({APP})
    )
    registry.push_index(APP, "1", ["linux/arm64"])

    async with connected(registry.settings(), keys=keys()) as connection:
        answer = await connection.look(TAG)

    assert isinstance(answer, FetchedManifest)
    assert registry.requests[:4] == [HEAD, POST, GET, HEAD]
    assert authorizations(registry)[2] == AS_PASSWORD.header


async def test_a_refused_identity_token_is_posted_once_and_never_again(
    registry: ScriptedRegistry,
) -> None:
    desk = registry.require_tokens(identity="another", anonymous_status=401)
    registry.knows(APP)

    async with connected(registry.settings(), keys=keys()) as connection:
        for _ in range(4):
            with pytest.raises(LoginRefused, match="login was refused"):
                await connection.look(TAG)

    assert registry.requests == [HEAD, POST, GET]
    assert len(desk.forms) == 1
    assert authorizations(registry) == [None, None, None]


async def test_an_identity_token_refused_as_a_password_too_is_given_up(
    registry: ScriptedRegistry,
) -> None:
    registry.require_tokens(post_status=404, anonymous_status=401, login=Login("robot", "right"))
    registry.knows(APP)

    async with connected(registry.settings(), keys=keys()) as connection:
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await connection.look(TAG)

    assert registry.requests == [HEAD, POST, GET, GET]
    assert authorizations(registry) == [None, None, AS_PASSWORD.header, None]


async def test_a_token_service_in_trouble_does_not_cost_the_identity_token(
    registry: ScriptedRegistry,
) -> None:
    registry.require_tokens(identity=CANARY)
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    registry.will_answer(Answer(500), to=POST, times=2)

    async with connected(registry.settings(), keys=keys()) as connection:
        with pytest.raises(TransportFailure) as caught:
            await connection.look(TAG, known=digest)
        answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert CANARY not in repr(caught.value)


async def test_an_identity_token_issued_anew_takes_the_place_of_the_former(
    registry: ScriptedRegistry,
) -> None:
    desk = registry.require_tokens(identity=CANARY, next_identity="canary-second")
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest

    async with connected(registry.settings(), keys=keys()) as connection:
        await connection.look(TAG, known=digest)
        connection.clock.forward(299)
        await connection.look(TAG, known=digest)

    assert [form["refresh_token"] for form in desk.forms] == [CANARY, "canary-second"]


async def test_an_identity_token_is_of_no_use_where_basic_is_asked_for(
    registry: ScriptedRegistry,
) -> None:
    registry.basic = Login("robot", "right")
    registry.knows(APP)

    async with connected(registry.settings(), keys=keys()) as connection:
        with pytest.raises(Denied):
            await connection.look(TAG)

    assert authorizations(registry) == [None]
