"""One row that makes no sense costs nobody else theirs."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.message.neutral import Message
from bot.ports.store import Store
from tests.store.conftest import Query
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
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

# What is no JSON at all does not get into a column of PostgreSQL, what is none of ours does.
ODD = pytest.mark.parametrize("odd", ['{"a": 1}', "[[1]]", '"text"', "null"])


async def two_targets(store: Store) -> None:
    """node and busybox, both seen once, and both due again a minute later."""
    await add(store, new_watch(NODE))
    await add(store, new_watch(BUSYBOX, place=OPS))
    for target in await claim(store):
        await record(store, look(target, present(AMD64), due_at=at(60)))


@ODD
async def test_a_target_with_odd_entries_is_looked_at_as_if_never_seen_and_heals(
    store: Store, query: Query, odd: str
) -> None:
    await two_targets(store)
    await query(f"UPDATE targets SET entries = '{odd}' WHERE repository = 'library/node'")

    with capture_logs() as logs:
        known = {str(target.reference): target for target in await claim(store, now=at(60))}
    results = [look(target, present(AMD64, seen_at=at(60))) for target in known.values()]
    await record(store, *results, now=at(60))

    assert known[str(NODE)].observation is None
    assert known[str(BUSYBOX)].observation is not None
    assert [(line["event"], line["target"]) for line in logs] == [
        ("observation_not_readable", str(NODE))
    ]
    [watch] = await watches_of(store)
    assert watch.observation == present(AMD64, seen_at=at(60))


async def test_a_target_whose_want_is_odd_is_left_to_its_lease(store: Store, query: Query) -> None:
    await two_targets(store)
    await query("UPDATE wants SET state = 'odd' WHERE watch_id = 1")

    with capture_logs() as logs:
        claimed = await claim(store, now=at(60), lease_s=90)
        before_its_end = await claim(store, now=at(149))
        again = await claim(store, now=at(150))

    assert [target.reference for target in claimed] == [BUSYBOX]
    assert (before_its_end, [target.reference for target in again]) == ([], [BUSYBOX])
    assert [(line["event"], line["table"]) for line in logs] == [
        ("row_not_readable", "targets"),
        ("row_not_readable", "targets"),
    ]


async def test_a_watch_that_makes_no_sense_is_left_out_of_lists(store: Store, query: Query) -> None:
    await add(store, new_watch(NODE))
    await add(store, new_watch(BUSYBOX))
    await query("UPDATE wants SET platform = 'a/b/c/d/e', state = 'odd' WHERE watch_id = 1")

    with capture_logs() as logs:
        watches = await watches_of(store)

    assert [watch.reference for watch in watches] == [BUSYBOX]
    assert [(line["table"], line["id"]) for line in logs] == [("watches", 1)]


async def test_a_message_that_makes_no_sense_is_dead_and_holds_up_no_other(
    store: Store, query: Query
) -> None:
    async with store.transaction() as transaction:
        bad = await transaction.outbox.post(TEAM, Message("first"), now=NOW)
        await transaction.outbox.post(TEAM, Message("second"), now=NOW)
        await transaction.outbox.post(OPS, Message("elsewhere"), now=NOW)
    await query(f"UPDATE deliveries SET message = '[]' WHERE id = '{bad}'")

    taken = [said(delivery) for delivery in await take(store)]
    later = [said(delivery) for delivery in await take(store)]

    assert (taken, later) == (["elsewhere"], ["second"])
    async with store.reading() as transaction:
        [entry, *_] = await transaction.outbox.entries(limit=9, include_sent=True)
    assert (entry.state, entry.about) == ("dead", "(not readable)")
    assert entry.last_error == "what is stored of it makes no sense"


async def test_an_alert_that_makes_no_sense_is_dead_and_holds_up_no_other(
    store: Store, query: Query
) -> None:
    await add(store, new_watch(NODE))
    await add(store, new_watch(BUSYBOX, place=OPS))
    for target in await claim(store):
        await record(store, look(target, present(ARM64)))
    await query("UPDATE alerts SET facts = '{}' WHERE watch_id = 1")

    taken = await take(store)

    assert [delivery.place for delivery in taken] == [OPS]
    async with store.reading() as transaction:
        entries = await transaction.outbox.entries(limit=9, include_sent=True)
    assert {entry.state: entry.about for entry in entries} == {
        "dead": "(not readable) linux/arm64 appeared",
        "sending": f"{BUSYBOX} linux/arm64 appeared",
    }


def said(delivery: Any) -> str:
    assert delivery.message is not None
    headline: str = delivery.message.headline
    return headline


async def test_what_is_no_json_is_odd_like_the_rest(
    store: Store, query: Query, server: object
) -> None:
    if server is not None:
        pytest.skip("PostgreSQL refuses it")
    await two_targets(store)
    await query("UPDATE targets SET entries = '[[' WHERE repository = 'library/node'")

    claimed = {target.reference: target.observation for target in await claim(store, now=at(60))}

    assert claimed == {NODE: None, BUSYBOX: present(AMD64)}
