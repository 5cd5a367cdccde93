"""Whose login goes where: the command line, the bot, and strangers who ask for what is private."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.wiring import Eyes, looking, pacing_of, sight_of, storing, subscriber_of
from bot.app.world import World
from bot.config import Settings, load_settings
from bot.core.message.neutral import Message
from bot.core.message.plain import render_plain
from bot.core.model import TERMINAL, Observation, Place, Status
from bot.core.reference import parse_reference
from bot.flows.check import Rules, check
from bot.flows.sight import Sight
from bot.flows.subscribe import Subscriber
from bot.flows.wish import Wish
from bot.ports.store import Store
from bot.ports.targets import ClaimedTarget
from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.command_line import archbell
from tests.support.credential_helper import CredentialHelper
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image
from tests.support.registry_settings import Login
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.scripted_tokens import Login as ScriptedLogin
from tests.support.stores import ARM64

IMAGE = parse_reference("team/app:1")
HEAD = "HEAD /v2/team/app/manifests/1"
HUB_KEY = "https://index.docker.io/v1/"
LOGIN = Login("reader", "canary-4c1b")
WRONG = Login("reader", "canary-wrong")
STRANGERS = Place("slack", "C9")
TEAM = Place("slack", "C1")
SOON = timedelta(hours=1)
HIDDEN = "docker.io does not show team/app:1 to me"


def as_lines(login: Login) -> tuple[str, str]:
    return (f'username = "{login.user}"', f'password = "{login.password}"')


@dataclass(frozen=True, slots=True)
class House:
    """The bot's verbs over a real store, without its loops."""

    settings: Settings
    store: Store
    eyes: Eyes
    sight: Sight
    subscriber: Subscriber
    world: World

    async def watch(self, place: Place) -> str:
        prepared = await self.subscriber.prepare(Wish(IMAGE, (ARM64,), place, "U1"))
        async with self.store.transaction() as transaction:
            message: Message = await prepared.plan(transaction)
        return render_plain(message)

    async def see(self, place: Place, *, anew: bool = False) -> Observation:
        seen, _ = await self.sight.see(IMAGE, (ARM64,), place=place, anew=anew)
        return seen

    async def look(self) -> Observation:
        """What the bot's next look at the only target finds; recorded."""
        [target] = await self._claim()
        result = await check(
            target,
            look=self.eyes.look,
            timeout_s=5,
            clock=self.world.clock,
            rules=Rules(pacing_of(self.settings)),
            chance=0.5,
        )
        async with self.store.transaction() as transaction:
            await transaction.targets.record([result], now=self.world.clock())
        return result.observation

    async def watchers(self) -> list[Place]:
        async with self.store.reading() as transaction:
            return [watch.place for watch in await transaction.watches.active()]

    async def _claim(self) -> list[ClaimedTarget]:
        async with self.store.transaction() as transaction:
            return await transaction.targets.claim(
                capacity=lambda _: 9, limit=9, now=self.world.clock() + SOON, lease_s=30
            )


@asynccontextmanager
async def house(config: Path) -> AsyncIterator[House]:
    settings, world = load_settings(config, {}), World()
    async with storing(settings) as store, looking(settings, world) as eyes:
        sight = sight_of(store, eyes, settings, world)
        yield House(settings, store, eyes, sight, subscriber_of(sight, settings, world), world)


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


def logins_seen(registry: ScriptedRegistry) -> list[str]:
    """The logins that came, each as it was sent."""
    sent = [seen.headers.get("Authorization", "") for seen in registry.seen]
    return [each for each in sent if each.startswith("Basic")]


# -- strangers ------------------------------------------------------------------------------------


async def test_a_stranger_is_told_private_and_the_login_is_not_sent(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)
    await push_image(registry.url, "team/app", "1", ["linux/amd64"], auth=LOGIN.authorization)
    config = write_config(registry.url, *as_lines(LOGIN))

    async with house(config) as bot:
        assert "Watching team/app:1" in await bot.watch(TERMINAL)
        registry.clear_requests()

        answer = await bot.watch(STRANGERS)
        seen = [await bot.see(STRANGERS), await bot.see(STRANGERS, anew=True)]
        watchers = await bot.watchers()
        asked = registry.answers()
        own = await bot.look()

    assert HIDDEN in answer
    assert "amd64" not in answer
    assert [each.status for each in seen] == [Status.DENIED, Status.DENIED]
    assert watchers == [TERMINAL]
    assert {status for _, status in asked} == {401}, "with the login they were 200"
    assert own.status is Status.PRESENT


async def test_a_stranger_alone_makes_no_target(
    scripted: ScriptedRegistry, write_config: WriteConfig
) -> None:
    scripted.require_tokens(
        login=ScriptedLogin(LOGIN.user, LOGIN.password), private=frozenset({"team/app"})
    )
    scripted.push_index("team/app", "1", ["linux/amd64"])

    async with house(write_config(scripted.url, *as_lines(LOGIN))) as bot:
        answer = await bot.watch(STRANGERS)
        async with bot.store.reading() as transaction:
            target = await transaction.targets.find(IMAGE, now=bot.world.clock())

    assert HIDDEN in answer
    assert target is None
    assert logins_seen(scripted) == []


async def test_a_token_got_with_the_login_does_not_serve_strangers(
    scripted: ScriptedRegistry, write_config: WriteConfig
) -> None:
    scripted.require_tokens(
        login=ScriptedLogin(LOGIN.user, LOGIN.password), private=frozenset({"team/app"})
    )
    scripted.push_index("team/app", "1", ["linux/arm64"])
    config = write_config(scripted.url, *as_lines(LOGIN), 'places = ["slack:C1"]')

    async with house(config) as bot:
        allowed = [await bot.see(TERMINAL), await bot.see(TEAM)]
        scripted.clear()
        stranger = await bot.see(STRANGERS)

    assert [each.status for each in allowed] == [Status.PRESENT, Status.PRESENT]
    assert stranger.status is Status.DENIED
    assert logins_seen(scripted) == []


async def test_a_target_that_strangers_watch_too_is_looked_at_anonymously(
    scripted: ScriptedRegistry, write_config: WriteConfig
) -> None:
    desk = scripted.require_tokens(login=ScriptedLogin(LOGIN.user, LOGIN.password))
    scripted.push_index("team/app", "1", ["linux/amd64"])

    async with house(write_config(scripted.url, *as_lines(LOGIN))) as bot:
        await bot.watch(TERMINAL)
        await bot.look()
        own = logins_seen(scripted)
        scripted.clear()

        assert "Watching team/app:1" in await bot.watch(STRANGERS)
        desk.revoke_all()
        shared = [await bot.look(), await bot.look()]

    assert own
    assert [each.status for each in shared] == [Status.PRESENT, Status.PRESENT]
    assert logins_seen(scripted) == []


async def test_what_only_the_login_saw_does_not_come_back_as_unchanged(
    scripted: ScriptedRegistry, write_config: WriteConfig
) -> None:
    """Even from a registry that answers HEADs, but no GETs, without a login."""
    scripted.basic = ScriptedLogin(LOGIN.user, LOGIN.password)
    digest = scripted.push_index("team/app", "1", ["linux/amd64"]).digest
    config = write_config(scripted.url, *as_lines(LOGIN))

    async with house(config) as bot:
        await bot.watch(TERMINAL)
        heads = {"Docker-Content-Digest": digest}
        scripted.will_answer(Answer(200, headers=heads), to=HEAD)
        seen = await bot.see(STRANGERS)

    assert seen.status is Status.DENIED
    assert not seen.entries


async def test_a_stranger_does_not_get_a_watch_while_nothing_clear_is_known(
    scripted: ScriptedRegistry, write_config: WriteConfig
) -> None:
    """Sharing a private target would take the login from those who may use it."""
    scripted.basic = ScriptedLogin(LOGIN.user, LOGIN.password)
    scripted.push_index("team/app", "1", ["linux/amd64"])

    async with house(write_config(scripted.url, *as_lines(LOGIN))) as bot:
        await bot.watch(TERMINAL)
        scripted.will_answer(Answer(500), to=HEAD, times=2)
        answer = await bot.watch(STRANGERS)
        watchers = await bot.watchers()

    assert "Not watching team/app:1" in answer
    assert watchers == [TERMINAL]


async def test_for_repositories_the_login_is_not_for_strangers_are_served_as_anybody(
    scripted: ScriptedRegistry, write_config: WriteConfig
) -> None:
    scripted.require_tokens(login=ScriptedLogin(LOGIN.user, LOGIN.password))
    scripted.push_index("team/app", "1", ["linux/amd64"])
    config = write_config(scripted.url, *as_lines(LOGIN), 'repositories = ["private/**"]')

    async with house(config) as bot:
        await bot.watch(TERMINAL)
        scripted.clear()
        answer = await bot.watch(STRANGERS)

    assert "Watching team/app:1" in answer
    assert scripted.requests == [], "what the terminal has just seen is fresh"


# -- a wrong password -----------------------------------------------------------------------------


async def test_a_wrong_password_costs_the_running_bot_two_requests_and_no_more(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)

    async with BotProcess(write_config(registry.url, *as_lines(WRONG))) as bot:
        for line in ("/watch team/app:1 arm64", "/check team/app:1", "/why team/app:1"):
            before = bot.position
            await bot.say(line)
            await bot.wait_for(
                "does not accept the login I have for it.*"
                r'`password_file` in the \[\[registry\]\] block with host = "docker.io"',
                after=before,
            )
        assert await bot.stop() == 0

    assert registry.answers() == [(HEAD, 401), (HEAD, 401)]
    assert WRONG.password not in bot.transcript + bot.log


async def test_a_script_does_not_wait_for_a_wrong_password_to_become_right(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)
    config = write_config(registry.url, *as_lines(WRONG))

    ended = await archbell("--config", config, "wait", "team/app:1", "arm64", "--timeout", "1h")

    assert ended.code == 3
    assert "does not accept the login I have for it" in ended.errors
    assert registry.answers() == [(HEAD, 401), (HEAD, 401)]
    assert WRONG.password not in ended.output + ended.errors


# -- docker's logins ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Docker:
    """docker's configuration folder, and a helper that keeps the login."""

    folder: Path
    helper: CredentialHelper

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_CONFIG": str(self.folder), "PATH": f"{self.helper.folder}:/usr/bin:/bin"}


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    folder = tmp_path / "docker"
    folder.mkdir()
    content = {"auths": {HUB_KEY: {}}, "credsStore": "vault"}
    (folder / "config.json").write_text(json.dumps(content))
    helper = CredentialHelper(tmp_path / "bin", "vault")
    helper.keeps(HUB_KEY, LOGIN.user, LOGIN.password)
    return Docker(folder, helper)


@pytest.mark.parametrize(
    ("setting", "code"),
    [pytest.param("", 0, id="default"), pytest.param("docker_config = false", 3, id="off")],
)
async def test_the_command_line_uses_what_docker_login_has_kept(
    docker_registry_factory: StartRegistry,
    write_config: WriteConfig,
    docker: Docker,
    setting: str,
    code: int,
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)
    await push_image(registry.url, "team/app", "1", ["linux/arm64"], auth=LOGIN.authorization)
    config = write_config(registry.url, "[network]", setting)

    ended = await archbell(
        "--config", config, "check", "team/app:1", "arm64", environment=docker.environment
    )

    assert ended.code == code, ended.errors
    assert docker.helper.calls == ([HUB_KEY] if code == 0 else [])
    assert LOGIN.password not in ended.output + ended.errors


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        pytest.param("", HIDDEN, id="default"),
        pytest.param("docker_config = true", "team/app:1 has linux/arm64", id="on"),
    ],
)
async def test_the_bot_uses_dockers_logins_only_when_that_is_switched_on(
    docker_registry_factory: StartRegistry,
    write_config: WriteConfig,
    docker: Docker,
    setting: str,
    answer: str,
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)
    await push_image(registry.url, "team/app", "1", ["linux/arm64"], auth=LOGIN.authorization)
    config = write_config(registry.url, "[network]", setting)

    async with BotProcess(config, environment=docker.environment) as bot:
        await bot.say("/watch team/app:1 arm64")
        await bot.wait_for(answer)
        assert await bot.stop() == 0

    assert LOGIN.password not in bot.transcript + bot.log


async def test_a_helper_that_is_missing_is_one_clear_sentence(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, docker: Docker
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)
    (docker.helper.folder / "docker-credential-vault").unlink()
    config = write_config(registry.url)

    ended = await archbell(
        "--config", config, "check", "team/app:1", "arm64", environment=docker.environment
    )

    assert ended.code == 3
    assert "docker-credential-vault is not installed" in ended.errors
    assert "the program that keeps my login for it did not give it" in ended.errors
    assert "Traceback" not in ended.errors
