"""A registry posts that a tag was pushed, and a program hears of it: nothing waits for a poll."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from standardwebhooks import Webhook

from bot.app.roles import Role
from bot.app.running import Bot, assembled
from bot.app.world import World
from bot.config import load_settings
from bot.core.model import Place
from bot.core.reference import parse_reference
from tests.scenarios.conftest import WriteConfig
from tests.support.canaries import canary
from tests.support.chat_config import WITHIN_S, with_lines
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image
from tests.support.notices import DISTRIBUTION, as_body
from tests.support.postgres import PostgresServer
from tests.support.registry_settings import Notify
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.stores import ARM64, add, new_watch
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver

APP = "team/app"
AMD64_ONLY, BOTH = ["linux/amd64"], ["linux/amd64", "linux/arm64"]
SECRET = "of-the-hook-0123456789"
"""No canary: docker-registry writes the headers it sends into its own log."""
BEARER = {"Authorization": f"Bearer {SECRET}"}
DONE_BY = frozenset({Role.LOOKS, Role.DELIVERY, Role.WEB})
SELDOM = {"ARCHBELL_SCHEDULE__FAST_S": "3600", "ARCHBELL_SCHEDULE__MIN_S": "3600"}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with webhook_receiver() as there:
        yield there


@asynccontextmanager
async def running(
    config: Path, *, roles: frozenset[Role] = DONE_BY, **environ: str
) -> AsyncIterator[tuple[Bot, str]]:
    """A bot that looks by itself once an hour, and where it listens."""
    settings = load_settings(config, SELDOM | environ)
    async with assembled(settings, World(), roles=roles) as bot, asyncio.TaskGroup() as group:
        task = group.create_task(bot.run())
        async with asyncio.timeout(WITHIN_S):
            address = await bot.served_at()
        yield bot, address
        bot.stop()
        await task


def configured(config: Path, receiver: WebhookReceiver) -> Path:
    return with_lines(
        config,
        *("[server]", "enabled = true", "port = 0"),
        *("[[webhook]]", 'name = "ci"', f'url = "{receiver.url}/in"'),
        *(f'secret = "{canary("ci")}"', "allow_private = true"),
        *("[[hook]]", 'name = "mine"', 'kind = "distribution"', 'registry = "docker.io"'),
        f'secret = "{SECRET}"',
    )


async def watch(bot: Bot, *tags: str) -> None:
    """Have the program told of arm64, and wait until each tag has been looked at."""
    for tag in tags:
        new = new_watch(
            parse_reference(f"team/app:{tag}"),
            place=Place("webhook", "ci"),
            platforms=(ARM64,),
            due_at=datetime.now(UTC),
        )
        await add(bot.store, new, now=datetime.now(UTC))
    bot.bells.looks.ring()
    async with asyncio.timeout(WITHIN_S):
        while not all(await looked_at(bot)):  # noqa: ASYNC110  the store tells nobody
            await asyncio.sleep(0.02)


async def looked_at(bot: Bot) -> list[bool]:
    """Of each watch whether its tag has been looked at."""
    async with bot.store.reading() as transaction:
        return [watch.looked_at is not None for watch in await transaction.watches.active()]


async def told(receiver: WebhookReceiver, count: int) -> list[str]:
    """The images the program has been told of, once there are so many messages."""
    async with asyncio.timeout(WITHIN_S):
        await receiver.until(lambda: len(receiver.posted) >= count)
    return [alert["image"] for posted in receiver.posted for alert in posted.content["alerts"]]


async def posted(address: str, body: bytes) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/hooks/mine", data=body, headers=BEARER) as answer,
    ):
        return answer.status


def event_of(tag: str, digest: str) -> bytes:
    [event] = DISTRIBUTION["events"]
    target = event["target"] | {"repository": APP, "tag": tag, "digest": digest}
    return as_body({"events": [event | {"target": target, "id": digest}]})


async def metrics(address: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/metrics") as answer:
        return await answer.text()


async def test_each_push_to_a_real_registry_is_told_at_once_and_none_is_missed(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, receiver: WebhookReceiver
) -> None:
    registry = await docker_registry_factory()
    tags = [str(number) for number in range(1, 9)]
    for tag in tags:
        await push_image(registry.url, APP, tag, AMD64_ONLY)
    async with running(configured(write_config(registry.url), receiver)) as (bot, address):
        await watch(bot, *tags)
        await registry.tell(Notify(f"{address}/hooks/mine", BEARER))
        for number, tag in enumerate(tags, start=1):
            await push_image(registry.url, APP, tag, BOTH)
            await told(receiver, number)
        counted = await metrics(address)

    images = await told(receiver, len(tags))
    assert images == [f"team/app:{tag}" for tag in tags]
    assert 'archbell_hook_events_total{hook="mine",outcome="hinted"} 8.0' in counted
    assert SECRET not in counted
    for post in receiver.posted:
        Webhook(canary("ci").encode()).verify(post.body, dict(post.headers))


async def test_a_push_that_is_told_before_the_tag_has_moved_is_not_missed(
    write_config: WriteConfig, receiver: WebhookReceiver
) -> None:
    async with scripted_registry() as registry:
        registry.push_index(APP, "22", AMD64_ONLY)
        async with running(configured(write_config(registry.url), receiver)) as (bot, address):
            await watch(bot, "22")
            new = registry.push_index(APP, None, BOTH).digest
            before = heads(registry)

            assert await posted(address, event_of("22", new)) == 202
            async with asyncio.timeout(WITHIN_S):
                while heads(registry) == before:  # noqa: ASYNC110  another task's list
                    await asyncio.sleep(0.001)
            registry.push_index(APP, "22", BOTH)
            images = await told(receiver, 1)

    assert images == ["team/app:22"]


def heads(registry: ScriptedRegistry) -> int:
    return registry.requests.count(f"HEAD /v2/{APP}/manifests/22")


async def test_a_push_that_is_told_during_a_look_is_not_lost(
    write_config: WriteConfig, receiver: WebhookReceiver
) -> None:
    async with scripted_registry() as registry:
        old = registry.push_index(APP, "22", AMD64_ONLY).digest
        async with running(configured(write_config(registry.url), receiver)) as (bot, address):
            await watch(bot, "22")
            before = heads(registry)
            slow = Answer(headers={"Docker-Content-Digest": old}, never=True)
            registry.will_answer(slow, to=f"HEAD /v2/{APP}/manifests/22")
            assert await posted(address, event_of("22", old)) == 202
            async with asyncio.timeout(WITHIN_S):
                while heads(registry) == before:  # noqa: ASYNC110  another task's list
                    await asyncio.sleep(0.001)

            new = registry.push_index(APP, "22", BOTH).digest
            during = await posted(address, event_of("22", new))
            images = await told(receiver, 1)

    assert during == 202
    assert images == ["team/app:22"]


async def test_a_process_that_only_serves_wakes_the_one_that_looks(
    write_config: WriteConfig, receiver: WebhookReceiver, postgres: PostgresServer
) -> None:
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(scripted_registry())
        url = await stack.enter_async_context(postgres.database())
        registry.push_index(APP, "22", AMD64_ONLY)
        config = configured(write_config(registry.url), receiver)
        database = {"ARCHBELL_DATABASE__URL": url}
        looks = frozenset({Role.LOOKS, Role.DELIVERY})
        bot, _ = await stack.enter_async_context(running(config, roles=looks, **database))
        only_serves = running(config, roles=frozenset({Role.WEB}), **database)
        _, address = await stack.enter_async_context(only_serves)
        await watch(bot, "22")
        new = registry.push_index(APP, "22", BOTH).digest

        assert await posted(address, event_of("22", new)) == 202
        images = await told(receiver, 1)

    assert images == ["team/app:22"]
