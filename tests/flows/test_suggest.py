"""Who misspells a tag is told which one may be meant."""

import asyncio

import pytest

from bot.core.access import LoginScope, Permits
from bot.core.errors import Denied, RateLimited
from bot.core.message.neutral import Button
from bot.core.model import Place
from bot.core.reference import parse_reference
from bot.flows.look import Look
from bot.flows.suggest import Suggest
from bot.ports.store import Store
from tests.support.conversations import Desk
from tests.support.stores import OPS, TEAM, watches_of

TYPED = "node:22.15-bullsey-slim"
MEANT = "node:22.15-bullseye-slim"
LINE = f"Did you mean {MEANT}? Then: /watch {MEANT} arm64"


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(store)
    desk.registry.plan(TYPED, None)
    desk.registry.tags["library/node"] = ["22", "22.15-bullseye-slim", "latest"]
    return desk


async def test_a_misspelt_tag_is_watched_and_the_one_that_may_be_meant_is_offered(
    desk: Desk,
) -> None:
    answer = await desk.ask(f"/watch {TYPED} arm64")

    assert answer.headline.startswith(f"👀 Watching {TYPED}")
    assert answer.lines[1] == LINE
    assert answer.buttons[0] == Button("Watch that", f"/watch {MEANT} arm64")
    assert len(await watches_of(desk.store)) == 1


async def test_the_button_watches_what_was_meant(desk: Desk) -> None:
    desk.registry.plan(MEANT, ["linux/amd64"])
    offered = await desk.ask(f"/watch {TYPED} arm64")

    answer = await desk.ask(offered.buttons[0].command)

    assert answer.headline.startswith(f"👀 Watching {MEANT} for linux/arm64")


@pytest.mark.parametrize("verb", ["check", "why"])
async def test_whoever_only_asks_is_told_too(desk: Desk, verb: str) -> None:
    answer = await desk.ask(f"/{verb} {TYPED}")

    assert answer.lines[1] == LINE
    assert await watches_of(desk.store) == []


async def test_two_that_are_alike_are_both_named(desk: Desk) -> None:
    desk.registry.tags["library/node"] = ["22.15-bullseye-slim", "22.16-bullseye-slim"]

    answer = await desk.ask(f"/check {TYPED}")

    assert answer.lines[1].startswith(f"Did you mean {MEANT} or node:22.16-bullseye-slim?")


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param([], id="none"),
        pytest.param(["latest"], id="nothing like it"),
        pytest.param(Denied("docker.io", "no"), id="denied"),
        pytest.param(RateLimited("docker.io", "wait"), id="too many"),
    ],
)
async def test_without_anything_to_suggest_the_answer_is_as_ever(
    desk: Desk, tags: list[str] | Exception
) -> None:
    desk.registry.tags["library/node"] = tags

    answer = await desk.ask(f"/watch {TYPED} arm64")

    assert not any("Did you mean" in line for line in answer.lines)
    assert answer.buttons[0].label == "Check now"


async def test_a_tag_that_exists_costs_no_list(desk: Desk) -> None:
    desk.registry.plan("node:22", ["linux/amd64"])

    for command in ("/watch node:22 arm64", "/check node:22", "/why node:22"):
        await desk.ask(command)

    assert not any(asked.startswith("tags") for asked in desk.registry.asked)


async def test_a_list_that_takes_too_long_is_not_waited_for(desk: Desk) -> None:
    desk.registry.tags["library/node"] = asyncio.Event()
    suggest = Suggest(desk.registry, desk.look, timeout_s=0.01)

    assert await suggest(parse_reference(TYPED), place=TEAM) == ()


@pytest.mark.parametrize(
    ("places", "login"), [({TEAM}, True), ({OPS}, False)], ids=["may", "may not"]
)
async def test_a_login_is_used_only_for_places_that_may(
    desk: Desk, places: set[Place], login: bool
) -> None:
    permits = Permits({"docker.io": LoginScope(places=frozenset(places))})
    look = Look(desk.registry, clock=desk.clock, permits=permits)

    await Suggest(desk.registry, look)(parse_reference(TYPED), place=TEAM)

    assert desk.registry.asked == [f"tags of library/node{' with the login' if login else ''}"]
