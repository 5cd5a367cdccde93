"""What targets were before."""

from bot.core.chronicle import Record
from bot.core.model import Status
from bot.ports.store import Store
from tests.store.conftest import Query
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    TEAM,
    add,
    at,
    claim,
    look,
    look_and_record,
    missing,
    new_watch,
    present,
    record,
    unknown,
    watches_of,
)


async def after(store: Store, id: int = 0, *, limit: int = 100) -> list[Record]:
    async with store.reading() as transaction:
        return await transaction.history.after(id, limit=limit)


async def of_node(store: Store, *, limit: int = 100) -> list[Record]:
    async with store.reading() as transaction:
        return await transaction.history.of(NODE, limit=limit)


async def mark(store: Store) -> str:
    async with store.reading() as transaction:
        return await transaction.history.mark()


async def newest(store: Store) -> int:
    async with store.reading() as transaction:
        return await transaction.history.newest()


async def test_an_empty_database_has_no_history(store: Store) -> None:
    assert (await after(store), await newest(store)) == ([], 0)


async def test_the_history_begins_with_what_the_watch_starts_from(store: Store) -> None:
    await add(store, new_watch(observation=present(AMD64)))

    [first] = await of_node(store)

    assert (first.reference, first.status, first.observed_at) == (NODE, Status.PRESENT, NOW)
    assert list(first.digests) == [AMD64]


async def test_each_change_is_a_record_and_the_same_again_is_none(store: Store) -> None:
    await add(store, new_watch(observation=present(AMD64, seen_at=NOW)))
    seen = [
        present(AMD64, seen_at=at(60)),
        present(AMD64, ARM64, of="b", seen_at=at(120)),
        missing(at(180)),
    ]
    await add(store, new_watch(platforms=[AMD64], standing=True))
    for number, observation in enumerate(seen):
        await look_and_record(store, observation, now=at(60 * (number + 1)))

    records = await of_node(store)

    assert [each.observed_at for each in records] == [NOW, at(120), at(180)]
    assert [len(each.digests) for each in records] == [1, 2, 0]
    assert records == await after(store)


async def test_only_the_newest_are_given_and_the_oldest_of_them_first(store: Store) -> None:
    await add(store, new_watch(standing=True))
    for number, letter in enumerate("abc"):
        observation = present(AMD64, of=letter, seen_at=at(60 * number))
        await look_and_record(store, observation, now=at(60 * number))

    assert [each.observed_at for each in await of_node(store, limit=2)] == [at(60), at(120)]


async def test_what_came_after_a_record_is_given_in_pieces(store: Store) -> None:
    await add(store, new_watch(NODE))
    await add(store, new_watch(BUSYBOX))
    await record(store, *[look(target, present(AMD64)) for target in await claim(store)])

    [first] = await after(store, limit=1)
    [second] = await after(store, first.id)

    assert {first.reference, second.reference} == {NODE, BUSYBOX}
    assert await newest(store) == second.id


async def test_a_record_that_makes_no_sense_is_left_out(store: Store, query: Query) -> None:
    await add(store, new_watch(NODE, observation=present(AMD64)))
    await add(store, new_watch(BUSYBOX, observation=present(AMD64)))
    await query("UPDATE observations SET status = 'nonsense' WHERE id = 1")

    assert [each.reference for each in await after(store)] == [BUSYBOX]


async def test_a_look_without_news_leaves_the_mark(store: Store) -> None:
    await add(store, new_watch(observation=present(AMD64)))
    await look_and_record(store, present(AMD64, seen_at=at(1)), now=at(1))
    before = await mark(store)

    await look_and_record(store, present(AMD64, seen_at=at(60)), now=at(100))

    assert await mark(store) == before


async def test_what_is_seen_watched_muted_or_in_trouble_changes_the_mark(store: Store) -> None:
    marks = [await mark(store)]

    async def noted() -> None:
        marks.append(await mark(store))

    await add(store, new_watch())
    await noted()
    await look_and_record(store, present(AMD64), now=NOW)
    await noted()
    await look_and_record(store, unknown(at(60)), now=at(60))
    await noted()
    await look_and_record(store, present(AMD64, ARM64, of="b", seen_at=at(120)), now=at(120))
    await noted()
    await add(store, new_watch(BUSYBOX), now=at(120))
    await noted()
    [watch] = await watches_of(store)
    async with store.transaction() as transaction:
        await transaction.watches.mute(watch.id, until=at(3600))
    await noted()
    async with store.transaction() as transaction:
        await transaction.watches.mute_place(TEAM, until=at(3600))
    await noted()
    async with store.transaction() as transaction:
        await transaction.watches.end([watch.id], why="stopped", now=at(130))
    await noted()

    assert len(set(marks)) == len(marks)
