"""Everything around the bot breaks: registries, the database, the disk. Nothing gets lost by it."""

import asyncio
import gzip
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.command_line import Ended, archbell
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry

pytestmark = pytest.mark.timeout(240)

MIB = 1024 * 1024
NODE = "library/node"
HEAD = f"HEAD /v2/{NODE}/manifests/22"
APP = "team/app"
ALWAYS = 1000
BOTH = ["linux/amd64", "linux/arm64"]

NONSENSE = "answered something about .* that makes no sense"
SLOW_DOWN = r"asked me to slow down until \d\d:\d\d UTC \(HTTP {}\)"

# -- registries -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """What a registry does instead of serving its tag, and what people are told of it.

    of_body: it answers HEADs well and breaks when the manifest is fetched.
    """

    answer: Answer
    told: str
    of_body: bool = False


FAULTS = {
    "unauthorized": Fault(Answer(401), r"does not show .* to me \(HTTP 401\): it is private"),
    "forbidden": Fault(Answer(403), r"does not show .* to me \(HTTP 403\): it is private"),
    "not-found": Fault(Answer(404), "has no tag .* yet: check the spelling"),
    "no-method": Fault(Answer(405), NONSENSE),
    "rate-limited": Fault(Answer(429), SLOW_DOWN.format(429)),
    "overloaded": Fault(Answer(503, headers={"Retry-After": "3600"}), SLOW_DOWN.format(503)),
    "unwell": Fault(Answer(503), r"is in trouble \(HTTP 503\); nothing is wrong on your side"),
    "garbage": Fault(Answer(garbage=b"\x00\xff\r\n\r\n"), NONSENSE),
    "loop": Fault(Answer(307, headers={"Location": f"/v2/{APP}/manifests/1"}), NONSENSE),
    "silent": Fault(Answer(never=True), "did not answer in time"),
    "half-a-body": Fault(
        Answer(body=b"{" * MIB, cut_after_bytes=MIB // 2), "cannot be reached", of_body=True
    ),
    "huge": Fault(Answer(body=b" " * (5 * MIB)), "answered far more .* than an image needs", True),
    "bomb": Fault(
        Answer(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b" " * (50 * MIB))),
        NONSENSE,
        of_body=True,
    ),
    "wrong-digest": Fault(
        Answer(body=b'{"schemaVersion":2,"manifests":[]}'), NONSENSE, of_body=True
    ),
}


@asynccontextmanager
async def registries(names: Sequence[str]) -> AsyncIterator[Mapping[str, ScriptedRegistry]]:
    """Registries of these names, that end together."""
    async with AsyncExitStack() as running:
        yield {name: await running.enter_async_context(scripted_registry()) for name in names}


def break_it(registry: ScriptedRegistry, fault: Fault) -> None:
    """The tag has arm64; whoever believed a broken answer would say so."""
    digest = registry.push_index(APP, "1", BOTH).digest
    names = [digest, "1"] if fault.of_body else ["1"]
    methods = ["GET"] if fault.of_body else ["HEAD", "GET"]
    for name in names:
        for method in methods:
            line = f"{method} /v2/{APP}/manifests/{name}"
            registry.will_answer(fault.answer, to=line, times=ALWAYS)


def block(name: str, registry: ScriptedRegistry) -> list[str]:
    return [
        "[[registry]]",
        f'host = "{name}.test"',
        f'endpoint = "{registry.url}"',
        "plain_http = true",
        "allow_private = true",
        "rate = 0",
    ]


async def test_of_broken_registries_people_are_told_clearly_and_a_good_one_is_still_alerted(
    write_config: WriteConfig,
) -> None:
    async with registries(["good", *FAULTS]) as served:
        for name, fault in FAULTS.items():
            break_it(served[name], fault)
        served["good"].push_index(APP, "1", ["linux/amd64"])
        blocks = [line for name, registry in served.items() for line in block(name, registry)]
        async with BotProcess(write_config("http://127.0.0.1:9", *blocks)) as bot:
            await bot.say("/watch good.test/team/app:1 arm64")
            await bot.wait_for("👀 Watching good.test/team/app:1")
            unclear = [name for name in FAULTS if not await told_of(bot, name)]
            served["good"].push_index(APP, "1", BOTH)
            await bot.wait_for("✅ linux/arm64 is there: good.test/team/app:1")
            assert await bot.stop() == 0

    assert unclear == []
    assert bot.transcript.count("✅") == 1
    assert "mistake of mine" not in bot.transcript
    assert "Traceback" not in bot.log


async def told_of(bot: BotProcess, name: str) -> bool:
    """Ask for the tag of a broken registry; whether the answer says what it should."""
    before = bot.position
    await bot.say(f"/watch {name}.test/team/app:1 arm64")
    found = await bot.wait_for(rf"{re.escape(name)}\.test .*", after=before)
    return re.search(FAULTS[name].told, found[0]) is not None


async def test_a_registry_that_hangs_does_not_keep_the_bot_from_ending_and_loses_nothing(
    write_config: WriteConfig,
) -> None:
    patience = {"ARCHBELL_LOOKS__TIMEOUT_S": "25", "ARCHBELL_LOOKS__LEASE_S": "90"}
    async with scripted_registry() as registry:
        registry.push_index(NODE, "22", ["linux/amd64"])
        config = write_config(registry.url)
        async with BotProcess(config, environment=patience) as first:
            await first.say("/watch node:22 arm64")
            await first.wait_for("👀 Watching node:22")
            registry.will_answer(Answer(never=True), to=HEAD, times=ALWAYS)
            await seen_more(registry, 1)
            assert await first.stop() == 0
            log = first.log

    async with scripted_registry() as registry:
        registry.push_index(NODE, "22", BOTH)
        async with BotProcess(write_config(registry.url), environment=patience) as second:
            await second.wait_for("✅ linux/arm64 is there: node:22")
            assert await second.stop() == 0

    assert "Traceback" not in log
    assert intact(config.parent / "bot.db")


async def seen_more(registry: ScriptedRegistry, count: int) -> None:
    """Until so many requests more have come, of which the last one hangs."""
    wanted = len(registry.requests) + count
    async with asyncio.timeout(30):
        while len(registry.requests) < wanted:  # noqa: ASYNC110 (the server has no bell)
            await asyncio.sleep(0.02)


# -- the database ---------------------------------------------------------------------------------


def intact(database: Path) -> bool:
    """Whether the database is whole, also for whoever opens it next."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("PRAGMA integrity_check").fetchall()
    return rows == [("ok",)]


async def on(config: Path, *words: str, under: Sequence[str | Path] = ()) -> Ended:
    """A command over this configuration; under: a program that runs it, with its arguments."""
    before = (*map(str, under), sys.executable)
    return await archbell("--config", config, *words, before=before)


def refused_in_one_sentence(ended: Ended) -> bool:
    [sentence] = ended.errors.splitlines() or [""]
    return ended.code == 3 and sentence.startswith("archbell: ") and not ended.output


@pytest.fixture
async def config(write_config: WriteConfig) -> AsyncIterator[Path]:
    """Of a bot that has a database, with a watch in it."""
    async with scripted_registry() as registry:
        registry.push_index(NODE, "22", ["linux/amd64"])
        path = write_config(registry.url)
        made = await on(path, "watch", "node:22", "arm64")
        assert made.code == 0
        yield path


COMMANDS = [
    pytest.param(["run"], id="run"),
    pytest.param(["list"], id="list"),
]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    config: Path, command: list[str]
) -> None:
    database = config.parent / "bot.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    ended = await on(config, *command)

    assert refused_in_one_sentence(ended)
    assert "a newer version of archbell" in ended.errors
    assert intact(database)


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_database_that_another_program_holds_is_busy(
    config: Path, command: list[str]
) -> None:
    database = config.parent / "bot.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        ended = await on(config, *command)

    assert refused_in_one_sentence(ended)
    assert "another process holds the database" in ended.errors
    assert intact(database)


async def test_a_folder_in_place_of_the_database_is_refused(write_config: WriteConfig) -> None:
    config = write_config("http://127.0.0.1:9")
    (config.parent / "bot.db").mkdir()

    ended = await on(config, "run")

    assert refused_in_one_sentence(ended)
    assert "cannot be opened" in ended.errors


@pytest.fixture
def read_only() -> list[str | Path]:
    """Runs a command that sees a folder, its first argument, read-only, whoever it runs as."""
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    return in_own_mounts(script)


def in_own_mounts(script: str) -> list[str | Path]:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed, so that nothing can be mounted for a test alone")
    alone: list[str | Path] = [unshare, "--user", "--map-root-user", "--mount"]
    probe = subprocess.run([*alone, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    if probe.returncode:
        pytest.skip("this machine does not let a test mount anything, not even for itself")
    return [*alone, "sh", "-c", script]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_read_only_disk_is_refused_with_what_to_do(
    config: Path, read_only: list[str | Path], command: list[str]
) -> None:
    ended = await on(config, *command, under=[*read_only, config.parent])

    assert refused_in_one_sentence(ended)
    assert "write" in ended.errors
    assert intact(config.parent / "bot.db")


async def test_the_first_start_on_a_disk_without_room_is_one_sentence(
    write_config: WriteConfig,
) -> None:
    config = write_config("http://127.0.0.1:9")
    script = 'mount -t tmpfs -o size=64k tmpfs "$0" && cp "$1" "$0" && shift && exec "$@"'
    folder = config.parent / "small"
    folder.mkdir()
    under = [*in_own_mounts(script), folder, config]

    ended = await on(folder / config.name, "list", under=under)

    assert refused_in_one_sentence(ended)
    assert "no space is left" in ended.errors


# Coverage would complain that it cannot write either.
_LIMITED = """
import os, resource, sys
os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize(
    "limit_bytes", [pytest.param(0, id="nothing"), pytest.param(40_000, id="a part")]
)
async def test_a_first_start_that_cannot_write_is_one_sentence_and_can_be_repeated(
    write_config: WriteConfig, limit_bytes: int
) -> None:
    config = write_config("http://127.0.0.1:9")
    under = [sys.executable, "-c", _LIMITED, str(limit_bytes)]

    ended = await on(config, "list", under=under)
    again = await on(config, "list")

    assert refused_in_one_sentence(ended)
    assert again.code == 0
    assert intact(config.parent / "bot.db")


async def test_a_watch_that_cannot_be_written_is_one_sentence_and_changes_nothing(
    config: Path,
) -> None:
    database = config.parent / "bot.db"
    under = [sys.executable, "-c", _LIMITED, "4096"]

    ended = await on(config, "watch", "node:23", "arm64", under=under)
    listed = await on(config, "list")

    assert refused_in_one_sentence(ended)
    assert "node:22" in listed.output
    assert "node:23" not in listed.output
    assert intact(database)


# -- a running bot whose database goes away for a while -------------------------------------------


@asynccontextmanager
async def watching(write_config: WriteConfig) -> AsyncIterator[tuple[BotProcess, ScriptedRegistry]]:
    """A bot that waits for arm64 of node:22; the database is whole when it has ended."""
    async with scripted_registry() as registry:
        registry.push_index(NODE, "22", ["linux/amd64"])
        config = write_config(registry.url)
        async with BotProcess(config) as bot:
            await bot.say("/watch node:22 arm64")
            await bot.wait_for("👀 Watching node:22")
            yield bot, registry
            await bot.wait_for("✅ linux/arm64 is there: node:22")
            assert await bot.stop() == 0
    assert bot.transcript.count("✅") == 1
    assert "Traceback" not in bot.log
    assert intact(config.parent / "bot.db")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
async def test_a_disk_that_is_full_for_a_while_costs_time_and_no_alert(
    write_config: WriteConfig,
) -> None:
    async with watching(write_config) as (bot, registry):
        unlimited = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
        registry.push_index(NODE, "22", BOTH)
        await bot.wait_for_log("claim_failed")
        await bot.say("/watch node:23 arm64")
        await bot.wait_for("could not keep that command")

        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, unlimited)


async def test_a_database_that_is_locked_for_a_while_costs_time_and_no_alert(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    async with watching(write_config) as (bot, registry):
        with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            registry.push_index(NODE, "22", BOTH)
            await bot.wait_for_log("another process holds the database")
