"""`archbell doctor` as an operator meets it: what is wrong, and what to do about it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from bot.store.database import open_store
from tests.support.canaries import canary
from tests.support.command_line import archbell
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.scripted_tokens import Login, TokenDesk

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there; as the proxy it keeps Docker Hub out of the tests."""
HELLO = Answer(200, {"Content-Type": "application/json"}, b"{}")
LOGIN = Login("robot", canary("password"))
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
WITHOUT_POWER = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({PR_CAPBSET_DROP}, {CAP_DAC_OVERRIDE}, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Goes on as a root to whom the modes of files mean something."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What the doctor said; by subject the first finding."""

    code: int
    findings: dict[str, dict[str, Any]]


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


def config_for(folder: Path, endpoint: str, *lines: str) -> Path:
    path = folder / "config.toml"
    block = [
        "[[registry]]",
        'host = "registry.test"',
        f'endpoint = "{endpoint}"',
        "plain_http = true",
        "allow_private = true",
        *lines,
    ]
    path.write_text("\n".join(block))
    path.chmod(0o600)
    return path


async def examined(folder: Path, config: Path | None = None) -> Examined:
    named: list[str | Path] = ["--config", config] if config is not None else []
    ended = await archbell(
        *named,
        "doctor",
        "--json",
        environment={"ARCHBELL_NETWORK__PROXY": NOWHERE},
        folder=folder,
    )
    assert not ended.errors
    shown = json.loads(ended.output)
    assert shown["healthy"] == (ended.code == 0)
    findings: dict[str, dict[str, Any]] = {}
    for finding in shown["findings"]:
        findings.setdefault(finding["subject"], finding)
    return Examined(ended.code, findings)


async def test_with_nothing_configured_it_says_what_holds_and_what_is_missing(
    tmp_path: Path,
) -> None:
    seen = await examined(tmp_path)

    assert seen.code == 1
    assert "defaults hold" in seen.findings["configuration"]["says"]
    assert "the first start makes it" in seen.findings["database"]["says"]
    assert "the terminal" in seen.findings["chats"]["says"]
    assert seen.findings["docker.io"]["verdict"] == "fault"
    assert "[network] proxy" in seen.findings["docker.io"]["cure"]
    assert seen.findings["clock"]["verdict"] == "warning"
    assert not os.listdir(tmp_path)  # noqa: PTH208 (what is not there cannot block)


async def test_a_healthy_bot_gets_no_fault(tmp_path: Path, registry: ScriptedRegistry) -> None:
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"}
    registry.will_answer(Answer(200, headers, b"{}"), to="GET /v2/")
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}"):
        pass

    seen = await examined(tmp_path, config_for(tmp_path, registry.url))

    assert seen.code == 0
    assert {seen.findings[each]["verdict"] for each in ("configuration", "database", "clock")} == {
        "ok"
    }
    assert "can be written" in seen.findings["database"]["says"]
    assert seen.findings["registry.test"]["verdict"] == "ok"
    assert "76 of 100 pulls left in 6 h" in seen.findings["registry.test"]["says"]
    assert seen.findings["docker.io"]["verdict"] == "warning"
    assert registry.requests == ["GET /v2/"]


async def test_a_login_that_a_token_service_accepts_is_said_to_be_accepted(
    tmp_path: Path, registry: ScriptedRegistry
) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="{registry.url}/token",service="scripted"'}
    granted = json.dumps({"token": canary("token")}).encode()
    registry.serve_tokens(TokenDesk(f"{registry.url}/token", login=LOGIN))
    registry.will_answer(Answer(401, challenge), to="GET /v2/")
    registry.will_answer(Answer(200, {}, granted), to="GET /token")
    registry.will_answer(HELLO, to="GET /v2/")
    config = config_for(
        tmp_path,
        registry.url,
        f'username = "{LOGIN.user}"',
        f'password = "{LOGIN.password}"',
        'repositories = ["team/*"]',
    )

    seen = await examined(tmp_path, config)

    assert "login accepted" in seen.findings["registry.test"]["says"]
    assert registry.requests == ["GET /v2/", "GET /token", "GET /v2/"]
    assert "scope" not in registry.seen[1].query
    assert registry.seen[1].headers["Authorization"] == LOGIN.header


async def test_a_wrong_password_is_told_after_one_try_with_the_block_to_mend(
    tmp_path: Path, registry: ScriptedRegistry
) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="scripted"'}
    registry.will_answer(Answer(401, challenge), to="GET /v2/", times=2)
    wrong = canary("wrong")
    config = config_for(tmp_path, registry.url, 'username = "robot"', f'password = "{wrong}"')

    seen = await examined(tmp_path, config)

    assert seen.code == 1
    assert seen.findings["registry.test"]["says"] == "does not accept the login"
    assert "username and password" in seen.findings["registry.test"]["cure"]
    assert 'host = "registry.test"' in seen.findings["registry.test"]["cure"]
    assert [each.headers.get("Authorization") is None for each in registry.seen] == [True, False]


async def test_a_registry_that_wants_a_login_nobody_gave_is_a_warning(
    tmp_path: Path, registry: ScriptedRegistry
) -> None:
    registry.will_answer(Answer(401, {"WWW-Authenticate": 'Basic realm="x"'}), to="GET /v2/")

    seen = await examined(tmp_path, config_for(tmp_path, registry.url))

    assert seen.code == 0
    assert seen.findings["registry.test"]["verdict"] == "warning"
    assert "write a login into" in seen.findings["registry.test"]["cure"]


async def test_an_unreachable_registry_is_told_with_where_to_look(tmp_path: Path) -> None:
    seen = await examined(tmp_path, config_for(tmp_path, NOWHERE))

    assert seen.code == 1
    assert seen.findings["registry.test"]["verdict"] == "fault"
    assert "cannot connect" in seen.findings["registry.test"]["says"]
    assert "firewall" in seen.findings["registry.test"]["cure"]


@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        pytest.param(timedelta(hours=1), "60 min slow", id="ours-is-slow"),
        pytest.param(timedelta(hours=-1), "60 min fast", id="ours-is-fast"),
    ],
)
async def test_a_clock_that_is_off_by_an_hour_is_told_with_how_to_set_it(
    tmp_path: Path, registry: ScriptedRegistry, ahead: timedelta, says: str
) -> None:
    date = {"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True)}
    registry.will_answer(Answer(200, date, b"{}"), to="GET /v2/")

    seen = await examined(tmp_path, config_for(tmp_path, registry.url))

    assert seen.code == 1
    assert says in seen.findings["clock"]["says"]
    assert "timedatectl" in seen.findings["clock"]["cure"]


async def test_a_read_only_database_is_told_with_whom_to_let_write(tmp_path: Path) -> None:
    database = tmp_path / "archbell.db"
    async with open_store(f"sqlite:///{database}"):
        pass
    database.chmod(0o444)
    if IS_ROOT:
        os.chown(database, 65534, 65534)

    ended = await archbell(
        "doctor",
        before=(sys.executable, "-c", WITHOUT_POWER) if IS_ROOT else (sys.executable,),
        environment={"ARCHBELL_NETWORK__PROXY": NOWHERE},
        folder=tmp_path,
    )

    assert ended.code == 1
    assert f"fault   database: {database}: the database cannot be written" in ended.output
    assert "→ let the user that archbell runs as write" in ended.output


async def test_mistakes_in_the_configuration_are_all_told_and_end_the_examination(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[schedule]\nfast = 1\nmax_s = 0\n")

    ended = await archbell("--config", config, "doctor", folder=tmp_path)

    assert ended.code == 1
    assert "fault   configuration: `schedule`, `fast`: unknown setting" in ended.output
    assert "`schedule`, `max_s`" in ended.output
    assert "→ mend it, then archbell config check" in ended.output
    assert not ended.errors


async def test_on_a_terminal_it_shows_what_it_is_at(
    tmp_path: Path, registry: ScriptedRegistry
) -> None:
    registry.will_answer(HELLO, to="GET /v2/")
    config = config_for(tmp_path, registry.url)
    words = f"{sys.executable} -m bot --config {config} doctor"

    process = await asyncio.create_subprocess_exec(
        *("script", "-qec", words, "/dev/null"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "ARCHBELL_NETWORK__PROXY": NOWHERE, "TERM": "xterm"},
    )
    shown, _ = await process.communicate()

    assert "examining …" in shown.decode()
    assert "registry.test" in shown.decode()
