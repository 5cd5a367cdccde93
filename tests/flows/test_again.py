from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.errors import StoreBusy, StoreConflict
from bot.core.message.neutral import Message
from bot.flows.again import TRIES, in_transaction
from bot.ports.store import Transaction
from bot.store.database import open_store
from tests.support.stores import NOW, TEAM, take
from tests.support.troubled_store import TroubledStore

CONFLICT = StoreConflict("d: another process was at the same rows")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TroubledStore]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield TroubledStore(opened)


async def post_twice(transaction: Transaction) -> str:
    await transaction.outbox.post(TEAM, Message("first"), now=NOW)
    return await transaction.inbox.cursor("any") or "posted"


async def test_a_transaction_that_met_another_one_is_done_again_and_only_once(
    store: TroubledStore,
) -> None:
    store.will_fail("inbox.cursor", CONFLICT, times=TRIES - 1)

    assert await in_transaction(store, post_twice) == "posted"

    assert store.calls.count("outbox.post") == TRIES
    assert store.calls.count("outbox.post:committed") == 1
    assert len(await take(store)) == 1


async def test_a_conflict_that_does_not_end_is_told(store: TroubledStore) -> None:
    store.will_fail("inbox.cursor", CONFLICT)

    with pytest.raises(StoreConflict):
        await in_transaction(store, post_twice)

    assert store.calls.count("outbox.post") == TRIES


async def test_other_errors_are_not_tried_again(store: TroubledStore) -> None:
    store.will_fail("inbox.cursor", StoreBusy("d: busy"))

    with pytest.raises(StoreBusy):
        await in_transaction(store, post_twice)

    assert store.calls.count("outbox.post") == 1
