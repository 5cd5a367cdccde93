"""Who asks for new tags is told what fits now, and who has enough of it stops it."""

import asyncio

import pytest

from bot.core.errors import Denied, RateLimited, UnlistedRegistry
from bot.core.pattern import parse_tag_pattern
from bot.flows.follow import MATCHED_AT_ONCE
from bot.ports.patterns import NewPattern
from bot.ports.store import Store
from tests.support.conversations import Desk
from tests.support.stores import ARM64, NOW, TEAM, add, new_watch

SLIM = "node:22.*-slim"


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(store)
    desk.registry.tags["library/node"] = ["22", "22.1-slim", "22.2-slim", "latest"]
    return desk


async def texts(store: Store) -> list[str]:
    async with store.reading() as transaction:
        return [each.familiar for each in await transaction.patterns.of_place(TEAM)]


async def test_the_answer_says_what_fits_now(desk: Desk, store: Store) -> None:
    answer = await desk.ask(f"/watch {SLIM} arm64")

    assert answer.headline == f"🔭 Watching for new tags that fit {SLIM}, for linux/arm64."
    assert answer.lines[0].startswith("2 tags fit already, such as 22.2-slim and 22.1-slim;")
    assert await texts(store) == [SLIM]


async def test_the_configured_platforms_are_meant_without_a_word(desk: Desk) -> None:
    assert "for linux/arm64" in (await desk.ask(f"/watch {SLIM}")).headline


async def test_the_same_again_joins(desk: Desk, store: Store) -> None:
    await desk.ask(f"/watch {SLIM} arm64")

    answer = await desk.ask(f"/watch {SLIM} amd64", person="U2")

    assert "now for linux/amd64 and linux/arm64" in answer.headline
    assert await texts(store) == [SLIM]


async def test_a_registry_that_fails_just_now_is_asked_again_later(
    desk: Desk, store: Store
) -> None:
    desk.registry.tags["library/node"] = RateLimited("docker.io", "wait")

    answer = await desk.ask(f"/watch {SLIM} arm64")

    assert "go on trying" in answer.lines[0]
    assert await texts(store) == [SLIM]


async def test_while_many_tags_are_matched_others_are_served(desk: Desk) -> None:
    desk.registry.tags["library/node"] = [f"22.{number}-slim" for number in range(2_000)]
    answering = asyncio.ensure_future(desk.ask(f"/watch {SLIM} arm64"))
    turns = 0
    while not answering.done():
        turns += 1
        await asyncio.sleep(0)

    assert (await answering).lines[0].startswith("2000 tags fit already")
    assert turns > 2_000 / MATCHED_AT_ONCE


@pytest.mark.parametrize(
    "error", [Denied("docker.io", "no"), UnlistedRegistry("docker.io", "no")], ids=["no", "never"]
)
async def test_where_waiting_does_not_help_nothing_is_followed(
    desk: Desk, store: Store, error: Exception
) -> None:
    desk.registry.tags["library/node"] = error

    answer = await desk.ask(f"/watch {SLIM} arm64")

    assert answer.headline.endswith(f"Not watching for {SLIM}.")
    assert await texts(store) == []


async def test_a_place_has_room_for_so_many(desk: Desk, store: Store) -> None:
    await add(store, new_watch())
    for number in range(2):
        await desk.ask(f"/watch node:2{number}.* arm64")

    answer = await desk.ask(f"/watch {SLIM} arm64")

    assert "this place has 3 patterns and watches already" in answer.headline
    assert "Already watching" in (await desk.ask("/watch node:21.* amd64")).headline


async def test_patterns_are_listed_and_stopped_by_name(desk: Desk, store: Store) -> None:
    await desk.ask(f"/watch {SLIM} arm64")
    listed = await desk.ask("/list")

    stopped = await desk.ask(f"/unwatch {SLIM}")

    assert listed.lines == (f"{SLIM}: new tags, for linux/arm64",)
    assert stopped.headline.startswith("🛑 Stopped watching for new tags")
    assert await texts(store) == []
    assert "is not watched here" in (await desk.ask(f"/unwatch {SLIM}")).headline


async def test_a_time_beside_a_pattern_is_refused(desk: Desk, store: Store) -> None:
    answer = await desk.ask(f"/watch {SLIM} arm64 for 12h")

    assert answer.headline.endswith("a pattern cannot end by itself.")
    assert await texts(store) == []


@pytest.mark.parametrize("word", ["keep", "rebuilds"])
async def test_what_a_pattern_cannot_do_is_refused(desk: Desk, store: Store, word: str) -> None:
    answer = await desk.ask(f"/watch {SLIM} arm64 {word}")

    assert "the tags it finds cannot be kept" in answer.headline
    assert await texts(store) == []


async def test_a_pattern_has_every_platform_anyway(desk: Desk, store: Store) -> None:
    await desk.ask(f"/watch {SLIM} arm64 anyway")

    assert await texts(store) == [SLIM]


async def test_all_means_patterns_too_and_is_asked_back(desk: Desk, store: Store) -> None:
    await add(store, new_watch())
    await desk.ask(f"/watch {SLIM} arm64", person="U2")

    asked = await desk.ask("/unwatch all")
    before = await texts(store)
    done = await desk.ask("/unwatch all yes", person="U1")

    assert asked.headline.startswith("❓ This stops 1 watch and 1 pattern here.")
    assert before == [SLIM]
    assert done.headline == "🛑 Stopped 1 watch and 1 pattern."
    assert done.mentions == ("U1",), "whoever stops what others want is named"
    assert await texts(store) == []
    assert (await desk.ask("/list")).headline == "Nothing is watched here."


async def test_the_only_pattern_is_stopped_at_once_by_all(desk: Desk, store: Store) -> None:
    await desk.ask(f"/watch {SLIM} arm64")

    stopped = await desk.ask("/unwatch all")

    assert stopped.headline == f"🛑 Stopped watching for new tags that fit {SLIM}."
    assert await texts(store) == []


async def test_all_of_one_platform_leaves_patterns(desk: Desk, store: Store) -> None:
    await add(store, new_watch())
    await desk.ask(f"/watch {SLIM} arm64")

    stopped = await desk.ask("/unwatch all arm64")

    assert stopped.headline.startswith("🛑 Stopped #1: node:22")
    assert await texts(store) == [SLIM]


async def test_patterns_of_the_configuration_are_not_meant_by_all(desk: Desk, store: Store) -> None:
    async with store.transaction() as transaction:
        pattern = parse_tag_pattern(SLIM)
        new = NewPattern(
            pattern.repository, pattern.text, TEAM, frozenset({ARM64}), None, configured=True
        )
        await transaction.patterns.add(new, now=NOW)

    answer = await desk.ask("/unwatch all")

    assert answer.lines == (f"{SLIM}: new tags, for linux/arm64, from the configuration",)
    assert await texts(store) == [SLIM]
