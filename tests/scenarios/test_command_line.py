"""The command line as scripts meet it: exit codes, JSON, one sentence for each error."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.command_line import archbell
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image


@pytest.mark.parametrize(
    ("platforms", "code"),
    [
        pytest.param(["amd64"], 0, id="all-there"),
        pytest.param(["amd64", "arm64"], 1, id="one-missing"),
        pytest.param(["arm65"], 2, id="no-such-platform"),
    ],
)
async def test_check_exits_as_documented(
    docker_registry_factory: StartRegistry,
    write_config: WriteConfig,
    platforms: list[str],
    code: int,
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])

    ended = await archbell("--config", write_config(registry.url), "check", "node:22", *platforms)

    assert ended.code == code
    assert "Traceback" not in ended.errors


async def test_check_gives_json(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)

    ended = await archbell("--config", config, "check", "node:22", "amd64", "arm64", "--json")

    assert json.loads(ended.output)["platforms"] == {
        "linux/amd64": "present",
        "linux/arm64": "absent",
    }


async def test_check_of_a_registry_that_is_down_exits_3_with_one_sentence(
    write_config: WriteConfig,
) -> None:
    ended = await archbell("--config", write_config("http://127.0.0.1:9"), "check", "node:22")

    assert ended.code == 3
    assert ended.errors.startswith("archbell: docker.io")
    assert len(ended.errors.splitlines()) == 1


async def test_wait_returns_when_the_platform_comes(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)

    waiting = asyncio.ensure_future(archbell("--config", config, "wait", "node:22", "arm64"))
    await registry.wait_for_request("HEAD /v2/library/node/manifests/22", count=2)
    await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
    ended = await waiting

    assert ended.code == 0
    assert "Missing: arm64" in ended.errors


async def test_wait_exits_1_when_time_is_up(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)

    ended = await archbell("--config", config, "wait", "node:22", "arm64", "--timeout", "1s")

    assert ended.code == 1


async def test_watches_are_made_listed_and_stopped(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)

    made = await archbell("--config", config, "watch", "node:22", "arm64")
    listed = await archbell("--config", config, "list", "--json")
    table = await archbell("--config", config, "list")
    stopped = await archbell("--config", config, "unwatch", "#1")
    again = await archbell("--config", config, "unwatch", "#1")
    outbox = await archbell("--config", config, "outbox")

    assert made.code == 0
    assert json.loads(listed.output)[0]["platforms"] == {"linux/arm64": "waiting"}
    assert "node:22" in table.output
    assert stopped.code == 0
    assert again.code == 1
    assert outbox.output == "Nothing is waiting to go out.\n"


async def test_patterns_are_followed_listed_and_stopped(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)

    made = await archbell("--config", config, "watch", "node:2*", "arm64")
    await archbell("--config", config, "watch", "node:1*", "arm64", "--place", "terminal")
    refused = await archbell("--config", config, "watch", "node:2*", "arm64", "--keep")
    table = await archbell("--config", config, "list")
    one = await archbell("--config", config, "unwatch", "node:2*")
    listed = await archbell("--config", config, "list", "--json")
    rest = await archbell("--config", config, "unwatch", "all")
    again = await archbell("--config", config, "unwatch", "node:1*")

    assert (made.code, refused.code, one.code, rest.code, again.code) == (0, 1, 0, 0, 1)
    assert "1 tag fits already" in made.output
    assert "archbell unwatch 'node:2*'" in made.output
    assert "as before: archbell list" in one.output
    assert "node:2*: new tags, for linux/arm64" in table.output
    assert [each["pattern"] for each in json.loads(listed.output)] == ["docker.io/library/node:1*"]
    assert "Stopped watching for new tags that fit node:1*" in rest.output


async def test_a_retry_of_an_unknown_message_is_one_sentence(write_config: WriteConfig) -> None:
    config = write_config("http://127.0.0.1:9")

    ended = await archbell("--config", config, "outbox", "retry", "nothing")

    assert ended.code == 1
    assert len(ended.errors.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "list"])
async def test_a_database_that_is_none_is_one_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "bot.db").write_bytes(b"not a database " * 100)
    url = {"ARCHBELL_DATABASE__URL": f"sqlite:///{tmp_path / 'bot.db'}"}

    ended = await archbell(command, environment=url)

    assert ended.code == 3
    assert ended.errors.startswith("archbell: ")
    assert "Traceback" not in ended.errors


async def test_mistakes_in_the_configuration_are_told_all_at_once(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[schedule]\nfast = 1\n[[registry]]\nhost = "HTTP://x"\n')

    ended = await archbell("--config", config, "list")

    assert ended.code == 2
    assert "`fast`" in ended.errors
    assert "`registry` block 1, `host`" in ended.errors


async def test_help_and_version_are_there() -> None:
    shown, version = await archbell("--help"), await archbell("--version")

    assert "check" in shown.output
    assert version.output.startswith("archbell ")
