"""What each kind of look costs, counted by the server."""

import asyncio

import pytest

from bot.core.errors import Denied, LoginRefused, RateLimited, RegistryParked
from bot.net.secret import Secret
from bot.ports.registry import FetchedManifest, ManifestAbsent, TagUnchanged
from tests.support.registry_client import Connection, connected, reference_to
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import Heads, ScriptedRegistry
from tests.support.scripted_tokens import Login

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"
GET = "GET /v2/team/app/manifests/1"
TOKEN = "GET /token"
BOTH = ["linux/amd64", "linux/arm64"]


def get(digest: str) -> str:
    return f"GET /v2/team/app/manifests/{digest}"


async def test_an_unchanged_tag_costs_one_head(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest

    answer = await connection.look(TAG, known=digest)

    assert answer == TagUnchanged(etag=f'"{digest}"')
    assert registry.requests == [HEAD]


async def test_first_contact_with_tokens_costs_four(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    digest = registry.push_index(APP, "1", BOTH).digest

    answer = await connection.look(TAG)

    assert isinstance(answer, FetchedManifest)
    assert answer.digest == digest
    assert registry.requests == [HEAD, TOKEN, HEAD, get(digest)]


async def test_first_contact_with_a_login_costs_three(registry: ScriptedRegistry) -> None:
    registry.basic = Login("robot", "canary-password")
    digest = registry.push_index(APP, "1", BOTH).digest
    settings = registry.settings(username="robot", password=Secret("canary-password"))

    async with connected(settings) as connection:
        await connection.look(TAG)

    assert registry.requests == [HEAD, HEAD, get(digest)]


async def test_an_unchanged_tag_with_a_good_token_costs_one(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    digest = registry.push_index(APP, "1", BOTH).digest
    await connection.look(TAG)
    registry.clear()

    await connection.look(TAG, known=digest)

    assert registry.requests == [HEAD]


async def test_a_token_that_is_about_to_expire_is_renewed_first(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    desk = registry.require_tokens(expires_in=300)
    digest = registry.push_index(APP, "1", BOTH).digest
    await connection.look(TAG)
    desk.revoke_all()
    registry.clear()
    connection.clock.forward(291)

    await connection.look(TAG, known=digest)

    assert registry.requests == [TOKEN, HEAD]


async def test_a_token_of_unknown_life_is_renewed_when_it_is_refused(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    desk = registry.require_tokens(expires_in=None)
    digest = registry.push_index(APP, "1", BOTH).digest
    await connection.look(TAG)
    connection.clock.forward(3600)
    await connection.look(TAG, known=digest)
    assert desk.issued == 1
    desk.revoke_all()
    registry.clear()

    await connection.look(TAG, known=digest)

    assert registry.requests == [HEAD, TOKEN, HEAD]


async def test_a_second_repository_that_is_missing_costs_two(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    registry.push_index(APP, "1", BOTH)
    registry.knows("team/other")
    await connection.look(TAG)
    registry.clear()

    answer = await connection.look("registry.test/team/other:1")

    assert answer == ManifestAbsent()
    assert registry.requests == [TOKEN, "HEAD /v2/team/other/manifests/1"]


async def test_a_changed_index_costs_two(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    old = registry.push_index(APP, "1", ["linux/amd64"]).digest
    new = registry.push_index(APP, "1", BOTH).digest

    answer = await connection.look(TAG, known=old)

    assert isinstance(answer, FetchedManifest)
    assert answer.digest == new
    assert registry.requests == [HEAD, get(new)]


async def test_asking_whether_a_child_is_served_costs_one_head(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    child = registry.push_index(APP, "1", BOTH).children["linux/arm64"]

    served = await connection.client.has_manifest(reference_to(TAG), child, urgent=False)

    assert served
    assert registry.requests == [f"HEAD /v2/team/app/manifests/{child}"]


async def test_a_missing_child_costs_one_head_once_heads_are_proven(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    pushed = registry.push_index(APP, "1", BOTH)
    child = pushed.children["linux/arm64"]
    await connection.look(TAG, known=pushed.digest)
    registry.delete(APP, child)
    registry.clear()

    served = await connection.client.has_manifest(reference_to(TAG), child, urgent=False)

    assert not served
    assert registry.requests == [f"HEAD /v2/team/app/manifests/{child}"]


async def test_a_nested_index_costs_one_get(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    nested = registry.push_index(APP, None, BOTH).digest

    answer = await connection.client.fetch_manifest(reference_to(TAG), nested, urgent=False)

    assert isinstance(answer, FetchedManifest)
    assert registry.requests == [get(nested)]


async def test_a_changed_single_platform_tag_costs_three(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    config = registry.push_blob(APP, b'{"architecture":"arm64"}')
    digest = registry.push_manifest(APP, "1", {"config": config}, "application/json")

    await connection.look(TAG, known="sha256:" + "0" * 64)
    body = await connection.client.fetch_config(reference_to(TAG), config, urgent=False)

    assert body == b'{"architecture":"arm64"}'
    assert registry.requests == [HEAD, get(digest), f"GET /v2/team/app/blobs/{config}"]


async def test_a_missing_tag_costs_two_at_the_very_first_contact(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)

    answer = await connection.look(TAG)

    assert answer == ManifestAbsent()
    assert registry.requests == [HEAD, GET]


async def test_a_missing_tag_costs_one_once_heads_are_proven(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.push_index(APP, "2", BOTH)
    await connection.look("registry.test/team/app:2")
    registry.clear()

    answer = await connection.look(TAG)

    assert answer == ManifestAbsent()
    assert registry.requests == [HEAD]


@pytest.mark.parametrize(
    ("heads", "etags"),
    [
        pytest.param(Heads.ARE_REFUSED, True, id="405, validators"),
        pytest.param(Heads.ARE_REFUSED, False, id="405, no validators"),
        pytest.param(Heads.LACK_DIGEST, True, id="no digest"),
        pytest.param(Heads.SEE_NOTHING, True, id="HEAD does not see what GET finds"),
    ],
)
async def test_where_heads_are_of_no_use_an_unchanged_tag_costs_one_get(
    registry: ScriptedRegistry, connection: Connection, heads: Heads, etags: bool
) -> None:
    registry.heads, registry.etags = heads, etags
    digest = registry.push_index(APP, "1", BOTH).digest

    first = await connection.look(TAG)
    first_cost = list(registry.requests)
    registry.clear()
    second = await connection.look(TAG, known=digest)

    assert isinstance(first, FetchedManifest)
    assert first.digest == digest
    assert first_cost == [HEAD, GET]
    assert isinstance(second, TagUnchanged)
    assert registry.requests == [GET]


async def test_a_private_repository_costs_three_and_then_two(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens(private=frozenset({APP}))
    registry.push_index(APP, "1", BOTH)

    with pytest.raises(Denied):
        await connection.look(TAG)
    first_cost = list(registry.requests)
    registry.clear()
    with pytest.raises(Denied):
        await connection.look(TAG)

    assert first_cost == [HEAD, TOKEN, HEAD]
    assert registry.requests == [TOKEN, HEAD]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_service_that_refuses_is_a_denial(
    registry: ScriptedRegistry, connection: Connection, status: int
) -> None:
    registry.require_tokens(anonymous_status=status)
    registry.push_index(APP, "1", BOTH)

    with pytest.raises(Denied) as denied:
        await connection.look(TAG)

    assert denied.value.http_status == status
    assert registry.requests == [HEAD, TOKEN]


async def test_a_wrong_password_is_sent_once_and_never_again(registry: ScriptedRegistry) -> None:
    registry.basic = Login("robot", "right")
    registry.push_index(APP, "1", BOTH)
    registry.push_index("team/other", "1", BOTH)
    settings = registry.settings(username="robot", password=Secret("canary-password"))

    async with connected(settings) as connection:
        for text in (TAG, TAG, "registry.test/team/other:1", "registry.test/team/other:1", TAG):
            with pytest.raises(LoginRefused, match="login was refused"):
                await connection.look(text)

    assert registry.requests == [HEAD, HEAD, "HEAD /v2/team/other/manifests/1"]
    assert ["Authorization" in seen.headers for seen in registry.seen] == [False, True, False]


async def test_a_rate_limited_registry_costs_one_and_then_none(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(429, headers={"Retry-After": "7"}))

    with pytest.raises(RateLimited) as limited:
        await connection.look(TAG)
    with pytest.raises(RegistryParked) as parked:
        await connection.look(TAG, urgent=True)

    assert registry.requests == [HEAD]
    assert limited.value.retry_at == parked.value.retry_at
    connection.clock.forward(7)
    assert isinstance(await connection.look(TAG, known=digest), TagUnchanged)


async def test_a_hundred_tags_of_one_repository_share_a_token(registry: ScriptedRegistry) -> None:
    registry.require_tokens()
    tags = [f"v{number}" for number in range(100)]
    digest = [registry.push_index(APP, tag, BOTH).digest for tag in tags][-1]

    async with (
        connected(registry.settings(concurrency=10)) as connection,
        asyncio.TaskGroup() as group,
    ):
        looks = [
            group.create_task(connection.look(f"registry.test/team/app:{tag}", known=digest))
            for tag in tags
        ]
        await asyncio.wait(looks)

    assert {type(look.result()) for look in looks} == {TagUnchanged}
    assert len(registry.requests) <= 102
    assert registry.requests.count(TOKEN) == 1


async def test_a_redirecting_registry_costs_twice(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    elsewhere.require_tokens()
    digest = elsewhere.push_index("linux/app", "1", BOTH).digest
    location = f"{elsewhere.url}/v2/linux/app/manifests/1"
    registry.will_answer(Answer(307, headers={"Location": location}), times=2)

    async with connected(registry.settings(auth_hosts=(elsewhere.address,))) as connection:
        await connection.look(TAG, known=digest)
        first_cost = list(elsewhere.requests)
        elsewhere.clear()
        await connection.look(TAG, known=digest)

    hop = "HEAD /v2/linux/app/manifests/1"
    assert first_cost == [hop, TOKEN, hop]
    assert elsewhere.requests == [hop]
    assert registry.requests == [HEAD, HEAD]
