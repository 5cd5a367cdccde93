"""What the doctor makes of what it sees; the scenarios show it over real servers."""

import asyncio
import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.doctor import Finding, Round, Verdict, examine
from bot.app.doctor.chats import slack_findings
from bot.app.doctor.machine import (
    FULL_BYTES,
    SCARCE_BYTES,
    clock_finding,
    database_findings,
    judged_space,
)
from bot.app.doctor.posts import late_post_finding
from bot.app.doctor.registries import late_finding, registry_finding
from bot.app.world import World
from bot.chat.slack.examining import SlackFacts
from bot.chat.trial import ACCEPTED
from bot.config import load_settings
from bot.core.errors import (
    EgressRefused,
    LoginUnavailable,
    RateLimited,
    RegistryError,
    TransportFailure,
)
from bot.net.limits import Budget
from bot.ports.figures import NO_FIGURES
from bot.registry.greeting import Greeting
from bot.store.inspection import upgrade_store
from bot.web.hooks import Hook, Hooks
from bot.web.server import serving
from tests.support.canaries import canary
from tests.support.chat_faults import STALL_BEFORE
from tests.support.postgres import PostgresServer
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.slack_server import slack_server
from tests.support.webhook_receiver import webhook_receiver

HOST = "registry.test"
FINE = Greeting(
    HOST, status=200, trouble=None, login=None, was_shown=False, clock_ahead_s=0.5, budget=None
)


@pytest.mark.parametrize(
    ("free_bytes", "verdict"),
    [
        pytest.param(FULL_BYTES - 1, Verdict.FAULT, id="nearly-full"),
        pytest.param(SCARCE_BYTES - 1, Verdict.WARNING, id="scarce"),
        pytest.param(SCARCE_BYTES, Verdict.OK, id="enough"),
    ],
)
def test_space_is_judged_by_what_is_left(free_bytes: int, verdict: Verdict) -> None:
    finding = judged_space(Path("/data"), free_bytes)

    assert finding.verdict is verdict
    assert ("make room" in finding.cure) == (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("leads", "verdict", "says"),
    [
        pytest.param([60.0], Verdict.OK, "agrees with a registry's", id="a-minute"),
        pytest.param([61.0], Verdict.FAULT, "61 s slow", id="more-than-a-minute"),
        pytest.param([-7200.0], Verdict.FAULT, "2.0 h fast", id="hours"),
        pytest.param([0.0, 1.0, 90000.0], Verdict.OK, "those of 3", id="one-registry-is-wrong"),
        pytest.param([None], Verdict.WARNING, "not compared", id="nobody-tells"),
    ],
)
def test_the_clock_is_judged_by_the_middle_of_the_registries(
    leads: list[float | None], verdict: Verdict, says: str
) -> None:
    finding = clock_finding([replace(FINE, clock_ahead_s=lead) for lead in leads])

    assert finding.verdict is verdict
    assert says in finding.says


@pytest.mark.parametrize(
    ("trouble", "verdict", "cure"),
    [
        pytest.param(
            TransportFailure(HOST, "a greeting: the certificate is not trusted"),
            Verdict.FAULT,
            "ca_file",
            id="certificate",
        ),
        pytest.param(
            EgressRefused(HOST, "not a public address"),
            Verdict.FAULT,
            "allow_private = true",
            id="private-address",
        ),
        pytest.param(
            RateLimited(HOST, "429", retry_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
            Verdict.WARNING,
            "wait until 03:04 UTC",
            id="rate-limited",
        ),
        pytest.param(
            LoginUnavailable(HOST, "private"), Verdict.FAULT, "credHelpers", id="helper-failed"
        ),
    ],
)
def test_each_trouble_of_a_registry_has_its_cure(
    trouble: RegistryError, verdict: Verdict, cure: str
) -> None:
    greeting = replace(FINE, status=None, trouble=trouble)

    finding = registry_finding(greeting, is_configured=True, is_needed=True)

    assert finding.verdict is verdict
    assert cure in finding.cure
    assert "a greeting" not in finding.says


@pytest.mark.parametrize("is_needed", [True, False], ids=["needed", "not-needed"])
def test_a_registry_nobody_needs_is_no_fault(is_needed: bool) -> None:
    silent = replace(FINE, status=None, trouble=TransportFailure(HOST, "cannot connect"))

    found = registry_finding(silent, is_configured=False, is_needed=is_needed)
    late = late_finding(HOST, seconds=10, is_needed=is_needed)

    assert {found.verdict, late.verdict} == {Verdict.FAULT if is_needed else Verdict.WARNING}
    assert "no answer within 10 s" in late.says


@pytest.mark.parametrize("is_configured", [True, False], ids=["configured", "well-known"])
def test_what_is_no_registry_is_told(is_configured: bool) -> None:
    other = replace(FINE, status=404)

    finding = registry_finding(other, is_configured=is_configured, is_needed=True)

    assert finding.verdict is Verdict.WARNING
    assert "answers 404" in finding.says
    assert ("`endpoint`" if is_configured else "a proxy") in finding.cure


def test_few_pulls_left_are_a_warning() -> None:
    low = replace(FINE, budget=Budget(100, 20, None))

    finding = registry_finding(low, is_configured=True, is_needed=True)

    assert finding.verdict is Verdict.WARNING
    assert finding.says.endswith("20 of 100 pulls left")
    assert "password_file" in finding.cure


def test_a_login_that_was_not_asked_for_is_not_said_to_be_accepted() -> None:
    unasked = replace(FINE, login="docker")

    finding = registry_finding(unasked, is_configured=True, is_needed=True)

    assert "did not ask for the login" in finding.says


async def test_a_database_that_cannot_even_be_looked_for_has_a_cure() -> None:
    settings = load_settings(None, {"ARCHBELL_DATABASE__URL": f"sqlite:////tmp/{'n' * 300}.db"})

    [database] = await database_findings(settings)

    assert database.verdict is Verdict.FAULT
    assert "cannot be reached" in database.says
    assert "enter its folder" in database.cure


async def test_an_empty_database_of_a_server_is_not_said_to_be_made_by_the_first_start(
    postgres: PostgresServer,
) -> None:
    async with postgres.database(empty=True) as url:
        [database] = await database_findings(load_settings(None, {"ARCHBELL_DATABASE__URL": url}))

    assert database.verdict is Verdict.OK
    assert "is empty; the first start makes its tables" in database.says


async def test_what_a_database_server_says_in_its_own_words_has_a_cure_too(
    postgres: PostgresServer,
) -> None:
    await postgres.execute("CREATE DATABASE closed ALLOW_CONNECTIONS false")
    settings = load_settings(None, {"ARCHBELL_DATABASE__URL": postgres.url("closed")})

    [database] = await database_findings(settings)
    await postgres.execute("DROP DATABASE closed")

    assert database.verdict is Verdict.FAULT
    assert "not currently accepting connections" in database.says
    assert "[database] url" in database.cure


async def test_an_old_schema_is_a_warning_with_the_command_that_mends_it(tmp_path: Path) -> None:
    settings = load_settings(
        None, {"ARCHBELL_DATABASE__URL": f"sqlite:///{tmp_path / 'archbell.db'}"}
    )
    await upgrade_store(f"sqlite:///{tmp_path / 'archbell.db'}")
    with closing(sqlite3.connect(tmp_path / "archbell.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()

    database, disk = await database_findings(settings)

    assert database.verdict is Verdict.WARNING
    assert "version 0001" in database.says
    assert "archbell db upgrade" in database.cure
    assert disk.subject == "disk"


async def test_nothing_is_examined_for_longer_than_it_may_take(tmp_path: Path) -> None:
    done: list[str] = []
    path = tmp_path / "config.toml"
    async with scripted_registry() as registry:
        registry.will_answer(Answer(never=True), to="GET /v2/", times=2)
        path.write_text(
            f'[[registry]]\nhost = "docker.io"\nendpoint = "{registry.url}"\n'
            "plain_http = true\nallow_private = true\n"
        )
        going = Round(path, {}, World(), at_most_s=0.3)

        async with asyncio.timeout(30):
            findings = await examine(going, done.append)

    [hub] = [finding for finding in findings if finding.subject == "docker.io"]
    assert hub.verdict is Verdict.FAULT
    assert "no answer within 0.3 s" in hub.says
    assert sorted(done) == ["database", "docker.io"]


async def test_a_chat_that_hangs_is_given_up_like_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    async with slack_server() as slack, scripted_registry() as registry:
        registry.will_answer(Answer(200, {}, b"{}"), to="GET /v2/", times=2)
        slack.faults.next("auth.test", STALL_BEFORE)
        path.write_text(
            f'[slack]\nbot_token = "{slack.bot_token}"\napp_token = "{slack.app_token}"\n'
            f'api_url = "{slack.url}/api"\n'
            f'[[registry]]\nhost = "docker.io"\nendpoint = "{registry.url}"\n'
            "plain_http = true\nallow_private = true\n"
        )
        going = Round(path, {}, World(), at_most_s=0.5)

        async with asyncio.timeout(30):
            findings = await examine(going, lambda _: None)

    [told] = [finding for finding in findings if finding.subject == "Slack"]
    assert told.verdict is Verdict.FAULT
    assert "no answer within 0.5 s" in told.says
    assert "api_url" in told.cure


def test_scopes_that_slack_does_not_tell_are_not_judged() -> None:
    facts = SlackFacts(ACCEPTED, None, team="Team", name="archbell", scopes=None)

    findings = list(slack_findings(facts, load_settings(None, {})))

    assert {finding.verdict for finding in findings} == {Verdict.OK}
    assert len(findings) == 2


def config_with(folder: Path, registry: ScriptedRegistry, *lines: str) -> Path:
    path = folder / "config.toml"
    hub = (
        "[[registry]]",
        'host = "docker.io"',
        f'endpoint = "{registry.url}"',
        "plain_http = true",
        "allow_private = true",
    )
    path.write_text("\n".join((*lines, *hub)))
    return path


HOOK = (
    "[[hook]]",
    'name = "mine"',
    'kind = "generic"',
    f'secret = "{canary("hook-secret-for-the-doctor")}"',
)


async def findings_with(folder: Path, subject: str, *lines: str) -> list[Finding]:
    async with scripted_registry() as registry:
        registry.will_answer(Answer(200, {}, b"{}"), to="GET /v2/", times=2)
        path = config_with(folder, registry, *lines)
        going = Round(path, {}, World(), at_most_s=5)
        findings = await examine(going, lambda _: None)
    return [finding for finding in findings if finding.subject == subject]


def served(*hooks: Hook) -> AbstractAsyncContextManager[str]:
    known = Hooks(hooks, hint=lambda _pushed, _hook: True, figures=NO_FIGURES, clock=World().clock)
    return serving(known.routes(), host="127.0.0.1", port=0)


async def test_hooks_are_told_and_whether_the_bot_knows_them(tmp_path: Path) -> None:
    async with served() as url:
        port = url.rpartition(":")[2]
        known = await findings_with(tmp_path, "hooks", "[server]", f"port = {port}", *HOOK)
    nobody = await findings_with(tmp_path, "hooks", "[server]", f"port = {port}", *HOOK)
    anywhere = await findings_with(tmp_path, "hooks", "[server]", "port = 0", *HOOK)

    assert "any registry at /hooks/mine" in known[0].says
    assert "the bot listens on" in known[1].says
    assert "nothing listens on" in nobody[1].says
    assert (anywhere[1].verdict, anywhere[1].cure) == (Verdict.WARNING, "set [server] port")


async def test_what_else_has_the_port_of_the_hooks_is_told(tmp_path: Path) -> None:
    async with serving([], host="127.0.0.1", port=0) as url:
        port = url.rpartition(":")[2]
        [_, found] = await findings_with(tmp_path, "hooks", "[server]", f"port = {port}", *HOOK)

    assert found.verdict is Verdict.FAULT
    assert "takes no posts for hooks" in found.says
    assert "start it anew" in found.cure


@pytest.mark.parametrize("is_there", [True, False], ids=["there", "away"])
async def test_a_webhook_is_reached_and_nothing_is_posted_there(
    tmp_path: Path, is_there: bool
) -> None:
    async with webhook_receiver() as receiver:
        url = receiver.url if is_there else "http://127.0.0.1:9"
        block = (
            "[[webhook]]",
            'name = "nightly"',
            f'url = "{url}/in"',
            "allow_private = true",
            f'secret = "{canary("posted")}"',
        )
        [found] = await findings_with(tmp_path, "webhook:nightly", *block)

    assert found.verdict is (Verdict.OK if is_there else Verdict.FAULT)
    assert ("can be reached" if is_there else "it cannot be reached") in found.says
    assert receiver.posted == []


async def test_a_webhook_that_hangs_is_given_up() -> None:
    assert late_post_finding("webhook:nightly", seconds=5).verdict is Verdict.FAULT
