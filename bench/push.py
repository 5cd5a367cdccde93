"""Rows about push: from a registry's event to the message, and what taking an event in takes.

The registry is Debian's docker-registry and posts its own notifications; it and the bot are
processes of their own. What stands for Slack is a part of this one.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import aiohttp

from bench.lab import Lab
from bench.seeding import DATABASE
from bench.table import Row, at_most
from bot.core.model import Place
from bot.core.reference import Reference
from bot.ports.store import Store
from bot.store.database import open_store
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import DockerRegistry
from tests.support.images import Descriptor, push_index, push_manifest
from tests.support.notices import DISTRIBUTION, as_body
from tests.support.registry_settings import Notify
from tests.support.slack_server import SlackServer, slack_server
from tests.support.stores import add, new_watch

PUSHES = 300
REPOSITORY = "team/app"
HOST = "registry.bench"
SECRET = "of-the-bench-0123456789"
BEARER = {"Authorization": f"Bearer {SECRET}"}
ANSWERED = 20
"""Tags that are watched and never change."""
MISSED_AFTER_S = 30
LONG_S = 300
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Street:
    """Everything between a push and its message."""

    registry: DockerRegistry
    slack: SlackServer
    address: str
    amd64: Descriptor


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds of each push whose message came, how many did not, and seconds of each answer."""

    messages_s: list[float]
    missed: int
    answers_s: list[float]


def pushes(lab: Lab) -> Iterator[Row]:
    """One push after the other; the bot would look by itself once an hour."""
    count = 60 if lab.quick else PUSHES
    found = asyncio.run(_measure(lab.room(), count))
    what = f"from the PUT of an index to the message in Slack, {count} pushes"
    yield at_most(f"{what}, p50", median(found.messages_s) * 1000, 100, unit=" ms", digits=0)
    p95_s = quantiles(found.messages_s, n=20)[-1]
    yield at_most(f"{what}, p95", p95_s * 1000, 250, unit=" ms", digits=0)
    yield at_most("pushes whose message did not come", found.missed, 0)
    answer_ms = median(found.answers_s) * 1000
    yield at_most("a registry's event taken in and answered, p50", answer_ms, 2, unit=" ms")


async def _measure(room: Path, count: int) -> Found:
    # The registry and the bot print their logs when they end.
    with redirect_stdout(StringIO()):
        return await _go(room, count)


async def _go(room: Path, count: int) -> Found:
    async with _street(room, count) as street:
        messages_s = [await _push(street, number) for number in range(1, count + 1)]
        answers_s = await _answers(street, count)
    came = [seconds for seconds in messages_s if seconds is not None]
    return Found(came, count - len(came), answers_s)


async def _push(street: Street, number: int) -> float | None:
    """Push an index that has arm64 as well; after how long its message came, if it did."""
    url, channel = street.registry.url, street.slack.channels[f"C{number}"]
    arm64 = await push_manifest(url, REPOSITORY, None, "linux/arm64", build=str(number))
    began_at = perf_counter()
    await push_index(url, REPOSITORY, str(number), [street.amd64, arm64])
    try:
        async with asyncio.timeout(MISSED_AFTER_S):
            await street.slack.until(lambda: bool(channel.messages))
    except TimeoutError:
        return None
    return perf_counter() - began_at


async def _answers(street: Street, count: int) -> list[float]:
    """How long each of so many posts takes, one after the other, of tags that are watched."""
    [event] = DISTRIBUTION["events"]
    there = await push_index(street.registry.url, REPOSITORY, None, [street.amd64])
    answers_s: list[float] = []
    async with aiohttp.ClientSession(headers=BEARER) as session:
        for number in range(count):
            target = event["target"] | {
                "repository": REPOSITORY,
                "tag": f"w{number % ANSWERED}",
                "digest": there.digest,
            }
            body = as_body({"events": [event | {"id": str(number), "target": target}]})
            began_at = perf_counter()
            async with session.post(f"{street.address}/hooks/bench", data=body) as answer:
                assert answer.status == 202, "The event is taken in"
            answers_s.append(perf_counter() - began_at)
    return answers_s


@asynccontextmanager
async def _street(room: Path, count: int) -> AsyncIterator[Street]:
    """A registry with so many tags for amd64, each watched for arm64 from a channel of its own."""
    tags = [*map(str, range(1, count + 1)), *(f"w{number}" for number in range(ANSWERED))]
    async with DockerRegistry(room / "registry") as registry, slack_server() as slack:
        amd64 = await push_manifest(registry.url, REPOSITORY, None, "linux/amd64")
        for tag in tags:
            await push_index(registry.url, REPOSITORY, tag, [amd64])
            slack.add_channel(f"C{tag}")
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "bot",
            "--config",
            _config(room, registry, slack),
        ]
        async with open_store(f"sqlite:///{room / DATABASE}") as store:
            await _watch(store, tags)
            async with BotProcess(command=[*command, "-v", "run"]) as bot:
                serving = await bot.wait_for_log(r"http://127\.0\.0\.1:\d+", timeout_s=LONG_S)
                await _all_looked_at(store)
                await registry.tell(Notify(f"{serving[0]}/hooks/bench", BEARER))
                yield Street(registry, slack, serving[0], amd64)


async def _watch(store: Store, tags: list[str]) -> None:
    now = datetime.now(UTC)
    for tag in tags:
        reference = Reference(HOST, REPOSITORY, tag)
        await add(store, new_watch(reference, place=Place("slack", f"C{tag}"), due_at=now), now=now)


async def _all_looked_at(store: Store) -> None:
    async with asyncio.timeout(LONG_S):
        while True:
            async with store.reading() as transaction:
                watches = await transaction.watches.active()
            if all(watch.looked_at for watch in watches):
                return
            await asyncio.sleep(POLL_S)


def _config(room: Path, registry: DockerRegistry, slack: SlackServer) -> Path:
    path = room / "config.toml"
    path.write_text(
        f"""
[database]
url = "sqlite:///{DATABASE}"
[schedule]
fast_s = 3600
min_s = 3600
[server]
port = 0
[slack]
bot_token = "{slack.bot_token}"
app_token = "{slack.app_token}"
api_url = "{slack.url}/api"
[[hook]]
name = "bench"
kind = "distribution"
registry = "{HOST}"
secret = "{SECRET}"
[[registry]]
host = "{HOST}"
endpoint = "{registry.url}"
plain_http = true
allow_private = true
rate = 0
"""
    )
    return path
