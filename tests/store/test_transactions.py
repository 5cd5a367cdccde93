"""All or nothing, in order, and as two processes see it."""

import asyncio
from collections import Counter

import pytest

from bot.core.errors import StoreBusy, StoreError
from bot.core.message.neutral import Message
from bot.ports.store import Store
from bot.store.database import open_store
from tests.support.stores import (
    NODE,
    NOW,
    OPS,
    TEAM,
    add,
    at,
    claim,
    look,
    new_watch,
    present,
    record,
    take,
    watches_of,
)


class Unexpected(Exception):
    pass


async def test_an_exception_rolls_everything_back(store: Store) -> None:
    async def fail_late() -> None:
        async with store.transaction() as transaction:
            await transaction.watches.add(new_watch(), now=NOW)
            await transaction.outbox.post(TEAM, Message("Watching"), now=NOW)
            raise Unexpected

    with pytest.raises(Unexpected):
        await fail_late()

    assert await watches_of(store) == []
    assert await take(store) == []


async def test_a_cancelled_transaction_is_rolled_back_and_the_next_one_goes_on(
    store: Store,
) -> None:
    entered = asyncio.Event()

    async def stuck() -> None:
        async with store.transaction() as transaction:
            await transaction.watches.add(new_watch(), now=NOW)
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(stuck())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await watches_of(store) == []
    await add(store, new_watch())
    assert len(await watches_of(store)) == 1


async def test_a_transaction_cancelled_at_any_moment_leaves_all_or_nothing(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.transaction() as transaction:
            for _ in range(2):
                await transaction.outbox.post(TEAM, Message(str(number)), now=NOW)

    for steps in range(1, 1500, 50):
        task = asyncio.ensure_future(write(steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    await write(0)
    async with store.reading() as transaction:
        entries = await transaction.outbox.entries(limit=1000, include_sent=True)
    counted = Counter(entry.about for entry in entries)
    assert counted["0"] == 2
    assert set(counted.values()) == {2}


async def test_writers_of_one_process_queue_instead_of_failing(store: Store) -> None:
    async def receive(number: int) -> bool:
        async with store.transaction() as transaction:
            return await transaction.inbox.receive(
                event_id=str(number), place=TEAM, person=str(number), text="list", now=NOW
            )

    kept = await asyncio.gather(*(receive(number) for number in range(50)))

    assert kept == [True] * 50
    async with store.transaction() as transaction:
        commands = await transaction.inbox.claim(now=NOW, lease_s=1, limit=99)
    assert {command.person for command in commands} == {str(number) for number in range(50)}


async def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(
    store: Store,
) -> None:
    await add(store, new_watch())
    async with store.transaction() as writing:
        await writing.watches.add(new_watch(place=OPS), now=NOW)

        async with store.reading() as reading:
            during = await reading.watches.active()

    async with store.reading() as reading:
        after = await reading.watches.active()
    assert [len(during), len(after)] == [1, 2]


async def test_a_reader_sees_one_moment_however_long_it_reads(store: Store) -> None:
    async with store.reading() as reading:
        before = await reading.watches.active()
        await add(store, new_watch())
        after = await reading.watches.active()

    assert before == after == []


async def test_whoever_waits_too_long_for_another_process_is_told_that_the_database_is_busy(
    store: Store, url: str
) -> None:
    async with open_store(url, busy_timeout_s=0.05) as hasty:
        async with store.transaction() as transaction:
            await transaction.watches.add(new_watch(), now=NOW)

            with pytest.raises(StoreBusy, match=r"another process|not get to it in time"):
                await add(hasty, new_watch(place=OPS))
            async with hasty.reading() as reading:
                assert await reading.watches.active() == []

        await add(hasty, new_watch(place=OPS))
        assert len(await watches_of(hasty, TEAM)) == 1


async def test_two_processes_never_claim_the_same_target(store: Store, other: Store) -> None:
    for number in range(20):
        await add(store, new_watch(NODE.with_tag(str(number))))

    claimed: list[int] = []
    for _ in range(4):
        both = await asyncio.gather(claim(store, limit=3), claim(other, limit=3))
        claimed += [target.id for targets in both for target in targets]

    assert len(claimed) == 20
    assert len(set(claimed)) == 20


async def test_a_lease_that_another_process_took_over_writes_nothing(
    store: Store, other: Store
) -> None:
    await add(store, new_watch())
    [lost] = await claim(store, lease_s=10)
    [taken] = await claim(other, now=at(10))

    assert await record(store, look(lost, present(*())), now=at(11)) == [False]
    assert await record(other, look(taken, present(*())), now=at(11)) == [True]


async def test_two_processes_never_take_deliveries_of_one_place(store: Store, other: Store) -> None:
    async with store.transaction() as transaction:
        for number in range(3):
            await transaction.outbox.post(TEAM, Message(str(number)), now=NOW)

    mine, theirs = await asyncio.gather(take(store), take(other))

    assert len(mine) + len(theirs) == 1


async def test_errors_of_statements_are_the_programs_own(store: Store) -> None:
    with pytest.raises(StoreError, match="without a time zone") as caught:
        await add(store, new_watch(), now=NOW.replace(tzinfo=None))

    assert type(caught.value).__module__ == "bot.core.errors"
    assert "INSERT" not in str(caught.value)


async def test_what_no_driver_can_take_is_a_store_error_that_does_not_repeat_it(
    store: Store,
) -> None:
    async def post_half_a_character() -> None:
        async with store.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message("caf\udce9"), now=NOW)

    async def read_more_than_there_can_be() -> None:
        async with store.reading() as transaction:
            await transaction.outbox.entries(limit=10**23, include_sent=True)

    async def keep_a_person() -> None:
        async with store.transaction() as transaction:
            await transaction.inbox.receive(
                event_id="e1", place=TEAM, person="caf\udce9", text="list", now=NOW
            )

    for attempt in (post_half_a_character, read_more_than_there_can_be, keep_a_person):
        with pytest.raises(StoreError) as caught:
            await attempt()
        assert "caf" not in str(caught.value)
    assert await take(store) == []


async def test_a_bug_within_a_transaction_is_not_taken_for_the_databases(store: Store) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        async with store.transaction():
            int("a bug")
