"""What supervisors are told when something is wrong."""

from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from bot.core.errors import StoreUnusable
from bot.web.server import serving
from bot.web.supervision import Supervision

GONE = StoreUnusable("archbell.db: is damaged")


async def troubles() -> Sequence[str]:
    return ["archbell.db: is damaged", "Slack: the bot token is wrong"]


async def exposition() -> bytes:
    raise GONE


@pytest.fixture
async def url() -> AsyncIterator[str]:
    supervision = Supervision(troubles=troubles, exposition=exposition, content_type="text/plain")
    async with serving(supervision.routes(), host="127.0.0.1", port=0) as address:
        yield address


async def test_a_bot_in_trouble_is_alive_and_not_ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/healthz") as health:
            assert health.status == 200
        async with session.get(f"{url}/readyz") as readiness:
            assert readiness.status == 503
            assert readiness.headers["Cache-Control"] == "no-store"
            assert await readiness.json() == {"ready": False, "troubles": list(await troubles())}


async def test_metrics_that_cannot_be_had_say_why(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        assert (answer.status, await answer.text()) == (503, str(GONE))


async def test_nothing_can_be_posted_there(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/metrics") as answer:
        assert answer.status == 405
