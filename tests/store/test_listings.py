"""What is remembered of tags that docker-library lists."""

from bot.core.model import TargetId, WatchId
from bot.core.reference import parse_reference
from bot.ports.listings import AwaitedTag
from bot.ports.store import Store
from tests.support.stores import (
    ARM64,
    BUSYBOX,
    GRAFANA,
    NODE,
    NOW,
    OPS,
    RISCV,
    add,
    at,
    digest,
    new_watch,
)

FIRST = TargetId(1)


async def awaited(store: Store) -> list[AwaitedTag]:
    async with store.reading() as transaction:
        return await transaction.listings.awaited()


async def note(store: Store, *targets: TargetId, seconds: float = 0) -> None:
    async with store.transaction() as transaction:
        await transaction.listings.note_listed(targets, now=at(seconds))


async def unlist(store: Store) -> list[WatchId]:
    async with store.transaction() as transaction:
        return [watch.id for watch in await transaction.listings.unlist(FIRST)]


async def test_tags_of_official_images_are_awaited_while_something_is_missing(store: Store) -> None:
    await add(store, new_watch(NODE))
    await add(store, new_watch(NODE, place=OPS))
    await add(store, new_watch(GRAFANA))
    await add(store, new_watch(parse_reference("arm64v8/node:22")))
    await add(store, new_watch(BUSYBOX, met={ARM64: digest("b")}, standing=True))

    assert await awaited(store) == [AwaitedTag(FIRST, NODE, None)]


async def test_a_tag_whose_watch_has_ended_is_not_awaited(store: Store) -> None:
    added = await add(store, new_watch(NODE))
    async with store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="stopped", now=NOW)

    assert await awaited(store) == []


async def test_since_when_a_tag_is_listed_stays(store: Store) -> None:
    await add(store, new_watch(NODE))

    await note(store, FIRST, seconds=5)
    await note(store, FIRST, seconds=9)

    assert [tag.listed_at for tag in await awaited(store)] == [at(5)]


async def test_a_tag_is_unlisted_once_and_gives_the_watches_that_miss_something(
    store: Store,
) -> None:
    await add(store, new_watch(NODE, platforms=(ARM64, RISCV), met={ARM64: digest("b")}))
    await add(store, new_watch(NODE, place=OPS, met={ARM64: digest("b")}, standing=True))
    await note(store, FIRST)

    first, second = await unlist(store), await unlist(store)

    assert (first, second) == ([1], [])
    assert [tag.listed_at for tag in await awaited(store)] == [None]


async def test_a_tag_that_was_never_listed_is_not_unlisted(store: Store) -> None:
    await add(store, new_watch(NODE))

    assert await unlist(store) == []
