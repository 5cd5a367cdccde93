"""Whose logins are used, and for what: the configuration's and docker's."""

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app.logins import Logins, logins_of
from bot.app.wiring import registry_settings
from bot.config import RegistryBlock, Settings, load_settings
from bot.core.access import Access
from bot.core.errors import ConfigurationError
from bot.core.model import TERMINAL, Place
from bot.core.reference import parse_reference
from tests.support.credential_helper import CredentialHelper
from tests.support.registry_client import NOW

TEAM = Place("slack", "C1")
HUB = parse_reference("node:22")
GHCR = parse_reference("ghcr.io/team/app:1")
OTHER = parse_reference("quay.io/team/app:1")
AUTH = {"auth": "cm9ib3Q6Y2FuYXJ5"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where docker keeps its configuration."""
    own = tmp_path / "docker"
    own.mkdir()
    return own


def logins(
    folder: Path,
    *lines: str,
    by_operator: bool = False,
    block: str = "",
    **environ: str,
) -> Logins:
    path = folder.parent / "config.toml"
    path.write_text("\n".join(("[network]", *lines, block)))
    settings = load_settings(path, {})
    return logins_of(
        settings,
        by_operator=by_operator,
        environ={"DOCKER_CONFIG": str(folder), **environ},
        clock=lambda: NOW,
    )


def docker_says(folder: Path, name: str = "config.json", **content: object) -> None:
    (folder / name).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("setting", "by_operator", "read"),
    [
        pytest.param("", True, True, id="default-on-the-command-line"),
        pytest.param("", False, False, id="default-for-the-bot"),
        pytest.param("docker_config = true", True, True, id="on-on-the-command-line"),
        pytest.param("docker_config = true", False, True, id="on-for-the-bot"),
        pytest.param("docker_config = false", True, False, id="off-on-the-command-line"),
        pytest.param("docker_config = false", False, False, id="off-for-the-bot"),
        pytest.param('docker_config = "docker/config.json"', False, True, id="a-path"),
    ],
)
async def test_dockers_logins_are_read_where_they_are_wanted(
    folder: Path, setting: str, by_operator: bool, read: bool
) -> None:
    docker_says(folder, auths={"ghcr.io": AUTH})

    found = logins(folder, setting, by_operator=by_operator)

    assert (found.keys is not None) is read
    assert (await found.keys.find("ghcr.io") is not None if found.keys else False) is read


def test_the_environment_can_switch_it_on(folder: Path) -> None:
    docker_says(folder, auths={"ghcr.io": AUTH})
    settings = load_settings(None, {"ARCHBELL_NETWORK__DOCKER_CONFIG": "true"})

    found = logins_of(
        settings, by_operator=False, environ={"DOCKER_CONFIG": str(folder)}, clock=lambda: NOW
    )

    assert found.keys is not None


def test_without_docker_config_the_home_folder_is_looked_into(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder.rename(tmp_path / ".docker")
    docker_says(tmp_path / ".docker", auths={"ghcr.io": AUTH})

    found = logins_of(Settings(), by_operator=True, environ={}, clock=lambda: NOW)

    assert found.keys is not None


async def test_the_bot_runs_helpers_for_named_registries_alone(
    folder: Path, tmp_path: Path
) -> None:
    helper = CredentialHelper(tmp_path / "bin", "vault")
    docker_says(folder, auths={"ghcr.io": {}}, credsStore="vault")
    block = '[[registry]]\nhost = "a.test"'

    found = logins(folder, "docker_config = true", block=block, PATH=str(helper.folder))

    assert found.keys is not None
    for registry in ("ghcr.io", "a.test", "quay.io", "docker.io"):
        await found.keys.find(registry)
    assert helper.calls == ["ghcr.io", "a.test"]


async def test_helpers_do_not_see_our_own_variables(folder: Path, tmp_path: Path) -> None:
    docker_says(folder, credHelpers={"ghcr.io": "spy"})
    spy = tmp_path / "docker-credential-spy"
    spy.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\nprintf '{{}}'\n")
    spy.chmod(0o755)

    found = logins(
        folder,
        "docker_config = true",
        PATH=f"{tmp_path}:/bin:/usr/bin",
        AWS_PROFILE="work",
        ARCHBELL_SLACK__BOT_TOKEN="canary",
    )
    assert found.keys is not None
    await found.keys.find("ghcr.io")

    seen = (tmp_path / "seen").read_text()
    assert "AWS_PROFILE=work" in seen
    assert "canary" not in seen


def test_dockers_logins_serve_the_terminal_and_nobody_else_unless_a_block_says_so(
    folder: Path,
) -> None:
    docker_says(folder, auths={"docker.io": AUTH, "ghcr.io": AUTH})
    block = '[[registry]]\nhost = "ghcr.io"\nplaces = ["slack:*"]\nrepositories = ["team/*"]'

    permits = logins(folder, "docker_config = true", block=block).permits

    assert permits.access(HUB, (TERMINAL,)) is Access.LOGIN
    assert permits.access(HUB, (TEAM,)) is Access.WITHHELD
    assert permits.access(GHCR, (TEAM,)) is Access.LOGIN
    assert permits.access(parse_reference("ghcr.io/a/b:1"), (TEAM,)) is Access.OPEN
    assert permits.access(OTHER, (TEAM,)) is Access.OPEN


def test_on_the_command_line_any_registry_may_have_a_login_of_dockers(folder: Path) -> None:
    docker_says(folder, credsStore="vault")

    permits = logins(folder, by_operator=True).permits

    assert permits.access(OTHER, (TERMINAL,)) is Access.LOGIN


def test_a_block_without_a_login_withholds_nothing(folder: Path) -> None:
    permits = logins(folder, block='[[registry]]\nhost = "ghcr.io"\nrate = 1.0').permits

    assert permits.access(GHCR, (TEAM,)) is Access.OPEN


def test_a_block_with_a_login_is_for_the_terminal_by_default(folder: Path) -> None:
    block = '[[registry]]\nhost = "ghcr.io"\nusername = "robot"\npassword = "canary"'

    permits = logins(folder, block=block).permits

    assert permits.access(GHCR, (TERMINAL,)) is Access.LOGIN
    assert permits.access(GHCR, (TEAM,)) is Access.WITHHELD


def test_a_missing_config_json_is_no_trouble_unless_it_was_asked_for(folder: Path) -> None:
    assert logins(folder, by_operator=True).keys is None
    with pytest.raises(ConfigurationError, match=r"`docker_config`: .*there is no such file"):
        logins(folder, "docker_config = true")


def test_a_broken_config_json_is_told_and_ignored_unless_it_was_asked_for(folder: Path) -> None:
    docker_says(folder, credsStore="no/helper")

    with capture_logs() as logs:
        found = logins(folder, by_operator=True)

    assert found.keys is None
    assert [entry["event"] for entry in logs] == ["docker_config_ignored"]
    with pytest.raises(ConfigurationError, match="`credsStore` names what cannot be a helper"):
        logins(folder, "docker_config = true")


def test_a_config_json_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "config.json").mkdir()

    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        logins(folder, "docker_config = true")


def test_a_password_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    block = RegistryBlock(host="ghcr.io", username="robot", password_file=Path("password"))

    with pytest.raises(
        ConfigurationError, match=r"`registry` block 1, `password_file`: .*not UTF-8"
    ):
        registry_settings(Settings(registry=(block,), folder=tmp_path))
