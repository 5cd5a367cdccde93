"""docker's logins as the client gets them, from a real helper and over real sockets."""

import asyncio
import json
import logging
from base64 import b64encode
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.core.errors import LoginRefused, LoginUnavailable
from bot.net.secret import Secret
from bot.ports.registry import FetchedManifest, TagUnchanged
from bot.registry.docker_config import parse_docker_config
from bot.registry.docker_keys import DockerKeys
from tests.support.credential_helper import CredentialHelper
from tests.support.registry_client import ManualClock, connected
from tests.support.scripted_registry import ScriptedRegistry
from tests.support.scripted_tokens import Login

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"
TOKEN = "GET /token"
HOST = "registry.test"
CANARY = "canary-of-docker"
LOGIN = Login("robot", CANARY)


@pytest.fixture
def helper(tmp_path: Path) -> CredentialHelper:
    return CredentialHelper(tmp_path / "bin", "vault")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def keys_of(
    content: dict[str, object],
    clock: ManualClock,
    *,
    helper: CredentialHelper | None = None,
    registries: frozenset[str] | None = None,
) -> DockerKeys:
    config = parse_docker_config(json.dumps(content), source="config.json")
    path = str(helper.folder) if helper else "/nowhere"
    return DockerKeys(config, registries=registries, environment={"PATH": path}, clock=clock)


def in_vault(helper: CredentialHelper, clock: ManualClock) -> DockerKeys:
    return keys_of({"credHelpers": {HOST: "vault"}}, clock, helper=helper)


def authorizations(registry: ScriptedRegistry) -> list[str | None]:
    return [seen.headers.get("Authorization") for seen in registry.seen]


async def test_a_login_of_the_file_is_used(registry: ScriptedRegistry, clock: ManualClock) -> None:
    registry.basic = LOGIN
    registry.push_index(APP, "1", ["linux/arm64"])
    auth = b64encode(f"robot:{CANARY}".encode()).decode()
    keys = keys_of({"auths": {f"https://{HOST}/v1/": {"auth": auth}}}, clock)

    async with connected(registry.settings(), keys=keys, clock=clock) as connection:
        found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)


async def test_a_login_of_our_own_configuration_goes_before_dockers(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = LOGIN
    registry.push_index(APP, "1", ["linux/arm64"])
    helper.keeps(HOST, "somebody", "else")
    settings = registry.settings(username="robot", password=Secret(CANARY))

    async with connected(settings, keys=in_vault(helper, clock), clock=clock) as connection:
        await connection.look(TAG)

    assert helper.calls == []


async def test_a_helper_is_asked_once_for_many_looks(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = LOGIN
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    helper.keeps(HOST, "robot", CANARY)
    settings = registry.settings(concurrency=8)

    async with connected(settings, keys=in_vault(helper, clock), clock=clock) as connection:
        looks = [connection.look(TAG, known=digest) for _ in range(8)]
        answers = await asyncio.gather(*looks)

    assert {type(answer) for answer in answers} == {TagUnchanged}
    assert helper.calls == [HOST]


async def test_a_helper_is_not_run_for_a_registry_that_is_not_named(
    helper: CredentialHelper, clock: ManualClock
) -> None:
    keys = keys_of({"credsStore": "vault"}, clock, helper=helper, registries=frozenset({"ghcr.io"}))
    helper.keeps(HOST, "robot", CANARY)
    helper.keeps("ghcr.io", "robot", CANARY)

    assert await keys.find(HOST) is None
    assert await keys.find("ghcr.io") is not None
    assert helper.calls == ["ghcr.io"]


async def test_docker_hub_is_asked_for_by_dockers_name(
    helper: CredentialHelper, clock: ManualClock
) -> None:
    keys = keys_of({"credsStore": "vault"}, clock, helper=helper)

    await keys.find("docker.io")

    assert helper.calls == ["https://index.docker.io/v1/"]


async def test_a_login_that_has_expired_is_fetched_anew_within_the_look(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = Login("AWS", "morning")
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    helper.keeps(HOST, "AWS", "morning")

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        await connection.look(TAG, known=digest)
        clock.forward(12 * 3600)
        registry.basic = Login("AWS", "evening")
        helper.keeps(HOST, "AWS", "evening")
        registry.clear()
        with capture_logs() as logs:
            answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert authorizations(registry) == [
        Login("AWS", "morning").header,
        Login("AWS", "evening").header,
    ]
    assert helper.calls == [HOST, HOST]
    assert [entry["event"] for entry in logs] == ["login_expired"]


async def test_a_token_service_is_shown_the_next_login_when_one_has_expired(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    desk = registry.require_tokens(login=Login("AWS", "morning"))
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    helper.keeps(HOST, "AWS", "morning")

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        await connection.look(TAG, known=digest)
        clock.forward(12 * 3600)
        desk.login = Login("AWS", "evening")
        helper.keeps(HOST, "AWS", "evening")
        registry.clear()
        answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert registry.requests == [TOKEN, TOKEN, HEAD]


async def test_looks_refused_at_the_same_time_ask_the_helper_for_one_new_login(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = Login("AWS", "morning")
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    helper.keeps(HOST, "AWS", "morning")
    settings = registry.settings(concurrency=8)

    async with connected(settings, keys=in_vault(helper, clock), clock=clock) as connection:
        await connection.look(TAG, known=digest)
        clock.forward(12 * 3600)
        registry.basic = Login("AWS", "evening")
        helper.keeps(HOST, "AWS", "evening")
        looks = [connection.look(TAG, known=digest) for _ in range(8)]
        answers = await asyncio.gather(*looks)

    assert {type(answer) for answer in answers} == {TagUnchanged}
    assert helper.calls == [HOST, HOST]


async def test_what_is_shown_to_everybody_is_looked_at_though_the_login_was_refused(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    """And what is not is left alone for a day, in case that changes."""
    registry.require_tokens(login=Login("robot", "right"), private=frozenset({APP}))
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    public = registry.push_index("team/public", "1", ["linux/arm64"]).digest
    helper.keeps(HOST, "robot", CANARY)

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await connection.look(TAG)
        refused = list(registry.requests)
        shown = await connection.look("registry.test/team/public:1", known=public)
        assert registry.desk is not None
        registry.desk.private = frozenset()
        clock.forward(24 * 3600)
        opened = await connection.look(TAG, known=digest)

    assert refused == [HEAD, TOKEN, TOKEN, HEAD]
    assert isinstance(shown, TagUnchanged)
    assert isinstance(opened, TagUnchanged)
    assert authorizations(registry).count(LOGIN.header) == 1


async def test_a_helper_that_gives_the_refused_login_again_is_not_asked_a_third_time(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = LOGIN
    registry.push_index(APP, "1", ["linux/arm64"])
    helper.keeps(HOST, "robot", CANARY)

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        await connection.look(TAG)
        clock.forward(3600)
        registry.basic = Login("robot", "changed")
        registry.clear()
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await connection.look(TAG)
            clock.forward(3600)

    assert authorizations(registry) == [LOGIN.header]
    assert helper.calls == [HOST, HOST]


async def test_a_wrong_login_of_a_helper_costs_two_requests_and_no_more(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = Login("robot", "right")
    registry.knows(APP)
    helper.keeps(HOST, "robot", CANARY)

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await connection.look(TAG)

    assert authorizations(registry) == [None, LOGIN.header]
    assert helper.calls == [HOST]


async def test_without_a_login_in_the_helper_the_registry_is_asked_anonymously(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.require_tokens(login=LOGIN)
    registry.push_index(APP, "1", ["linux/arm64"])

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert authorizations(registry)[:2] == [None, None]


async def test_a_helper_that_fails_is_told_and_asked_again_later(
    registry: ScriptedRegistry, helper: CredentialHelper, clock: ManualClock
) -> None:
    registry.basic = LOGIN
    registry.push_index(APP, "1", ["linux/arm64"])
    helper.says(HOST, CANARY, code=1)

    async with connected(
        registry.settings(), keys=in_vault(helper, clock), clock=clock
    ) as connection:
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(LoginUnavailable, match="did not give it"):
                    await connection.look(TAG)
        helper.keeps(HOST, "robot", CANARY)
        clock.forward(300)
        found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert helper.calls == [HOST, HOST]
    assert [(entry["event"], entry["trouble"]) for entry in logs] == [
        ("credential_helper_failed", "docker-credential-vault failed with exit code 1")
    ]


async def test_a_registry_token_is_a_bearer_token(
    registry: ScriptedRegistry, clock: ManualClock
) -> None:
    desk = registry.require_tokens()
    desk.granted["Bearer canary-token"] = APP
    registry.push_index(APP, "1", ["linux/arm64"])
    keys = keys_of({"auths": {HOST: {"registrytoken": "canary-token"}}}, clock)

    async with connected(registry.settings(), keys=keys, clock=clock) as connection:
        await connection.look(TAG)
        desk.granted["Bearer canary-token"] = None
        desk.anonymous_status = 401
        registry.clear()
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await connection.look(TAG)

    assert desk.issued == 0
    assert authorizations(registry) == ["Bearer canary-token", None]


async def test_a_registry_token_that_a_registry_without_tokens_refuses_is_not_sent_again(
    registry: ScriptedRegistry, clock: ManualClock
) -> None:
    registry.basic = LOGIN
    registry.knows(APP)
    keys = keys_of({"auths": {HOST: {"registrytoken": "canary-token"}}}, clock)

    async with connected(registry.settings(), keys=keys, clock=clock) as connection:
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await connection.look(TAG)

    assert authorizations(registry) == [None, "Bearer canary-token"]


async def test_no_error_and_no_log_shows_what_a_helper_said(
    registry: ScriptedRegistry,
    helper: CredentialHelper,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    registry.basic = Login("robot", "right")
    registry.knows(APP)
    helper.keeps(HOST, "robot", CANARY)
    keys = in_vault(helper, clock)

    async with connected(registry.settings(), keys=keys, clock=clock) as connection:
        with pytest.raises(LoginRefused) as caught:
            await connection.look(TAG)

    login = await keys.find(HOST)
    ours = [each for each in caplog.records if not each.name.startswith("aiohttp.")]
    shown = (
        f"{caught.value!r} {login!r} {login} {keys!r}"
        + "".join(each.getMessage() for each in ours)
        + "".join(capsys.readouterr())
    )
    assert "docker-credential-vault" in shown
    assert CANARY not in shown
    assert LOGIN.header.removeprefix("Basic ") not in shown
