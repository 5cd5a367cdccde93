"""What the client asks and understands, beyond what it costs."""

import hashlib

import pytest

from bot.core.errors import RateLimited, RegistryParked
from bot.ports.registry import FetchedManifest, ManifestAbsent, Registry, TagUnchanged
from tests.support.registry_client import Connection, connected, reference_to
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import Heads, ScriptedRegistry

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"
GET = "GET /v2/team/app/manifests/1"
ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
BOTH = ["linux/amd64", "linux/arm64"]


async def test_the_client_is_the_port(connection: Connection) -> None:
    registry: Registry = connection.client

    assert registry is connection.client


async def test_every_manifest_is_asked_for_with_the_four_types_on_one_line(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.push_index(APP, "1", BOTH)

    await connection.look(TAG)

    assert [seen.headers.getall("Accept") for seen in registry.seen] == [[ACCEPT], [ACCEPT]]
    assert {seen.headers["User-Agent"] for seen in registry.seen} == {"archbell/test"}


async def test_a_manifest_comes_with_its_type_and_validator(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    body = b'{"manifests":[]}'
    media_type = "application/vnd.oci.image.index.v1+json"
    digest = registry.push_manifest(APP, "1", body, f"{media_type}; charset=utf-8")

    found = await connection.look(TAG)

    assert found == FetchedManifest(digest, media_type, body, f'"{digest}"')


async def test_a_missing_manifest_is_absent(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    digest = "sha256:" + "0" * 64

    found = await connection.client.fetch_manifest(reference_to(TAG), digest, urgent=False)

    assert found == ManifestAbsent()


async def test_a_pinned_digest_is_verified_like_any_other(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest

    found = await connection.look(f"registry.test/team/app@{digest}")

    assert isinstance(found, FetchedManifest)
    assert registry.requests == [
        f"HEAD /v2/team/app/manifests/{digest}",
        f"GET /v2/team/app/manifests/{digest}",
    ]


async def test_a_sha512_digest_is_understood(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    body = b'{"manifests":[]}'
    digest = f"sha512:{hashlib.sha512(body).hexdigest()}"
    headers = {"Docker-Content-Digest": digest}
    registry.will_answer(Answer(headers=headers, body=body), times=2)

    found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert found.digest == digest


@pytest.mark.parametrize(
    ("etag", "sent"),
    [
        pytest.param('W/"md5"', 'W/"md5"', id="verbatim, weak"),
        pytest.param("bare", "bare", id="verbatim, bare"),
        pytest.param(None, '"{digest}"', id="the digest where there is none"),
        pytest.param("a\r\nb: c", '"{digest}"', id="one that is no header"),
    ],
)
async def test_a_get_says_what_is_known_in_one_line(
    registry: ScriptedRegistry, connection: Connection, etag: str | None, sent: str
) -> None:
    registry.heads = Heads.ARE_REFUSED
    digest = registry.push_index(APP, "1", BOTH).digest

    answer = await connection.look(TAG, known=digest, etag=etag)

    assert isinstance(answer, TagUnchanged)
    assert registry.seen[-1].headers.getall("If-None-Match") == [sent.format(digest=digest)]


async def test_a_get_of_an_unknown_tag_has_no_condition(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.heads = Heads.ARE_REFUSED
    registry.push_index(APP, "1", BOTH)

    await connection.look(TAG, etag='"old"')

    assert "If-None-Match" not in registry.seen[-1].headers


async def test_heads_are_tried_again_after_a_day(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(400), to=HEAD)
    await connection.look(TAG, known=digest)
    registry.clear()

    await connection.look(TAG, known=digest)
    connection.clock.forward(24 * 3600)
    await connection.look(TAG, known=digest)

    assert registry.requests == [GET, HEAD]


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        pytest.param(Heads.ARE_REFUSED, ["HEAD", "GET", "GET"], id="refused"),
        pytest.param(Heads.SEE_NOTHING, ["HEAD", "GET", "HEAD", "GET"], id="not believed"),
        pytest.param(Heads.LACK_DIGEST, ["HEAD", "HEAD"], id="without a digest"),
    ],
)
async def test_a_child_is_asked_for_by_get_where_a_head_does_not_tell(
    registry: ScriptedRegistry, connection: Connection, heads: Heads, expected: list[str]
) -> None:
    registry.heads = heads
    child = registry.push_index(APP, "1", BOTH).children["linux/arm64"]

    for _ in range(2):
        assert await connection.client.has_manifest(reference_to(TAG), child, urgent=False)

    assert [line.split()[0] for line in registry.requests] == expected


async def test_a_501_to_a_head_is_no_server_trouble(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(501), to=HEAD)

    answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert registry.requests == [HEAD, GET]


async def test_a_pull_limit_of_docker_hub_leaves_heads_alone(registry: ScriptedRegistry) -> None:
    old = registry.push_index("library/node", "22", ["linux/amd64"]).digest
    new = registry.push_index("library/node", "22", BOTH).digest
    line = f"GET /v2/library/node/manifests/{new}"
    registry.will_answer(Answer(429), to=line)

    async with connected(registry.settings("docker.io")) as connection:
        with pytest.raises(RateLimited):
            await connection.look("node:22", known=old)
        with pytest.raises(RegistryParked):
            await connection.look("node:22", known=old)
        unchanged = await connection.look("node:22", known=new)

    assert isinstance(unchanged, TagUnchanged)
    assert registry.requests.count(line) == 1
    assert registry.requests.count("HEAD /v2/library/node/manifests/22") == 3


async def test_few_pulls_left_are_kept_for_who_waits(registry: ScriptedRegistry) -> None:
    registry.headers = {
        "ratelimit-limit": "100;w=21600",
        "ratelimit-remaining": "20;w=21600",
    }
    registry.push_index("library/node", "22", BOTH)

    async with connected(registry.settings("docker.io")) as connection:
        await connection.look("node:22")
        with pytest.raises(RegistryParked):
            await connection.look("node:22")
        asked_for = await connection.look("node:22", urgent=True)
        connection.clock.forward(216)
        in_turn = await connection.look("node:22")

    assert isinstance(asked_for, FetchedManifest)
    assert isinstance(in_turn, FetchedManifest)


async def test_what_storage_says_about_limits_is_not_the_registrys(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    elsewhere.headers = {"ratelimit-limit": "100", "ratelimit-remaining": "0"}
    config = elsewhere.push_blob(APP, b"{}")
    registry.knows(APP)
    location = f"{elsewhere.url}/v2/team/app/blobs/{config}"
    registry.will_answer(Answer(307, headers={"Location": location}))

    async with connected(registry.settings(auth_hosts=(elsewhere.address,))) as connection:
        await connection.client.fetch_config(reference_to(TAG), config, urgent=False)

    assert connection.pace.states()[0].remaining is None


async def test_storage_that_limits_parks_the_registry_for_as_long_as_it_says(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    registry.knows(APP)
    config = "sha256:" + "0" * 64
    registry.will_answer(Answer(307, headers={"Location": f"{elsewhere.url}/blob"}))
    elsewhere.will_answer(Answer(429, headers={"Retry-After": "90"}))

    async with connected(registry.settings(auth_hosts=(elsewhere.address,))) as connection:
        began = connection.clock()
        with pytest.raises(RateLimited) as limited:
            await connection.client.fetch_config(reference_to(TAG), config, urgent=False)

    assert limited.value.retry_at is not None
    assert (limited.value.retry_at - began).total_seconds() == 90
