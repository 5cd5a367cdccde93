"""Whoever wants to watch an official image hears at once whether that makes sense."""

import pytest

from bot.core.errors import RateLimited, TroubleKind
from bot.core.message.english.answers import MAX_LINES
from bot.core.message.neutral import Button
from bot.core.model import Trouble
from bot.ports.store import Store
from tests.support.conversations import Desk
from tests.support.planned_official import COMMIT
from tests.support.stores import ARM64, watches_of

NODE = "node:22.15-bullseye-slim"
OWN = "arm64v8/node:22.15-bullseye-slim"
ENTRY = ["22-bullseye-slim", "22.15-bullseye-slim"]
ANYWAY = f"/watch {NODE} s390x anyway"


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(store)
    desk.official.is_enabled = True
    desk.official.list("node", ENTRY)
    desk.registry.plan(NODE, ["linux/amd64"])
    desk.registry.plan(OWN, None)
    desk.registry.plan("node:22-bullseye-slim", [f"linux/arm64@{'1' * 40}"])
    return desk


async def test_the_answer_says_why_when_and_what_to_use_meanwhile(desk: Desk) -> None:
    answer = await desk.ask(f"/watch {NODE} arm64")

    assert answer.lines == (
        "The registry has: amd64 (1 of 2 planned). Missing: arm64.",
        "linux/arm64 is planned: its build is queued, running or failing.",
        "Usually 1-5 h after it is listed, up to 2 days when a base image is new.",
        "Now: node:22-bullseye-slim: the tag that moves on with its line, the previous build.",
        f"Now: {NODE} with --platform linux/amd64: emulated, several times slower, and some "
        "programs fail.",
        "I look often at first, less often later, and give up after 7 days. You will be told here.",
    )
    assert len(await watches_of(desk.store)) == 1


async def test_what_is_built_already_is_named_with_where_it_is(desk: Desk) -> None:
    desk.registry.plan(OWN, [f"linux/arm64@{COMMIT}"])

    answer = await desk.ask(f"/watch {NODE} arm64")

    assert answer.lines[1:4] == (
        "linux/arm64 is built already, and the tag does not have it yet.",
        "The tag usually follows within 3 h.",
        f"Now: {OWN}: the same image, from its architecture's own namespace.",
    )
    [watch] = await watches_of(desk.store)
    assert [want.built for want in watch.wants] == [True], "An alert would only say it again"


async def test_a_platform_that_is_not_planned_is_watched_only_if_somebody_insists(
    desk: Desk,
) -> None:
    refused = await desk.ask(f"/watch {NODE} s390x")
    nothing = await watches_of(desk.store)

    insisted = await desk.ask(refused.buttons[0].command)

    assert refused.headline == f"🤔 Not watching {NODE} for linux/s390x yet."
    assert refused.buttons == (Button("Watch anyway", ANYWAY),)
    assert nothing == []
    assert insisted.headline == f"👀 Watching {NODE} for linux/s390x (#1)."
    assert insisted.lines[1].startswith("docker-library does not build this tag for linux/s390x")


async def test_of_several_platforms_those_are_watched_that_can_come(desk: Desk) -> None:
    answer = await desk.ask(f"/watch {NODE} arm64 s390x")

    [watch] = await watches_of(desk.store)
    assert [want.platform for want in watch.wants] == [ARM64]
    assert answer.lines[-1].startswith("Not for linux/s390x: docker-library does not build")
    assert 1 + len(answer.lines) <= MAX_LINES
    assert answer.buttons[-1] == Button("Watch anyway", ANYWAY)


async def test_a_retired_tag_is_watched_only_if_somebody_insists(desk: Desk) -> None:
    desk.official.list("node", ["22-bullseye-slim", "22.16-bullseye-slim"])

    refused = await desk.ask(f"/watch {NODE} arm64")

    assert refused.lines[0].startswith("docker-library does not list this tag any more")
    assert await watches_of(desk.store) == []


async def test_a_tag_that_is_nowhere_is_watched_only_if_somebody_insists(desk: Desk) -> None:
    desk.registry.plan("node:22.51", None)
    desk.registry.tags["library/node"] = ["22.15", "latest"]

    refused = await desk.ask("/watch node:22.51 arm64")

    assert "it is not merged yet, or spelt otherwise" in refused.lines[0]
    assert refused.lines[1].startswith("Did you mean node:22.15? ")
    assert await watches_of(desk.store) == []


async def test_a_listed_tag_that_is_not_pushed_yet_is_no_spelling_mistake(desk: Desk) -> None:
    desk.registry.plan(NODE, None)

    answer = await desk.ask(f"/watch {NODE} arm64")

    assert answer.lines[0] == f"docker.io has no tag {NODE} yet."
    assert "tags of library/node" not in desk.registry.asked
    assert len(await watches_of(desk.store)) == 1


async def test_when_docker_library_cannot_be_reached_the_watch_is_made_and_says_so(
    desk: Desk,
) -> None:
    desk.official.libraries.clear()
    desk.official.fail("node", Trouble(TroubleKind.UNREACHABLE))

    answer = await desk.ask(f"/watch {NODE} arm64")

    assert answer.headline == f"👀 Watching {NODE} for linux/arm64 (#1)."
    assert answer.lines[1] == (
        "Why linux/arm64 is missing I cannot tell: docker-library's file of node could not be "
        "read (it cannot be reached)."
    )


async def test_when_the_registry_cannot_be_asked_nothing_else_is(desk: Desk) -> None:
    desk.registry.plan(NODE, RateLimited("docker.io", "slower", http_status=429))

    answer = await desk.ask(f"/watch {NODE} arm64")

    assert answer.headline == f"👀 Watching {NODE} for linux/arm64 (#1)."
    assert desk.official.asked == []


async def test_why_asks_for_parents_too(desk: Desk) -> None:
    desk.official.dockerfiles["0"] = "FROM debian:bullseye-slim\n"
    desk.official.list("debian", ["bullseye-slim"])
    desk.registry.plan("arm64v8/debian:bullseye-slim", None)

    answer = await desk.ask(f"/why {NODE} arm64")

    assert "The build for linux/arm64 waits for debian:bullseye-slim (not built yet)." in (
        answer.lines
    )
    assert answer.lines[-1].startswith("Checked at 12:00 UTC: ")


async def test_another_publishers_habits_are_told(desk: Desk) -> None:
    desk.registry.plan("ghcr.io/a/app:2", ["linux/amd64"])
    desk.registry.plan("ghcr.io/a/app:1", ["linux/amd64"])
    desk.registry.plan("ghcr.io/a/app:latest", ["linux/amd64"])
    desk.registry.tags["a/app"] = ["1", "2", "latest"]

    answer = await desk.ask("/watch ghcr.io/a/app:2 arm64")

    assert answer.lines[1] == (
        "No linux/arm64 in latest or 1 either: I have never seen the publisher ship it here."
    )
