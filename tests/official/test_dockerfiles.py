"""Dockerfiles at a commit, over a real server."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.dockerfile import MAX_DOCKERFILE_BYTES
from bot.core.errors import TroubleKind
from bot.core.evidence import Failed, Said
from bot.core.library import Build
from bot.official import OfficialClient, opened_source
from bot.official.dockerfiles import MAX_REMEMBERED
from tests.support.decisions import NOW
from tests.support.registry_client import ManualClock
from tests.support.scripted_answers import Answer
from tests.support.source_server import SourceServer

COMMIT = "9" * 40
BUILD = Build(
    "arm64v8",
    "https://github.com/nodejs/docker-node.git",
    "refs/heads/main",
    COMMIT,
    "22/bullseye-slim",
    "Dockerfile",
)
PATH = f"/git/nodejs/docker-node/{COMMIT}/22/bullseye-slim/Dockerfile"


@pytest.fixture
async def client(server: SourceServer) -> AsyncIterator[OfficialClient]:
    clock = ManualClock(NOW)
    async with opened_source(user_agent="archbell/test", clock=clock, allow_private=True) as source:
        yield OfficialClient(source, server.addresses, clock=clock)


@pytest.mark.parametrize(
    "repository",
    [
        pytest.param(BUILD.git_repo, id=".git"),
        pytest.param("https://github.com/nodejs/docker-node", id="without .git"),
        pytest.param("https://github.com/nodejs/docker-node/", id="with a slash"),
    ],
)
async def test_a_dockerfile_is_fetched_once_for_ever(
    client: OfficialClient, server: SourceServer, repository: str
) -> None:
    server.files[PATH] = "FROM debian:bullseye-slim\n"
    build = replace(BUILD, git_repo=repository)

    first = await client.dockerfile(build)
    second = await client.dockerfile(build)

    assert first == second == Said("FROM debian:bullseye-slim\n", NOW)
    assert server.requests == [PATH]


async def test_a_directory_with_odd_names_is_found(
    client: OfficialClient, server: SourceServer
) -> None:
    path = f"/git/a/b/{COMMIT}/1.2+dfsg/my~file"
    server.files[path] = "FROM scratch\n"

    found = await client.dockerfile(
        replace(BUILD, git_repo="https://github.com/a/b", directory="1.2+dfsg", file="my~file")
    )

    assert found == Said("FROM scratch\n", NOW)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(replace(BUILD, builder="oci-import"), id="a finished image"),
        pytest.param(replace(BUILD, git_repo="https://git.launchpad.net/x/y"), id="another host"),
        pytest.param(replace(BUILD, git_repo="http://github.com/a/b"), id="http"),
        pytest.param(replace(BUILD, git_repo="https://github.com/a/b/c"), id="a longer path"),
        pytest.param(replace(BUILD, git_repo="https://github.com/a/.."), id="a dotted repository"),
        pytest.param(replace(BUILD, git_repo="https://github.com@evil/a/b"), id="a user"),
        pytest.param(replace(BUILD, directory="../.."), id="outside"),
        pytest.param(replace(BUILD, file="a?b=c"), id="a query"),
        pytest.param(replace(BUILD, file="a%2e"), id="encoded"),
        pytest.param(replace(BUILD, file="a\\b"), id="a backslash"),
    ],
)
async def test_what_has_no_dockerfile_or_no_safe_address_is_not_asked_for(
    client: OfficialClient, server: SourceServer, build: Build
) -> None:
    assert await client.dockerfile(build) == Said(None, NOW)

    assert server.requests == []


async def test_a_dockerfile_that_is_not_there_is_none(
    client: OfficialClient, server: SourceServer
) -> None:
    assert await client.dockerfile(BUILD) == Said(None, NOW)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(Answer(500), TroubleKind.SERVER_ERROR, id="500"),
        pytest.param(Answer(429), TroubleKind.RATE_LIMITED, id="429"),
        pytest.param(
            Answer(body=b"#" * (MAX_DOCKERFILE_BYTES + 1)), TroubleKind.TOO_LARGE, id="huge"
        ),
    ],
)
async def test_a_source_that_fails_is_said_to_have_failed(
    client: OfficialClient, server: SourceServer, answer: Answer, kind: TroubleKind
) -> None:
    server.will_answer(answer)

    found = await client.dockerfile(BUILD)

    assert isinstance(found, Failed)
    assert found.trouble.kind is kind


async def test_the_oldest_are_forgotten_when_there_are_many(
    client: OfficialClient, server: SourceServer
) -> None:
    def build(number: int) -> Build:
        return replace(BUILD, git_commit=f"{number:040x}")

    for number in range(MAX_REMEMBERED + 1):
        path = f"/git/nodejs/docker-node/{number:040x}/22/bullseye-slim/Dockerfile"
        server.files[path] = "FROM scratch\n"
        await client.dockerfile(build(number))
    server.requests.clear()

    await client.dockerfile(build(MAX_REMEMBERED))
    await client.dockerfile(build(0))

    assert len(server.requests) == 1
