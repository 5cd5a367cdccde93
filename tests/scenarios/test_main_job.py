"""From /watch to the alert: the bot as a process, over the real docker-registry."""

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import push_image
from tests.support.registry_settings import Login
from tests.support.token_server import TokenServer

TAG = "22.15-bullseye-slim"
IMAGE = f"node:{TAG}"
HEAD = f"HEAD /v2/library/node/manifests/{TAG}"
LOGIN = Login("reader", "canary-7f3a")


async def _grow(registry: DockerRegistry, *platforms: str, auth: str | None = None) -> str:
    pushed = await push_image(registry.url, "library/node", TAG, platforms, auth=auth)
    return pushed.children.get("linux/arm64", "")


async def _alerted_once(
    config_of: WriteConfig,
    watched: DockerRegistry,
    grown: DockerRegistry,
    *more: str,
    auth: str | None = None,
) -> BotProcess:
    """Watch, let arm64 arrive, read the alert, and give the ended process for further claims."""
    await _grow(grown, "linux/amd64", auth=auth)
    async with BotProcess(config_of(watched.url, *more), fresh=True) as bot:
        await bot.say(f"/watch {IMAGE} arm64")
        await bot.wait_for(rf"👀 Watching {IMAGE} for linux/arm64 \(#1\)")
        await bot.wait_for(r"amd64.*[Mm]issing.*arm64")

        digest = await _grow(grown, "linux/amd64", "linux/arm64", auth=auth)
        alert = await bot.wait_for(rf"✅ linux/arm64 is there: {IMAGE}")
        await bot.wait_for(rf"docker pull --platform linux/arm64 {IMAGE}", after=alert.start())
        await bot.wait_for(rf"{digest[:19]}.*waited \d+ s", after=alert.start())

        assert await bot.stop() == 0
    return bot


async def test_arm64_is_told_once_and_never_again(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()

    first = await _alerted_once(write_config, registry, registry)
    registry.clear_requests()
    async with BotProcess(write_config(registry.url), fresh=True) as second:
        await second.say("/list")
        await second.wait_for("Nothing is watched here")
        assert await second.stop() == 0

    assert first.transcript.count("✅") == 1
    assert "✅" not in second.transcript
    assert registry.requests() == []


async def test_the_main_job_with_basic_auth(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory(auth=LOGIN)

    bot = await _alerted_once(
        write_config,
        registry,
        registry,
        f'username = "{LOGIN.user}"',
        f'password = "{LOGIN.password}"',
        auth=LOGIN.authorization,
    )

    assert bot.transcript.count("✅") == 1
    assert LOGIN.password not in bot.transcript + bot.log


async def test_the_main_job_with_token_auth(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    async with TokenServer() as tokens:
        registry = await docker_registry_factory(auth=tokens.registry_auth)

        bot = await _alerted_once(
            write_config,
            registry,
            registry,
            f'auth_hosts = ["{tokens.host}"]',
            auth=tokens.authorization("library/node"),
        )

    assert bot.transcript.count("✅") == 1


async def test_the_main_job_through_a_pull_through_cache(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    upstream = await docker_registry_factory()
    cache = await docker_registry_factory(proxy_of=upstream.url)

    bot = await _alerted_once(write_config, cache, upstream)

    assert bot.transcript.count("✅") == 1


async def test_a_watch_survives_kill_9_and_is_alerted_by_the_next_life(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await _grow(registry, "linux/amd64")
    config = write_config(registry.url)
    async with BotProcess(config) as first:
        await first.say(f"/watch {IMAGE} arm64")
        await first.wait_for("👀 Watching")
        await first.kill()

    await _grow(registry, "linux/amd64", "linux/arm64")
    async with BotProcess(config) as second:
        await second.wait_for("✅ linux/arm64 is there", timeout_s=45)
        assert await second.stop() == 0

    assert second.transcript.count("✅") == 1
