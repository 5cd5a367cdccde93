from datetime import datetime, timedelta

import pytest

from bot.core.model import WantState
from bot.ports.store import Store
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    RISCV,
    add,
    at,
    claim_one,
    digest,
    look,
    look_and_record,
    new_watch,
    present,
    record,
    unknown,
    wants_of,
)


async def hint(store: Store, *, of: str | None, now: datetime = NOW) -> bool:
    async with store.transaction() as transaction:
        pushed = None if of is None else digest(of)
        return await transaction.targets.hint(NODE, digest=pushed, now=now)


async def is_hinted(store: Store, *, now: datetime) -> bool:
    async with store.reading() as transaction:
        known = await transaction.targets.find(NODE, now=now)
    assert known is not None
    return known.hinted


async def due_at(store: Store) -> datetime | None:
    async with store.reading() as transaction:
        return await transaction.targets.next_due_at()


async def test_a_hint_makes_a_watched_target_due_now(store: Store) -> None:
    await add(store, new_watch(due_at=at(600)))

    hinted = await hint(store, of=None, now=at(5))

    assert hinted
    assert await due_at(store) == at(5)


async def test_a_hint_does_not_postpone_what_is_overdue(store: Store) -> None:
    await add(store, new_watch(due_at=at(1)))

    await hint(store, of=None, now=at(5))

    assert await due_at(store) == at(1)


async def test_a_hint_for_a_tag_nobody_watches_is_refused(store: Store) -> None:
    added = await add(store, new_watch())
    async with store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="unwatched", now=NOW)

    assert not await hint(store, of=None)
    assert await due_at(store) is None


@pytest.mark.parametrize("of", ["c", None], ids=["with a digest", "without"])
async def test_what_was_hinted_at_is_marked_until_a_look_has_shown_it(
    store: Store, of: str | None
) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await look_and_record(store, present(AMD64))
    before = await is_hinted(store, now=at(5))

    await hint(store, of=of, now=at(5))
    hinted = await is_hinted(store, now=at(5))
    await look_and_record(store, present(AMD64, of="c", seen_at=at(6)), now=at(6))

    assert (before, hinted, await is_hinted(store, now=at(7))) == (False, True, False)


async def test_a_look_that_does_not_find_the_pushed_digest_is_soon_repeated(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await hint(store, of="f")
    now = NOW
    waits = []
    for _ in range(5):
        target = await claim_one(store, now=now)
        plain = now + timedelta(seconds=600)
        await record(store, look(target, present(AMD64, seen_at=now), due_at=plain), now=now)
        due = await due_at(store)
        assert due is not None
        waits.append(round((due - now).total_seconds(), 3))
        now = due

    assert waits == [0.1, 0.5, 2.0, 10.0, 600.0]


async def test_a_look_that_finds_the_pushed_digest_ends_the_hint(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await hint(store, of="f")
    target = await claim_one(store)
    await record(store, look(target, present(AMD64, of="f"), due_at=at(600)))

    again = await claim_one(store, now=at(600))
    await record(store, look(again, present(AMD64, seen_at=at(600)), due_at=at(1200)))

    assert await due_at(store) == at(1200)


async def test_a_pushed_platform_is_found_by_its_own_digest(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await hint(store, of="b")
    target = await claim_one(store)

    await record(store, look(target, present(ARM64, of="a"), due_at=at(600)))

    assert await due_at(store) == at(600)


async def test_an_unclear_look_waits_as_the_registry_wants_and_keeps_the_hint(
    store: Store,
) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await hint(store, of="f")
    target = await claim_one(store)
    await record(store, look(target, unknown(), due_at=at(300)))
    assert await due_at(store) == at(300)

    again = await claim_one(store, now=at(300))
    await record(store, look(again, present(AMD64, seen_at=at(300))), now=at(300))

    assert await due_at(store) == at(300.1)


async def test_a_newer_hint_begins_its_repetitions_anew(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await hint(store, of="f")
    target = await claim_one(store)
    await hint(store, of="e", now=at(1))
    await record(store, look(target, present(AMD64)), now=at(2))
    assert await due_at(store) == at(2)

    again = await claim_one(store, now=at(2))
    await record(store, look(again, present(AMD64, seen_at=at(2))), now=at(2))

    assert await due_at(store) == at(2.1)


async def test_a_plain_due_time_that_comes_sooner_is_kept(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await hint(store, of="f")
    target = await claim_one(store)

    await record(store, look(target, present(AMD64), due_at=at(0.05)))

    assert await due_at(store) == at(0.05)


async def told_of(store: Store) -> list[str]:
    async with store.reading() as transaction:
        entries = await transaction.outbox.entries(limit=9, include_sent=True)
    return [entry.about.rpartition(" ")[2] for entry in entries]


async def test_what_a_push_in_two_steps_takes_away_for_a_moment_has_not_gone(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64,), met={ARM64: digest("a")}, standing=True))
    await look_and_record(store, present(AMD64, of="d"))
    await hint(store, of="c", now=at(5))

    await look_and_record(store, present(AMD64, of="d", seen_at=at(5)), now=at(5))
    await look_and_record(store, present(AMD64, ARM64, of="c", seen_at=at(6)), now=at(6))

    assert await told_of(store) == []
    [want] = await wants_of(store)
    assert (want.state, want.episode) == (WantState.MET, 0)


async def test_what_is_away_has_gone_though_what_was_pushed_is_never_seen(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64,), met={ARM64: digest("a")}, standing=True))
    await look_and_record(store, present(AMD64, of="d"))
    await hint(store, of="f", now=at(5))

    told = []
    for now in (5, 5.2, 5.8, 8, 19):
        await look_and_record(store, present(AMD64, of="d", seen_at=at(now)), now=at(now))
        told.append(await told_of(store))

    assert told == [[], [], [], [], ["gone"]]
