"""What was seen of tags over time, over each kind of database."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from bot.core.model import Observation, Status
from bot.core.reference import Reference, parse_reference
from bot.core.rhythm import Change
from bot.ports.store import Store
from bot.store.past import OBSERVATIONS_A_TAG
from tests.store.conftest import Query
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    add,
    at,
    digest,
    look_and_record,
    missing,
    new_watch,
    present,
    unknown,
)

NODE_23 = parse_reference("node:23")


async def histories(
    store: Store, of: Reference = NODE, *, tags: int = 10
) -> list[Sequence[Observation]]:
    async with store.reading() as transaction:
        return await transaction.past.of_tags(of, tags=tags)


async def changes(store: Store, of: Reference = NODE, *, since: datetime = NOW) -> list[Change]:
    async with store.reading() as transaction:
        return await transaction.past.changes(of, since=since)


async def test_a_tag_is_told_from_its_beginning(store: Store) -> None:
    await add(store, new_watch())
    seen = [missing(at(60)), present(AMD64, seen_at=at(120)), present(AMD64, seen_at=at(180))]
    last = present(AMD64, ARM64, of="b", seen_at=at(240))
    for observation in (*seen, last):
        await look_and_record(store, observation, now=observation.observed_at)

    [history] = await histories(store)

    assert [(each.status, each.observed_at, set(each.entries)) for each in history] == [
        (Status.TAG_MISSING, at(60), set()),
        (Status.PRESENT, at(120), {AMD64}),
        (Status.PRESENT, at(240), {AMD64, ARM64}),
    ]


async def test_what_was_seen_before_the_first_look_belongs_to_the_beginning(store: Store) -> None:
    await add(store, new_watch(observation=missing(at(5)), due_at=at(60)))
    await look_and_record(store, missing(at(60)), now=at(60))
    await look_and_record(store, present(AMD64, seen_at=at(120)), now=at(120))

    [history] = await histories(store)

    assert [each.observed_at for each in history] == [at(5), at(120)]


async def test_tags_of_the_repository_come_newest_first_and_no_others(store: Store) -> None:
    for number, reference in enumerate((NODE, BUSYBOX, NODE_23)):
        await add(store, new_watch(reference, observation=present(AMD64, of="abc"[number])))

    assert [[seen.digest for seen in history] for history in await histories(store)] == [
        [digest("c")],
        [digest("a")],
    ]
    assert [history[0].digest for history in await histories(store, tags=1)] == [digest("c")]
    assert await histories(store, parse_reference("ghcr.io/library/node:1")) == []


async def test_of_a_tag_that_changes_all_the_time_only_the_beginning_is_told(store: Store) -> None:
    await add(store, new_watch())
    for number in range(OBSERVATIONS_A_TAG + 2):
        seen = present(AMD64, of="ab"[number % 2], seen_at=at(60 * number))
        await look_and_record(store, seen, now=at(60 * number))

    [history] = await histories(store)

    assert [each.observed_at for each in history] == [
        at(60 * number) for number in range(OBSERVATIONS_A_TAG)
    ]


async def test_a_change_lies_between_the_last_clear_look_before_it_and_the_one_that_saw_it(
    store: Store,
) -> None:
    await add(store, new_watch())
    for seen in (
        present(AMD64, seen_at=at(60)),
        present(AMD64, seen_at=at(120)),
        unknown(at(180)),
        present(AMD64, ARM64, of="b", seen_at=at(240)),
    ):
        await look_and_record(store, seen, now=seen.observed_at)

    assert await changes(store) == [Change(at(120), at(240))]


async def test_first_sight_is_no_change(store: Store) -> None:
    await add(store, new_watch(observation=missing(at(5)), due_at=at(60)))
    assert await changes(store) == []

    await look_and_record(store, present(AMD64, seen_at=at(60)), now=at(60))

    assert await changes(store) == [Change(at(5), at(60))]


async def test_changes_of_all_tags_come_in_order_and_only_since_a_moment(store: Store) -> None:
    await add(store, new_watch(NODE, observation=missing(at(0)), due_at=at(60)))
    await look_and_record(store, present(AMD64, seen_at=at(60)), now=at(60))
    await add(store, new_watch(BUSYBOX, observation=missing(at(0)), due_at=at(70)))
    await look_and_record(store, present(AMD64, seen_at=at(70)), now=at(70))
    await add(store, new_watch(NODE_23, observation=missing(at(10)), due_at=at(80)))
    await look_and_record(store, present(AMD64, seen_at=at(80)), now=at(80))

    assert await changes(store, NODE_23) == [Change(at(0), at(60)), Change(at(10), at(80))]
    assert await changes(store, since=at(60)) == [Change(at(10), at(80))]


async def test_a_row_that_makes_no_sense_costs_no_other(store: Store, query: Query) -> None:
    await add(store, new_watch(NODE, observation=present(AMD64)))
    await add(store, new_watch(NODE_23, observation=present(AMD64, of="c")))
    await query(f"UPDATE observations SET status = 'lost' WHERE digest = '{digest('c')}'")

    [history] = await histories(store)

    assert history[0].digest == digest("a")


@pytest.mark.parametrize("seen", [present(AMD64), missing()], ids=["there", "no tag"])
async def test_what_is_unchanged_is_not_kept(store: Store, query: Query, seen: Observation) -> None:
    await add(store, new_watch(observation=seen))

    await look_and_record(store, seen, now=at(60))
    await look_and_record(store, seen, now=at(180))

    assert await query("SELECT count(*) FROM observations") == [(1,)]
