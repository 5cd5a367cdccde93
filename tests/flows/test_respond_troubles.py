"""A command is done once and wholly, or comes again, whatever fails."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.core.errors import StoreBusy
from bot.flows.crowd import AT_ONCE
from bot.flows.respond import CROWDED_S
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from tests.support.conversations import LEASE_S, Desk
from tests.support.stores import NODE, NOW, OPS, TEAM, add, at, new_watch, take, watches_of

SORRY = "💥 I failed at that. The mistake is mine, and it is in the log."
INCOMPLETE = ["linux/amd64"]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


async def answered(desk: Desk) -> list[str]:
    return [message.headline for message in await desk.answers()]


async def next_due_in_s(desk: Desk) -> float | None:
    async with desk.store.reading() as transaction:
        due_at = await transaction.inbox.next_due_at()
    return None if due_at is None else (due_at - desk.clock()).total_seconds()


@pytest.mark.parametrize(
    ("call", "command"),
    [
        pytest.param("targets.find", "/watch node:22 arm64", id="while it is prepared"),
        pytest.param("watches.add", "/watch node:22 arm64", id="while it is carried out"),
    ],
)
async def test_a_bug_is_tried_three_times_and_then_the_person_is_told(
    desk: Desk, call: str, command: str
) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    desk.store.will_fail(call, RuntimeError("a bug"))
    await desk.hear(command)

    waits, said = [], []
    with capture_logs() as logs:
        for _ in range(3):
            await desk.turn()
            waits.append(await next_due_in_s(desk))
            said.append(await answered(desk))
            desk.clock.forward(waits[-1] or 0)

    assert waits == [1, 2, None]
    assert said == [[], [], [SORRY]]
    assert [entry["tries"] for entry in logs if entry["event"] == "command_failed"] == [0, 1, 2]
    assert await watches_of(desk.store) == []


async def test_a_bug_that_passes_leaves_no_trace(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    desk.store.will_fail("watches.add", RuntimeError("a bug"), times=1)
    await desk.hear("/watch node:22 arm64")

    await desk.turn()
    desk.clock.forward(1)
    await desk.turn()

    assert await answered(desk) == ["👀 Watching node:22 for linux/arm64 (#1)."]
    assert len(await watches_of(desk.store)) == 1


async def test_the_bug_of_one_command_does_not_stop_those_of_others(desk: Desk) -> None:
    desk.store.will_fail("watches.active", RuntimeError("a bug"))
    await desk.hear("/status", person="U1")
    await desk.hear("/list", person="U2")

    await desk.turn()

    assert await answered(desk) == ["Nothing is watched here."]


async def test_a_command_whose_lease_another_has_taken_writes_nothing(desk: Desk) -> None:
    held = asyncio.Event()
    desk.registry.plan("node:22", held, INCOMPLETE)
    await desk.hear("/watch node:22 arm64")
    with capture_logs() as logs:
        slow = asyncio.create_task(desk.turn())
        await desk.store.wait_for("targets.find")
        desk.clock.forward(LEASE_S)
        async with desk.store.transaction() as transaction:
            [taken] = await transaction.inbox.claim(now=desk.clock(), lease_s=LEASE_S, limit=1)

        held.set()
        await slow

    assert taken.tries == 1
    assert "command_lease_lost" in [entry["event"] for entry in logs]
    assert await answered(desk) == []
    assert await watches_of(desk.store) == []


@pytest.mark.parametrize(
    "call", ["targets.find", "watches.add", "outbox.post", "inbox.done"], ids=str
)
async def test_a_store_that_fails_leaves_the_command_to_its_lease(desk: Desk, call: str) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    desk.store.will_fail(call, StoreBusy("busy"), times=1)
    await desk.hear("/watch node:22 arm64")

    await desk.turn()
    waits_s = await next_due_in_s(desk)
    before = await answered(desk)
    desk.clock.forward(LEASE_S)
    await desk.turn()

    assert (waits_s, before) == (LEASE_S, [])
    assert await answered(desk) == ["👀 Watching node:22 for linux/arm64 (#1)."]


async def test_the_commands_of_one_person_are_done_in_their_order(desk: Desk) -> None:
    held = asyncio.Event()
    desk.registry.plan("node:22", held, INCOMPLETE)
    await desk.hear("/watch node:22 arm64")
    await desk.hear("/unwatch node:22")
    responder = desk.responder()

    async with asyncio.TaskGroup() as group:
        group.create_task(responder.run())
        await desk.store.wait_for("targets.find")
        before = desk.store.calls.count("inbox.done")
        held.set()
        await desk.store.wait_for("inbox.done", count=2)
        responder.stop()

    assert before == 0
    assert await answered(desk) == [
        "👀 Watching node:22 for linux/arm64 (#1).",
        "🛑 Stopped #1: node:22 for linux/arm64.",
    ]


async def test_a_person_does_not_wait_for_the_slow_command_of_another(desk: Desk) -> None:
    held = asyncio.Event()
    desk.registry.plan("node:22", held, INCOMPLETE)
    await desk.hear("/watch node:22 arm64", person="U1")
    await desk.hear("/list", person="U2")
    slow = asyncio.create_task(desk.turn())
    await desk.store.wait_for("inbox.done")

    early = await answered(desk)
    held.set()
    await slow

    assert early == ["Nothing is watched here."]
    assert await answered(desk) == ["👀 Watching node:22 for linux/arm64 (#1)."]


async def test_at_a_registry_that_serves_enough_people_the_next_waits_without_holding_up_others(
    desk: Desk,
) -> None:
    held = asyncio.Event()
    numbers = range(AT_ONCE + 1)
    for number in numbers:
        desk.registry.plan(f"node:{number}", held, INCOMPLETE)
        await desk.hear(f"/watch node:{number} arm64", person=f"U{number}")
    desk.registry.plan("ghcr.io/team/app:1", INCOMPLETE)
    await desk.hear("/check ghcr.io/team/app:1 arm64", person="U99")
    first = asyncio.create_task(desk.turn())
    await desk.store.wait_for("inbox.done")
    await desk.store.wait_for("inbox.put_back")

    early, waiting = await answered(desk), await next_due_in_s(desk)
    held.set()
    await first
    served = await answered(desk)
    desk.clock.forward(CROWDED_S)
    await desk.turn()

    assert early == ["⏳ ghcr.io/team/app:1 has no linux/arm64 yet."]
    assert waiting == CROWDED_S
    assert len(served) == AT_ONCE
    [last] = await answered(desk)
    assert last.endswith(f"for linux/arm64 (#{AT_ONCE + 1}).")


async def test_what_a_registry_said_to_a_commands_look_is_kept_with_its_answer(desk: Desk) -> None:
    parked = RegistryState("docker.io", parked_until=at(600))
    desk.courtesy.unsaved = [parked]
    desk.store.will_fail("registries.save", StoreBusy("busy"), times=1)
    await desk.hear("/list")

    await desk.turn()
    failed = (await answered(desk), list(desk.courtesy.unsaved))
    desk.clock.forward(LEASE_S)
    await desk.turn()

    assert failed == ([], [parked])
    assert await answered(desk) == ["Nothing is watched here."]
    assert desk.courtesy.unsaved == []
    async with desk.store.reading() as transaction:
        assert await transaction.registries.load() == [parked]


async def test_a_command_that_is_cut_off_is_done_at_once_by_the_next_life(desk: Desk) -> None:
    desk.registry.plan("node:22", asyncio.Event(), INCOMPLETE)
    await desk.hear("/watch node:22 arm64")
    life = asyncio.ensure_future(desk.responder().run())
    await desk.store.wait_for("targets.find")
    await asyncio.sleep(0)

    life.cancel()
    await asyncio.wait([life])
    waits_s = await next_due_in_s(desk)
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.turn()

    assert life.cancelled()
    assert waits_s == 0
    assert await answered(desk) == ["👀 Watching node:22 for linux/arm64 (#1)."]


async def test_a_command_wakes_a_place_that_was_closed(desk: Desk) -> None:
    async with desk.store.transaction() as transaction:
        await transaction.outbox.park(TEAM, reason="not invited", until=at(3600))

    await desk.hear("/list")
    await desk.turn()

    assert len(await take(desk.store)) == 1


async def test_what_a_command_made_is_looked_at_and_said_at_once(desk: Desk) -> None:
    await desk.ask("/list", place=OPS)
    loop = asyncio.get_running_loop()

    before = loop.time()
    await desk.bells.deliveries.listen(until=None, now=NOW)
    await desk.bells.looks.listen(until=None, now=NOW)

    assert loop.time() - before < 0.5


async def test_a_command_that_was_put_back_is_done_without_being_rung_for(desk: Desk) -> None:
    desk.store.will_fail("watches.of_place", RuntimeError("a bug"), times=1)
    await desk.hear("/list")
    responder = desk.responder()

    async with asyncio.TaskGroup() as group:
        group.create_task(responder.run())
        await desk.store.wait_for("inbox.next_due_at")
        desk.clock.forward(1)
        await desk.store.wait_for("inbox.done")
        responder.stop()

    assert await answered(desk) == ["Nothing is watched here."]


async def test_a_command_is_claimed_again_after_a_failed_claim(desk: Desk) -> None:
    await add(desk.store, new_watch(NODE))
    desk.store.will_fail("inbox.claim", StoreBusy("busy"), times=1)
    await desk.hear("/list")

    await desk.turn()
    await desk.turn()

    assert await answered(desk) == ["1 watch here."]
