"""What the page reads and does, over a real store."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.access import LoginScope, Permits
from bot.core.board import Board
from bot.core.chronicle import LandingKind
from bot.core.health import Level
from bot.core.matrix import Standing
from bot.core.message.english.talk import render_crowded
from bot.core.message.neutral import Message
from bot.core.model import Event
from bot.core.reference import parse_reference
from bot.flows.board import FRESH_FOR
from bot.flows.crowd import AT_ONCE
from bot.flows.desk import Checked
from bot.flows.desk import Desk as PageDesk
from bot.flows.look import Look
from bot.flows.reconcile import Plan, Reconciler
from bot.flows.sight import Sight
from bot.ports.configured import Terms
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from tests.support.conversations import FRESH_S, LOOK_TIMEOUT_S, Desk
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    GRAFANA,
    NODE,
    NOW,
    TEAM,
    add,
    at,
    look_and_record,
    new_watch,
    present,
    watches_of,
)

INCOMPLETE = ["linux/amd64"]


@pytest.fixture
def talk(store: Store) -> Desk:
    talk = Desk(store)
    talk.registry.plan("node:22", INCOMPLETE)
    return talk


@pytest.fixture
def desk(talk: Desk) -> PageDesk:
    return page_desk(talk)


def page_desk(talk: Desk, sight: Sight | None = None) -> PageDesk:
    return PageDesk(
        store=talk.store,
        sight=sight or talk.sight,
        subscriber=talk.subscriber,
        explain=talk.explain,
        suggest=talk.suggest,
        bells=talk.bells,
        clock=talk.clock,
        default_platforms=(ARM64,),
    )


async def standing_of_node(desk: PageDesk) -> Standing:
    target = (await desk.board(sees_all=True)).find(NODE)
    assert target is not None
    return target.row.worst


async def test_an_empty_board_is_well(desk: PageDesk) -> None:
    board = await desk.board(sees_all=True)

    assert [*board.targets, *board.waits, *board.letters] == []
    assert board.health.level is Level.WELL


async def test_the_board_shows_what_is_watched_and_what_came_of_it(
    desk: PageDesk, talk: Desk
) -> None:
    await add(talk.store, new_watch(observation=present(AMD64)))
    before = await standing_of_node(desk)
    talk.clock.forward(3600)
    later = present(AMD64, ARM64, of="b", seen_at=at(3600))
    await add(talk.store, new_watch(standing=True))
    await look_and_record(talk.store, later, now=at(3600))
    board = await desk.board(sees_all=True)

    assert before is Standing.MISSING
    assert await standing_of_node(desk) is Standing.THERE
    [waits] = board.waits
    assert (waits.platform, waits.lengths) == (ARM64, (timedelta(hours=1),))
    assert [letter.place for letter in board.letters] == [str(TEAM)]


async def test_the_database_is_read_once_for_all_who_ask_at_the_same_time(
    desk: PageDesk, talk: Desk
) -> None:
    await add(talk.store, new_watch(observation=present(AMD64)))

    boards = await asyncio.gather(*(desk.board(sees_all=True) for _ in range(20)))

    assert all(board is boards[0] for board in boards)
    assert talk.store.calls.count("history.mark") == 1


async def board_after(desk: PageDesk, talk: Desk, seconds: float) -> Board:
    talk.clock.forward(seconds)
    return await desk.board(sees_all=True)


async def test_the_board_is_read_anew_only_when_something_has_changed_or_it_is_old(
    desk: PageDesk, talk: Desk
) -> None:
    await add(talk.store, new_watch(observation=present(AMD64)))
    first = await desk.board(sees_all=True)
    same = await board_after(desk, talk, 1)
    await add(talk.store, new_watch(BUSYBOX), now=talk.clock())
    changed = await board_after(desk, talk, 1)
    old = await board_after(desk, talk, FRESH_FOR.total_seconds())

    assert same is first
    assert changed is not first
    assert len(changed.targets) == 2
    assert old is not changed
    assert old.mark == changed.mark


async def test_strangers_see_no_places_no_messages_and_nothing_that_needs_a_login(
    talk: Desk,
) -> None:
    await add(talk.store, new_watch(NODE, observation=present(AMD64)))
    await add(talk.store, new_watch(GRAFANA, observation=present(AMD64)))
    async with talk.store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("private"), now=NOW)
        await transaction.registries.save([RegistryState("docker.io"), RegistryState("ghcr.io")])
    permits = Permits({"ghcr.io": LoginScope(places=frozenset({TEAM}))})
    look = Look(talk.registry, clock=talk.clock, permits=permits)
    sight = Sight(talk.store, look, clock=talk.clock, fresh_s=FRESH_S, timeout_s=LOOK_TIMEOUT_S)
    desk = page_desk(talk, sight)

    everything = await desk.board(sees_all=True)
    public = await desk.board(sees_all=False)

    assert len(everything.targets) == 2
    assert everything.letters
    [shown] = public.targets
    assert (shown.row.reference, shown.watches) == (NODE, ())
    assert [registry.name for registry in public.registries] == ["docker.io"]
    assert public.letters == ()


async def test_a_tag_has_a_story(desk: PageDesk, talk: Desk) -> None:
    await add(talk.store, new_watch(standing=True, observation=present(AMD64)))
    await look_and_record(talk.store, present(AMD64, ARM64, of="b", seen_at=at(60)), now=at(60))

    story = await desk.landings(NODE)

    assert [(each.platform, each.kind) for each in story] == [
        (AMD64, LandingKind.FIRST),
        (ARM64, LandingKind.CAME),
    ]


async def test_a_check_tells_what_the_registry_has_and_watches_nothing(
    desk: PageDesk, talk: Desk
) -> None:
    found = await desk.check("docker pull node:22")

    assert isinstance(found, Checked)
    assert found.reference == NODE
    assert [(cell.platform, cell.standing) for cell in found.cells] == [
        (ARM64, Standing.MISSING),
        (AMD64, Standing.THERE),
    ]
    assert await watches_of(talk.store) == []


async def test_a_check_of_a_misspelt_tag_names_those_that_may_be_meant(
    desk: PageDesk, talk: Desk
) -> None:
    talk.registry.plan("node:22.15-bullsey-slim", None)
    talk.registry.tags["library/node"] = ["22.15-bullseye-slim"]

    found = await desk.check("node:22.15-bullsey-slim arm64")

    assert isinstance(found, Checked)
    assert found.nearest == (parse_reference("node:22.15-bullseye-slim"),)


@pytest.mark.parametrize("text", ["", "Foo/bar:1", "/unwatch all", "node:22@sha256:" + "a" * 64])
async def test_what_is_no_image_is_answered_with_a_message(desk: PageDesk, text: str) -> None:
    assert isinstance(await desk.check(text), Message)
    assert isinstance(await desk.watch(text, TEAM), Message)


async def test_a_watch_is_made_and_its_place_is_told(desk: PageDesk, talk: Desk) -> None:
    answer = await desk.watch("node:22 arm64 for 12h", TEAM)

    [watch] = await watches_of(talk.store)
    [told] = await talk.answers()
    assert (watch.reference, watch.people) == (NODE, ())
    assert watch.expires_at == NOW + timedelta(hours=12)
    assert replace(answer, lines=()) == replace(told, lines=())
    assert told.lines[-1].endswith("You will be told here.")
    assert answer.lines[-1].endswith(f"The running bot will tell {TEAM}.")
    assert answer.headline.startswith("👀 Watching node:22 for linux/arm64")


async def test_a_watch_tells_rebuilds_where_that_was_asked_for(desk: PageDesk, talk: Desk) -> None:
    await desk.watch("node:22 arm64 rebuilds", TEAM)

    [watch] = await watches_of(talk.store)
    assert all(Event.REPLACED in want.tells for want in watch.wants)


async def test_a_watch_of_what_is_there_already_bothers_nobody(desk: PageDesk, talk: Desk) -> None:
    answer = await desk.watch("node:22 amd64", TEAM)

    assert answer.headline.startswith("✅")
    assert await watches_of(talk.store) == []
    assert await talk.answers() == []


async def test_a_watch_is_muted_unmuted_and_stopped(desk: PageDesk, talk: Desk) -> None:
    added = await add(talk.store, new_watch())
    number = added.watch.id

    await desk.mute(number, quiet=True)
    [muted] = await watches_of(talk.store)
    await desk.mute(number, quiet=False)
    [unmuted] = await watches_of(talk.store)
    stopped = await desk.stop(number)

    assert muted.muted_until == NOW + timedelta(days=7)
    assert unmuted.muted_until is None
    assert stopped.headline.startswith("🛑 Stopped")
    assert await watches_of(talk.store) == []


async def test_what_the_configuration_wants_goes_on_when_it_is_stopped(
    desk: PageDesk, talk: Desk
) -> None:
    wanted = {(NODE, TEAM): Terms(frozenset({ARM64}), frozenset())}
    await Reconciler(talk.store, clock=talk.clock, bells=talk.bells)(Plan(wanted))
    [watch] = await watches_of(talk.store)

    answer = await desk.stop(watch.id)

    assert answer.headline == f"📌 #{watch.id} node:22 stands in the configuration."
    assert [each.id for each in await watches_of(talk.store)] == [watch.id]


async def test_one_more_than_a_registry_bears_is_asked_to_come_again(
    desk: PageDesk, talk: Desk
) -> None:
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(talk.sight._crowd.one_more("docker.io"))
        answers = [await desk.check("node:22"), await desk.watch("node:22 arm64", TEAM)]

    assert answers == [render_crowded("docker.io")] * 2
    assert await watches_of(talk.store) == []
    assert isinstance(await desk.check("node:22"), Checked)


async def test_a_number_that_is_no_watch_is_told_so(desk: PageDesk) -> None:
    answers = [await desk.stop(99), await desk.mute(99, quiet=True)]

    assert [answer.headline for answer in answers] == ["❓ #99 is not watched here."] * 2


async def test_a_page_may_begin_with_what_was_read_a_moment_ago_but_not_after_a_change_of_its_own(
    desk: PageDesk, talk: Desk
) -> None:
    talk.registry.plan("busybox:1.37", INCOMPLETE)
    await desk.board(sees_all=True)
    await add(talk.store, new_watch())
    soon = await desk.board(sees_all=True, at_once=True)
    await desk.watch("busybox:1.37", TEAM)
    own = await desk.board(sees_all=True, at_once=True)
    talk.clock.forward(31)
    await add(talk.store, new_watch(GRAFANA), now=talk.clock())
    late = await desk.board(sees_all=True, at_once=True)

    assert [len(board.targets) for board in (soon, own, late)] == [0, 2, 3]


async def test_what_strangers_see_is_made_anew_only_when_something_is_new(
    desk: PageDesk, talk: Desk
) -> None:
    await add(talk.store, new_watch(observation=present(AMD64)))
    first = await desk.board(sees_all=False)
    again = await board_after_as_stranger(desk, talk)
    await add(talk.store, new_watch(BUSYBOX), now=talk.clock())
    changed = await board_after_as_stranger(desk, talk)

    assert again is first
    assert len(changed.targets) == 2


async def board_after_as_stranger(desk: PageDesk, talk: Desk) -> Board:
    talk.clock.forward(1)
    return await desk.board(sees_all=False)


async def test_a_board_that_takes_long_to_read_is_read_less_often(
    talk: Desk,
) -> None:
    clock = talk.clock
    reader = page_desk(talk)._reader
    seen = clock.now

    def slow() -> datetime:
        nonlocal seen
        seen += timedelta(seconds=0.25)  # each time that it is asked for the time
        return seen

    reader._clock = slow
    first = await reader.read()
    await add(talk.store, new_watch(observation=present(AMD64)))
    second = await reader.read()
    seen += timedelta(seconds=2)
    third = await reader.read()

    assert second is first
    assert third is not first
