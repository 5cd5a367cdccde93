"""The bot's own web server: what supervisors and prometheus ask."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.app.readiness import Readiness
from bot.app.roles import ALL_ROLES, Role
from bot.app.running import assembled, run
from bot.app.world import World
from bot.config import Loaded, Settings, load_settings
from bot.core.errors import CannotListen, InvalidInput, StoreUnusable
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from bot.store.database import open_store
from tests.support.stores import NODE, NOW, add, new_watch
from tests.support.troubled_store import TroubledStore

MINE = "registry.example.com"
HOOK_SECRET = "of-a-hook-0123456789"
PARKED = RegistryState(MINE, parked_until=NOW + timedelta(hours=1))


def settings_in(folder: Path, *lines: str) -> Settings:
    path = folder / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load_settings(path, {})


@asynccontextmanager
async def served(settings: Settings, roles: frozenset[Role]) -> AsyncIterator[str]:
    """A running bot's address, on a port that is free."""
    async with assembled(settings, World(), roles=roles) as bot, asyncio.TaskGroup() as group:
        running = group.create_task(bot.run())
        async with asyncio.timeout(30):
            address = await bot.served_at()
        yield address
        bot.stop()
        await running


async def get(url: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_an_enabled_server_says_that_the_bot_lives_works_and_counts(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "[server]", "enabled = true", "port = 0")

    async with served(settings, frozenset({Role.WEB, Role.LOOKS})) as address:
        health = await get(f"{address}/healthz")
        readiness = await get(f"{address}/readyz")
        metrics = await get(f"{address}/metrics")
        nothing = await get(f"{address}/")

    assert health[::2] == (200, '{"alive": true}')
    assert readiness[::2] == (200, '{"ready": true, "troubles": []}')
    assert metrics[:2] == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "archbell_targets_due 0.0" in metrics[2]
    assert nothing[0] == 404
    assert address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("lines", "roles"),
    [
        pytest.param((), ALL_ROLES - {Role.CHATS}, id="not enabled"),
        pytest.param(("[server]", "enabled = true"), frozenset({Role.LOOKS}), id="not its role"),
    ],
)
async def test_by_default_and_in_other_roles_nothing_is_served(
    tmp_path: Path, lines: tuple[str, ...], roles: frozenset[Role]
) -> None:
    async with served(settings_in(tmp_path, *lines), roles) as address:
        pass

    assert address == ""


async def test_the_role_alone_is_refused_where_nothing_is_to_be_served(tmp_path: Path) -> None:
    loaded = Loaded(settings_in(tmp_path))

    with pytest.raises(InvalidInput, match="set enabled = true"):
        await run(loaded, World(), load=lambda: loaded, roles=frozenset({Role.WEB}))


async def test_a_port_that_is_taken_is_said_as_such(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = settings_in(tmp_path, "[server]", "enabled = true", f"port = {port}")
        async with assembled(settings, World(), roles=frozenset({Role.WEB})) as bot:
            with pytest.raises(CannotListen, match=str(port)):
                await bot.run()


async def test_a_registry_is_answered_while_the_database_is_held_by_others(
    tmp_path: Path,
) -> None:
    hook = ("[[hook]]", 'name = "all"', 'kind = "generic"', f'secret = "{HOOK_SECRET}"')
    settings = settings_in(tmp_path, "[server]", "port = 0", *hook)
    headers = {"Authorization": f"Bearer {HOOK_SECRET}"}
    async with assembled(settings, World(), roles=frozenset({Role.WEB})) as bot:
        await add(bot.store, new_watch(NODE, due_at=datetime.now(UTC) + timedelta(days=1)))
        running = asyncio.ensure_future(bot.run())
        address = await bot.served_at()
        async with aiohttp.ClientSession(headers=headers) as session:
            async with bot.store.transaction():
                posting = session.post(f"{address}/hooks/all", json={"image": str(NODE)})
                async with asyncio.timeout(10), posting as answer:
                    status = answer.status
            bot.stop()
            await running
        async with bot.store.reading() as transaction:
            known = await transaction.targets.find(NODE, now=datetime.now(UTC))

    assert status == 202
    assert known is not None
    assert known.hinted, "what was taken in before the stop is written down"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TroubledStore]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield TroubledStore(opened)


def readiness(store: Store, *troubles: str, answers_within_s: float = 10) -> Readiness:
    return Readiness(
        store,
        chats=lambda: troubles,
        registries=[MINE],
        clock=lambda: NOW,
        answers_within_s=answers_within_s,
    )


async def test_a_bot_without_troubles_is_ready(store: TroubledStore) -> None:
    assert await readiness(store)() == ()


async def test_a_database_that_cannot_be_used_is_told_beside_the_chats(
    store: TroubledStore,
) -> None:
    store.will_fail("registries.load", StoreUnusable("archbell.db: is damaged"))

    troubles = await readiness(store, "Slack: the bot token is wrong")()

    assert troubles == ("archbell.db: is damaged", "Slack: the bot token is wrong")


async def test_a_database_that_does_not_answer_is_told(store: TroubledStore) -> None:
    troubles = await readiness(store, answers_within_s=0)()

    assert troubles == ("The database has not answered for 0 seconds.",)


async def test_a_registry_of_the_configuration_that_is_left_alone_is_told_and_no_strangers(
    store: TroubledStore,
) -> None:
    states = [PARKED, RegistryState("typo.example.com", parked_until=PARKED.parked_until)]
    async with store.transaction() as transaction:
        await transaction.registries.save(states)

    [trouble] = await readiness(store)()

    assert trouble.startswith(f"{MINE} is left alone until ")


async def test_a_registry_whose_time_is_over_is_no_trouble(store: TroubledStore) -> None:
    async with store.transaction() as transaction:
        await transaction.registries.save([RegistryState(MINE, parked_until=NOW)])

    assert await readiness(store)() == ()
