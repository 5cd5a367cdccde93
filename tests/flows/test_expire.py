"""A watch whose time is over ends with a message that says how to go on."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.core.errors import StoreBusy
from bot.core.reference import parse_reference
from bot.flows.bells import Bells
from bot.flows.expire import EVERY_S, MAX_AT_ONCE, expire, expire_for_ever
from bot.ports.store import Store
from tests.support.conversations import Desk
from tests.support.registry_client import ManualClock
from tests.support.stores import (
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    OPS,
    TEAM,
    add,
    at,
    claim,
    look_and_record,
    new_watch,
    present,
    take,
    watches_of,
)
from tests.support.troubled_store import TroubledStore


class Enough(Exception):
    """The test has seen what it wanted."""


class Naps:
    """A sleep that moves the clock and ends the loop after some of them."""

    def __init__(self, clock: ManualClock, at_most: int) -> None:
        self._clock = clock
        self._left = at_most

    async def __call__(self, seconds: float, /) -> None:
        await self._clock.sleep(seconds)
        self._left -= 1
        if not self._left:
            raise Enough


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def run(store: Store, clock: ManualClock, *, naps: int) -> None:
    with pytest.raises(Enough):
        await expire_for_ever(store, clock=clock, sleep=Naps(clock, naps), bells=Bells())


async def test_a_watch_ends_when_its_time_is_over_and_not_before(
    store: Store, clock: ManualClock
) -> None:
    await add(store, new_watch(NODE, expires_at=at(60)))
    await add(store, new_watch(BUSYBOX, expires_at=at(61)))
    await add(store, new_watch(BUSYBOX, place=OPS, expires_at=None))
    clock.forward(60)

    ended = await expire(store, clock=clock, bells=Bells())

    assert ended == 1
    assert [watch.reference for watch in await watches_of(store)] == [BUSYBOX]
    assert len(await watches_of(store, OPS)) == 1


async def test_the_notice_says_what_was_seen_and_the_command_in_it_goes_on(store: Store) -> None:
    desk = Desk(store)
    desk.registry.plan("node:22", ["linux/amd64"])
    await desk.ask("/watch node:22 arm64 for 12h", person="alice")
    desk.clock.forward(12 * 3600)

    await expire(store, clock=desk.clock, bells=desk.bells)
    [notice] = await desk.answers()
    again = await desk.ask(notice.buttons[0].command, person="alice")

    assert notice.headline == "⏳ 12 h and no linux/arm64 for node:22 (#1). Stopped."
    assert notice.lines == ("Last seen: amd64.", "To go on: /watch node:22 arm64")
    assert notice.mentions == ("alice",)
    assert again.headline == "👀 Watching node:22 for linux/arm64 (#2)."


async def test_a_standing_watch_that_ends_can_be_kept_again(
    store: Store, clock: ManualClock
) -> None:
    await add(store, new_watch(standing=True, expires_at=at(60)))
    await look_and_record(store, present(ARM64))
    for delivery in await take(store):
        async with store.transaction() as transaction:
            await transaction.outbox.sent(delivery, message_id="m", now=NOW)
    clock.forward(60)

    await expire(store, clock=clock, bells=Bells())

    [delivery] = await take(store, now=at(60))
    assert delivery.place == TEAM
    assert delivery.message is not None
    assert delivery.message.lines == ("To go on: /watch node:22 arm64 keep",)


async def test_what_has_expired_is_not_looked_at_any_more(store: Store, clock: ManualClock) -> None:
    await add(store, new_watch(expires_at=at(0)))

    await expire(store, clock=clock, bells=Bells())

    assert await claim(store, now=at(86400)) == []


async def test_the_notice_is_handed_over_at_once(store: Store, clock: ManualClock) -> None:
    bells = Bells()
    await add(store, new_watch(expires_at=at(0)))
    loop = asyncio.get_running_loop()

    await expire(store, clock=clock, bells=bells)

    before = loop.time()
    await bells.deliveries.listen(until=None, now=NOW)
    assert loop.time() - before < 0.5


async def test_while_nothing_expires_nobody_is_woken(store: Store, clock: ManualClock) -> None:
    bells = Bells()
    loop = asyncio.get_running_loop()

    ended = await expire(store, clock=clock, bells=bells)

    before = loop.time()
    await bells.deliveries.listen(until=None, now=NOW, at_most_s=0.1)
    assert ended == 0
    assert loop.time() - before >= 0.09


async def test_more_than_go_into_one_transaction_end_without_a_pause(
    store: Store, clock: ManualClock
) -> None:
    many = MAX_AT_ONCE + 1
    async with store.transaction() as transaction:
        for number in range(many):
            new = new_watch(parse_reference(f"node:{number}"), expires_at=at(0))
            await transaction.watches.add(new, now=NOW)

    await run(store, clock, naps=1)

    assert await watches_of(store) == []
    async with store.reading() as transaction:
        assert len(await transaction.outbox.entries(limit=1000, include_sent=False)) == many
    assert clock.slept == [EVERY_S]


async def test_a_watch_that_cannot_be_read_keeps_no_other_from_ending(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await add(store, new_watch(NODE, expires_at=at(0)))
    await add(store, new_watch(BUSYBOX, expires_at=at(0)))
    with closing(sqlite3.connect(tmp_path / "archbell.db")) as database, database:
        database.execute("UPDATE watches SET tells = '{' WHERE id = 1")

    with capture_logs() as logs:
        ended = await expire(store, clock=clock, bells=Bells())

    assert ended == 1
    assert logs[0]["event"] == "row_not_readable"
    assert (logs[0]["table"], logs[0]["id"]) == ("watches", 1)


@pytest.mark.parametrize("call", ["watches.expired", "outbox.post", "watches.end"], ids=str)
@pytest.mark.parametrize("error", [StoreBusy("busy"), RuntimeError("a bug")], ids=["busy", "bug"])
async def test_a_failing_store_is_asked_again_and_nothing_is_half_done(
    store: Store, clock: ManualClock, call: str, error: Exception
) -> None:
    await add(store, new_watch(expires_at=at(0)))
    troubled = TroubledStore(store)
    troubled.will_fail(call, error, times=1)

    with capture_logs() as logs:
        await run(troubled, clock, naps=2)

    assert [entry["event"] for entry in logs] == ["expiry_failed", "watches_expired"]
    assert clock.slept == [EVERY_S, EVERY_S]
    assert await watches_of(store) == []
    assert len(await take(store, now=at(60))) == 1
    async with store.reading() as transaction:
        assert len(await transaction.outbox.entries(limit=9, include_sent=True)) == 1
