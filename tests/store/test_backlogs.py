"""How much waits to be done."""

from pathlib import Path

import pytest
from sqlalchemy import ClauseElement

from bot.core.message.neutral import Message
from bot.ports.store import Backlog, Store
from bot.store import backlogs, outbox_rows
from tests.support.query_plans import steps_of
from tests.support.stores import (
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    TEAM,
    add,
    at,
    claim,
    look,
    new_watch,
    present,
    record,
    take,
)


async def backlog(store: Store, seconds: float = 0) -> Backlog:
    async with store.reading() as transaction:
        return await transaction.backlogs.count(now=at(seconds))


async def test_in_an_empty_database_nothing_waits(store: Store) -> None:
    assert await backlog(store) == Backlog(targets=0, deliveries=0, commands=0)


async def test_targets_wait_from_when_they_are_due_until_they_are_looked_at(store: Store) -> None:
    await add(store, new_watch(NODE))
    await add(store, new_watch(BUSYBOX))

    before = await backlog(store, 5)
    await claim(store)
    after = await backlog(store, 5)

    assert (before.targets, after.targets) == (2, 0)
    assert (before.oldest_due_at, after.oldest_due_at) == (NOW, None)


async def test_alerts_and_answers_wait_until_they_are_out(store: Store) -> None:
    await add(store, new_watch(NODE))
    await record(store, *[look(target, present(ARM64)) for target in await claim(store)])
    async with store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("hello"), now=at(-5))

    waiting = await backlog(store)
    assert waiting.deliveries == 2
    assert waiting.oldest_owed_at == at(-5)
    assert waiting.states == {"pending": 1}


async def test_what_has_arrived_does_not_wait(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("hello"), now=NOW)
    [delivery] = await take(store)
    during = await backlog(store)
    async with store.transaction() as transaction:
        await transaction.outbox.sent(delivery, message_id="m1", now=NOW)

    assert during.states == {"sending": 1}
    assert await backlog(store) == Backlog(targets=0, deliveries=0, commands=0)


async def test_commands_wait_until_they_are_done(store: Store) -> None:
    async with store.transaction() as transaction:
        for number in range(3):
            await transaction.inbox.receive(
                event_id=f"{number}", place=TEAM, person="U1", text="/list", now=NOW
            )
    async with store.transaction() as transaction:
        [command] = await transaction.inbox.claim(now=NOW, lease_s=60, limit=1)
        await transaction.inbox.done(command, now=NOW)

    assert (await backlog(store)).commands == 2


COUNTING = {
    "what waits": backlogs._ALL,
    "messages by state": backlogs._STATES,
    "messages that have not arrived": outbox_rows._LISTED_UNSENT,
}


@pytest.mark.parametrize("statement", COUNTING.values(), ids=COUNTING.keys())
async def test_what_is_done_is_not_read_to_see_what_is_not(
    statement: ClauseElement, tmp_path: Path
) -> None:
    steps = await steps_of(statement, tmp_path, value=lambda _name: 1)

    read = [step for step in steps if step.startswith(("SCAN ", "SEARCH "))]
    assert any("deliveries" in step for step in read)
    assert [step for step in read if " USING " not in step and "CONSTANT ROW" not in step] == []
