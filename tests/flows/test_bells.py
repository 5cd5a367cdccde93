"""A loop that waits is woken at once, or soon enough."""

import asyncio
from datetime import timedelta

import pytest

from bot.flows.bells import OVERDUE_S, POLL_S, Bell, Bells
from bot.ports.store import News
from tests.support.stores import NOW, at


async def waited_s(bell: Bell, **listening: object) -> float:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await bell.listen(now=NOW, **{"until": None, **listening})  # type: ignore[arg-type]
    return loop.time() - before


async def test_a_bell_that_rang_before_is_heard_at_once() -> None:
    bell = Bell()
    bell.ring()

    assert await waited_s(bell) < POLL_S / 2


async def test_a_bell_that_rings_meanwhile_is_heard_at_once() -> None:
    bell = Bell()
    asyncio.get_running_loop().call_soon(bell.ring)

    assert await waited_s(bell) < POLL_S / 2


async def test_a_bell_that_was_heard_is_silent_again() -> None:
    bell = Bell()
    bell.ring()
    await waited_s(bell)

    assert await waited_s(bell, at_most_s=0.05) >= 0.04


@pytest.mark.parametrize(
    ("until", "at_most_s", "expected_s"),
    [
        pytest.param(None, 0.15, 0.15, id="nothing is due"),
        pytest.param(at(0.2), 5, 0.2, id="something is due soon"),
        pytest.param(at(60), 0.15, 0.15, id="something is due late"),
        pytest.param(NOW - timedelta(hours=1), 5, OVERDUE_S, id="something is overdue"),
    ],
)
async def test_silence_is_listened_to_until_something_may_be_due(
    until: object, at_most_s: float, expected_s: float
) -> None:
    waited = await waited_s(Bell(), until=until, at_most_s=at_most_s)

    assert expected_s - 0.02 <= waited < expected_s + 1


@pytest.mark.parametrize("news", News, ids=lambda news: news.value)
async def test_news_ring_the_bell_of_whoever_waits_for_them_alone(news: News) -> None:
    bells = Bells()
    bells.ring(news)

    waited = {
        name: await waited_s(getattr(bells, name), at_most_s=0.05)
        for name in ("looks", "commands", "deliveries", "registries")
    }

    assert [name for name, wait_s in waited.items() if wait_s < 0.04] == [news.value]
