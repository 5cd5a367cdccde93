"""What the configuration wants, alone and of watches that people want too."""

import asyncio

from bot.core.model import TOLD_WHILE_STANDING, Event, Place, Watch, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports.configured import Put, Terms
from bot.ports.store import Store
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    RISCV,
    TEAM,
    add,
    at,
    claim,
    look_and_record,
    new_watch,
    present,
    watches_of,
)


def terms(*platforms: Platform, tells: frozenset[Event] = TOLD_WHILE_STANDING) -> Terms:
    return Terms(frozenset(platforms), tells)


async def put(
    store: Store, wanted: Terms, *, reference: Reference = NODE, place: Place = TEAM
) -> Put:
    async with store.transaction() as transaction:
        return await transaction.configured.put(reference, place, wanted, now=NOW)


async def withdraw(store: Store, watch: WatchId) -> None:
    async with store.transaction() as transaction:
        await transaction.configured.withdraw(watch, now=NOW)


async def the_watch(store: Store) -> Watch:
    [watch] = await watches_of(store)
    return watch


def wanted(watch: Watch) -> set[Platform]:
    return {want.platform for want in watch.wants}


async def test_a_watch_of_the_configuration_stands_without_end_and_without_people(
    store: Store,
) -> None:
    assert await put(store, terms(ARM64, AMD64)) is Put.ADDED

    watch = await the_watch(store)
    assert wanted(watch) == set(watch.configured) == {ARM64, AMD64}
    assert (watch.standing, watch.expires_at, watch.people) == (True, None, ())
    assert {want.tells for want in watch.wants} == {TOLD_WHILE_STANDING}


async def test_its_target_is_due_and_what_is_there_is_not_told(store: Store) -> None:
    await put(store, terms(ARM64))

    await look_and_record(store, present(ARM64))

    async with store.reading() as transaction:
        assert await transaction.outbox.entries(limit=10, include_sent=True) == []


async def test_the_same_again_changes_nothing(store: Store) -> None:
    await put(store, terms(ARM64))
    await look_and_record(store, present(ARM64))

    assert await put(store, terms(ARM64)) is Put.UNCHANGED

    assert await claim(store) == [], "nobody need look again"


async def test_other_terms_change_the_watch_that_is_there(store: Store) -> None:
    await put(store, terms(ARM64, AMD64))
    before = await the_watch(store)

    assert await put(store, terms(ARM64, RISCV, tells=frozenset({Event.REPLACED}))) is Put.CHANGED

    after = await the_watch(store)
    assert after.id == before.id
    assert wanted(after) == {ARM64, RISCV}
    assert {want.tells for want in after.wants} == {frozenset({Event.REPLACED})}


async def test_all_that_is_wanted_is_given_until_it_is_withdrawn(store: Store) -> None:
    await put(store, terms(ARM64))
    await put(store, terms(AMD64), reference=BUSYBOX)
    async with store.reading() as transaction:
        first, second = await transaction.configured.all()

    await withdraw(store, first.id)

    assert (first.reference, first.place, first.terms) == (NODE, TEAM, terms(ARM64))
    async with store.reading() as transaction:
        assert await transaction.configured.all() == [second]
    assert [watch.reference for watch in await watches_of(store)] == [BUSYBOX]


async def test_a_target_rests_when_nobody_wants_it_any_more(store: Store) -> None:
    await put(store, terms(ARM64))
    await withdraw(store, (await the_watch(store)).id)

    assert await claim(store) == []


async def test_the_configuration_joins_the_watch_of_people_and_leaves_it_as_it_was(
    store: Store,
) -> None:
    own = (await add(store, new_watch(platforms=[AMD64], expires_at=at(3600)))).watch

    assert await put(store, terms(ARM64)) is Put.ADDED
    joined = await the_watch(store)
    await withdraw(store, joined.id)

    assert joined.id == own.id
    assert wanted(joined) == {AMD64, ARM64}
    assert (joined.standing, joined.expires_at) == (True, None)
    left = await the_watch(store)
    assert wanted(left) == {AMD64}
    assert (left.standing, left.expires_at, left.people) == (False, at(3600), ("U1",))
    assert {want.tells for want in left.wants} == {frozenset()}
    assert len(await claim(store)) == 1, "there may be nothing left to wait for"


async def test_people_join_the_watch_of_the_configuration_and_keep_theirs(store: Store) -> None:
    await put(store, terms(ARM64))
    joined = await add(store, new_watch(platforms=[ARM64, RISCV], expires_at=at(3600)))
    await add(store, new_watch(platforms=[AMD64], person="U2", expires_at=at(7200)))

    await withdraw(store, joined.watch.id)

    assert not joined.created
    left = await the_watch(store)
    assert wanted(left) == {ARM64, AMD64, RISCV}
    assert (left.standing, left.expires_at, left.people) == (False, at(7200), ("U1", "U2"))
    assert left.configured == ()


async def test_people_who_stop_leave_what_the_configuration_wants(store: Store) -> None:
    await put(store, terms(ARM64))
    await add(store, new_watch(platforms=[RISCV]))
    watch = await the_watch(store)

    async with store.transaction() as transaction:
        await transaction.watches.stop([watch.id], now=NOW)

    left = await the_watch(store)
    assert (wanted(left), left.people, left.standing) == ({ARM64}, (), True)
    await withdraw(store, left.id)
    assert await watches_of(store) == []


async def test_stopping_ends_what_the_configuration_does_not_want(store: Store) -> None:
    await put(store, terms(ARM64))
    other = (await add(store, new_watch(BUSYBOX))).watch

    async with store.transaction() as transaction:
        ids = [watch.id for watch in await transaction.watches.of_place(TEAM)]
        await transaction.watches.stop(ids, now=NOW)

    assert other.id not in {watch.id for watch in await watches_of(store)}
    assert [watch.reference for watch in await watches_of(store)] == [NODE]


async def test_a_platform_that_people_drop_stays_if_the_configuration_wants_it(
    store: Store,
) -> None:
    await put(store, terms(ARM64))
    await add(store, new_watch(platforms=[ARM64, RISCV, AMD64]))
    watch = await the_watch(store)

    async with store.transaction() as transaction:
        await transaction.watches.drop([watch.id], [ARM64, RISCV], now=NOW)

    assert wanted(await the_watch(store)) == {ARM64, AMD64}
    await withdraw(store, watch.id)
    assert wanted(await the_watch(store)) == {AMD64}


async def test_two_processes_that_start_together_make_one_watch(store: Store, other: Store) -> None:
    references = [NODE, BUSYBOX]

    async def start(one: Store) -> None:
        for reference in references:
            await put(one, terms(ARM64), reference=reference)

    await asyncio.gather(start(store), start(other))

    assert [watch.reference for watch in await watches_of(store)] == references


async def test_withdrawing_twice_is_no_mistake(store: Store) -> None:
    await put(store, terms(ARM64))
    watch = (await the_watch(store)).id

    await withdraw(store, watch)
    await withdraw(store, watch)

    assert await watches_of(store) == []
