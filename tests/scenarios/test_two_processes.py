"""Several bot processes over one database: each tag looked at once, and nobody's death matters."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.running import ANSWER_S
from bot.core.model import TERMINAL
from bot.core.platform import parse_platform
from bot.core.reference import Reference, parse_reference
from bot.flows.explain import EXPLAINING_S
from bot.ports.outbox import OutboxEntry
from bot.ports.watches import NewWatch
from bot.store.database import SqlStore, open_store
from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import push_image
from tests.support.postgres import PostgresServer
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry

ARM64 = parse_platform("arm64")
LEASE_S = 7.0
MARGIN_S = 8.0
# A command's lease lasts as long as its look and its explanation may take.
COMMAND_LEASE_S = 2 + EXPLAINING_S + ANSWER_S
"""What a poll, the work itself and a busy machine add."""
TAGS = [str(number) for number in range(1, 25)]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as made:
        yield made


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with open_store(url) as opened:
        yield opened


def process(config: Path, url: str, *only: str, **settings: str) -> BotProcess:
    """A bot that says what it looks at."""
    roles = [word for role in only for word in ("--only", role)]
    return BotProcess(
        command=[sys.executable, "-m", "bot", "--config", config, "-vv", "run", *roles],
        environment={
            "ARCHBELL_DATABASE__URL": url,
            "ARCHBELL_LOOKS__TIMEOUT_S": "2",
            "ARCHBELL_LOOKS__LEASE_S": f"{LEASE_S:.0f}",
            **settings,
        },
    )


async def started(*bots: BotProcess) -> None:
    """Return when all of them work; a busy machine takes its time."""
    for bot in bots:
        await bot.wait_for_log("started", timeout_s=90)


@contextmanager
def frozen(bot: BotProcess) -> Iterator[None]:
    """It does nothing while the block runs."""
    os.kill(bot.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(bot.pid, signal.SIGCONT)


async def watch(store: SqlStore, *tags: str) -> None:
    """Have the terminal watch node's tags for arm64, due now."""
    for tag in tags:
        now = datetime.now(UTC)
        new = NewWatch(
            reference=node(tag),
            place=TERMINAL,
            platforms=(ARM64,),
            met={},
            person="you",
            standing=False,
            expires_at=None,
            observation=None,
            source="chat",
            due_at=now,
        )
        async with store.transaction() as transaction:
            await transaction.watches.add(new, now=now)


def node(tag: str) -> Reference:
    return parse_reference(f"node:{tag}")


def looks_of(bot: BotProcess) -> Counter[str]:
    """How often it has looked at each tag."""
    return Counter(re.findall(r"docker\.io/library/node:(\w+)", "\n".join(_looked(bot))))


def _looked(bot: BotProcess) -> list[str]:
    return [line for line in bot.log.splitlines() if "looked" in line]


async def until_looked(bots: Sequence[BotProcess], expected: Counter[str]) -> None:
    async with asyncio.timeout(45):
        while sum((looks_of(bot) for bot in bots), Counter()) < expected:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def heads(registry: DockerRegistry) -> Counter[str]:
    """Requests for tags in the registry's own log."""
    found = (re.fullmatch(r"(?:HEAD|GET) \S+/manifests/(\w+)", r) for r in registry.requests())
    return Counter(match[1] for match in found if match)


async def test_two_processes_look_at_each_tag_once_and_share_hints(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, url: str, store: SqlStore
) -> None:
    registry = await docker_registry_factory()
    for tag in TAGS:
        await push_image(registry.url, "library/node", tag, ["linux/amd64"])
    registry.clear_requests()
    config = write_config(registry.url)
    rarely = {"ARCHBELL_SCHEDULE__FAST_S": "600"}

    async with process(config, url, "looks", **rarely) as one:
        async with process(config, url, "looks", **rarely) as two:
            await started(one, two)
            await watch(store, *TAGS)
            await until_looked((one, two), Counter(TAGS))
            first_round = heads(registry)
            for _ in range(3):
                registry.clear_requests()
                before = looks_of(one) + looks_of(two)
                for tag in TAGS:
                    async with store.transaction() as transaction:
                        now = datetime.now(UTC)
                        assert await transaction.targets.hint(node(tag), digest=None, now=now)
                await until_looked((one, two), before + Counter(TAGS))
            last_round = heads(registry)
            assert await two.stop() == 0
        assert await one.stop() == 0

    everything = looks_of(one) + looks_of(two)
    assert everything == Counter(dict.fromkeys(TAGS, 4))
    assert looks_of(one).total() > 0
    assert looks_of(two).total() > 0
    assert set(first_round) == set(last_round) == set(TAGS)
    assert last_round == Counter(TAGS), "one HEAD a tag and hint"


async def test_what_a_registry_tells_one_process_holds_for_the_other(
    write_config: WriteConfig, url: str, store: SqlStore
) -> None:
    async with scripted_registry() as registry:
        for tag in TAGS:
            registry.push_index("library/node", tag, ["linux/amd64"])
        refusal = Answer(429, headers={"Retry-After": "12"})
        registry.will_answer(refusal, to="HEAD /v2/library/node/manifests/1")
        config = write_config(registry.url)
        async with process(config, url, "looks") as one, process(config, url, "looks") as two:
            await started(one, two)
            await watch(store, "1")
            told, learnt = await _who_was_told(one, two)
            await learnt.wait_for_log("registry_parked_by_another", timeout_s=MARGIN_S)
            asked = list(registry.requests)
            await watch(store, *TAGS[1:])

            until = await _parked_until(store)
            left_s = (until - datetime.now(UTC)).total_seconds()
            assert left_s > 1, "the test came too late to see anything"
            await asyncio.sleep(left_s - 0.2)
            during = registry.requests[len(asked) :]
            await until_looked((one, two), Counter(TAGS))

    assert during == []
    assert told is not learnt


async def _who_was_told(one: BotProcess, two: BotProcess) -> tuple[BotProcess, BotProcess]:
    async with asyncio.timeout(30):
        while True:
            for bot, other in ((one, two), (two, one)):
                if re.search(r"registry_parked\b", bot.log):
                    return bot, other
            await asyncio.sleep(0.02)


async def _parked_until(store: SqlStore) -> datetime:
    async with store.reading() as transaction:
        [state] = await transaction.registries.load()
    assert state.parked_until is not None
    return state.parked_until


async def test_a_look_whose_process_is_killed_is_repeated_by_the_other_after_its_lease(
    write_config: WriteConfig, url: str, store: SqlStore
) -> None:
    async with scripted_registry() as registry:
        registry.push_index("library/node", "22", ["linux/amd64", "linux/arm64"])
        registry.will_answer(Answer(never=True), to="HEAD /v2/library/node/manifests/22")
        config = write_config(registry.url)
        async with process(config, url, "looks") as victim, process(config, url, "looks") as other:
            await started(victim, other)
            with frozen(other):
                claimed_at = asyncio.get_running_loop().time()
                await watch(store, "22")
                await _asked(registry)
                await victim.kill()
            owed = await _first_owed(store)
            took_s = asyncio.get_running_loop().time() - claimed_at

    print(f"taken over {took_s:.1f} s after the claim; the lease is {LEASE_S:.0f} s")
    assert took_s <= LEASE_S + MARGIN_S
    assert "arm64 appeared" in owed.about


async def _first_owed(store: SqlStore) -> OutboxEntry:
    async with asyncio.timeout(LEASE_S + 2 * MARGIN_S):
        while True:
            async with store.reading() as transaction:
                entries = await transaction.outbox.entries(limit=9, include_sent=True)
            if entries:
                return entries[0]
            await asyncio.sleep(0.05)


async def _asked(registry: ScriptedRegistry) -> None:
    async with asyncio.timeout(30):
        while not registry.requests:  # noqa: ASYNC110  not our process
            await asyncio.sleep(0.02)


async def test_a_command_whose_process_is_killed_is_answered_by_the_other(
    write_config: WriteConfig, url: str, store: SqlStore
) -> None:
    async with scripted_registry() as registry:
        registry.push_index("library/node", "22", ["linux/amd64"])
        registry.will_answer(Answer(never=True), to="HEAD /v2/library/node/manifests/22")
        config = write_config(registry.url)
        async with (
            process(config, url, "chats,delivery") as terminal,
            process(config, url, "commands") as victim,
            process(config, url, "commands") as other,
        ):
            await started(terminal, victim, other)
            with frozen(other):
                await terminal.say("/check node:22 arm64")
                await _asked(registry)
                await victim.kill()
            await terminal.wait_for(
                "node:22 has no linux/arm64", timeout_s=COMMAND_LEASE_S + MARGIN_S
            )
            assert await other.stop() == 0
            assert await terminal.stop() == 0


async def test_each_role_in_a_process_of_its_own_does_the_main_job_once(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, url: str
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    config = write_config(registry.url)
    async with (
        process(config, url, "chats", "delivery") as terminal,
        process(config, url, "commands") as commands,
        process(config, url, "looks") as one,
        process(config, url, "looks") as two,
    ):
        await started(terminal, commands, one, two)
        await terminal.say("/watch node:22 arm64")
        await terminal.wait_for(r"👀 Watching node:22 for linux/arm64 \(#1\)")
        await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
        await terminal.wait_for("✅ linux/arm64 is there: node:22")
        await terminal.say("/list")
        await terminal.wait_for("Nothing is watched here")

    assert terminal.transcript.count("✅") == 1


# -- over one SQLite file -------------------------------------------------------------------------


async def test_a_second_run_over_the_same_file_is_refused_with_what_to_do(
    write_config: WriteConfig,
) -> None:
    config = write_config("http://127.0.0.1:1")
    async with BotProcess(config) as first:
        await first.say("/help")
        await first.wait_for("I tell you when", timeout_s=90)
        async with BotProcess(config) as second:
            assert await second.ended(timeout_s=90) == 3
        await first.kill()
        async with BotProcess(config) as third:
            await third.say("/help")
            await third.wait_for("I tell you when", timeout_s=90)

    assert re.fullmatch(
        r"archbell: \S+bot\.db: another `archbell run` does looks and .*PostgreSQL.*\n", second.log
    )


async def test_different_roles_may_share_a_file(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config("http://127.0.0.1:1")
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    async with process(config, url, "chats,delivery") as terminal:
        await started(terminal)
        async with process(config, url, "commands") as commands:
            await started(commands)
            await terminal.say("/help")
            await terminal.wait_for("I tell you when", timeout_s=2 * MARGIN_S)
            assert await commands.stop() == 0
        assert await terminal.stop() == 0


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        pytest.param("lokks", r"'lokks' is no role: type one or more of looks, deliv", id="typo"),
        pytest.param(",", r"--only names no role", id="nothing"),
        pytest.param("web", r"nothing is to be served; set enabled", id="nothing to serve"),
    ],
)
async def test_a_role_that_cannot_be_done_is_refused_with_the_choice(
    write_config: WriteConfig, only: str, sentence: str
) -> None:
    config = write_config("http://127.0.0.1:1")

    async with BotProcess(
        command=[sys.executable, "-m", "bot", "--config", config, "run", "--only", only]
    ) as bot:
        code = await bot.ended(timeout_s=90)

    assert code == 2
    assert re.search(sentence, bot.log)
    assert "Traceback" not in bot.log
