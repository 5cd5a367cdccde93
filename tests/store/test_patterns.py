"""Patterns, and the lists of tags that are claimed for them."""

from dataclasses import replace
from datetime import datetime

import pytest

from bot.core.model import Event, Place, WantState
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports.patterns import ClaimedTags, Listed, NewPattern, Pattern
from bot.ports.store import Store
from tests.support.stores import (
    AMD64,
    ARM64,
    NOW,
    OPS,
    RISCV,
    TEAM,
    add,
    at,
    claim_one,
    look,
    new_watch,
    present,
    record,
    take_one,
    watches_of,
)

NODE = Reference("docker.io", "library/node", None)
REDIS = Reference("docker.io", "library/redis", None)


async def follow(
    store: Store,
    *platforms: Platform,
    repository: Reference = NODE,
    text: str = "22.*",
    place: Place = TEAM,
    person: str | None = "U1",
    now: datetime = NOW,
) -> tuple[Pattern, bool]:
    wanted = frozenset(platforms or (ARM64,))
    async with store.transaction() as transaction:
        return await transaction.patterns.add(
            NewPattern(repository, text, place, wanted, person, configured=person is None), now=now
        )


async def claim(store: Store, *, now: datetime = NOW, capacity: int = 9) -> list[ClaimedTags]:
    async with store.transaction() as transaction:
        return await transaction.patterns.claim(
            capacity=lambda _registry: capacity, limit=10, now=now, lease_s=60
        )


async def write(store: Store, listed: Listed, *, now: datetime = NOW) -> bool:
    async with store.transaction() as transaction:
        return await transaction.patterns.record(listed, expires_at=at(9000), now=now)


def result(claimed: ClaimedTags, *tags: str, news: tuple[str, ...] = ()) -> Listed:
    told = [(pattern, tag) for pattern in claimed.patterns for tag in news]
    return Listed(claimed, frozenset(tags), '"e"', told, at(900), 0)


async def of_place(store: Store, place: Place = TEAM) -> list[Pattern]:
    async with store.reading() as transaction:
        return await transaction.patterns.of_place(place)


async def due(store: Store) -> datetime | None:
    async with store.reading() as transaction:
        return await transaction.patterns.next_due_at(opens_at=lambda _registry: NOW)


async def hint(store: Store, *, now: datetime) -> None:
    async with store.transaction() as transaction:
        assert await transaction.patterns.hint(NODE, now=now)


async def test_a_pattern_is_given_as_it_stands_and_its_tags_are_due(store: Store) -> None:
    pattern, is_new = await follow(store, ARM64, AMD64)

    assert is_new
    assert pattern == (await of_place(store))[0]
    assert (pattern.repository, pattern.text, pattern.place) == (NODE, "22.*", TEAM)
    assert (pattern.platforms, pattern.configured) == (
        frozenset({ARM64, AMD64}),
        frozenset(),
    )
    assert (pattern.people, pattern.created_at) == (("U1",), NOW)
    assert await due(store) == NOW


async def test_the_same_again_joins(store: Store) -> None:
    first, _ = await follow(store, ARM64)
    joined, is_new = await follow(store, RISCV, person="U2")
    configured, _ = await follow(store, AMD64, person=None)

    assert not is_new
    assert first.id == joined.id == configured.id
    assert (configured.platforms, configured.configured) == (
        frozenset({ARM64, RISCV}),
        frozenset({AMD64}),
    )
    assert configured.people == ("U1", "U2")


async def test_who_stops_leaves_what_the_configuration_wants(store: Store) -> None:
    pattern, _ = await follow(store, ARM64)
    await follow(store, AMD64, person=None)

    async with store.transaction() as transaction:
        await transaction.patterns.stop([pattern.id])

    [left] = await of_place(store)
    assert (left.platforms, left.configured) == (frozenset(), frozenset({AMD64}))
    assert left.people == ()
    async with store.transaction() as transaction:
        await transaction.patterns.withdraw(pattern.id)
    assert await of_place(store) == []
    assert await due(store) is None, "nobody wants to know"


async def test_a_repository_is_listed_once_for_all_its_patterns(store: Store) -> None:
    await follow(store, text="22.*")
    await follow(store, text="23.*", place=OPS)

    [claimed] = await claim(store)

    assert claimed.known is None
    assert [pattern.text for pattern in claimed.patterns] == ["22.*", "23.*"]
    assert await claim(store, now=at(59)) == []
    assert len(await claim(store, now=at(60))) == 1, "a lease that ran out is free"


async def test_a_registry_gets_no_more_than_it_allows(store: Store) -> None:
    await follow(store, repository=NODE)
    await follow(store, repository=REDIS)

    assert await claim(store, capacity=0) == []
    assert len(await claim(store, capacity=1)) == 1


async def test_what_is_known_is_kept_until_the_next_look(store: Store) -> None:
    await follow(store)
    [first] = await claim(store)

    assert await write(store, result(first, "22.1", "22.2"))
    [second] = await claim(store, now=at(900))

    assert second.known == frozenset({"22.1", "22.2"})
    assert (second.etag, second.looked_at) == ('"e"', NOW)
    assert await write(store, replace(result(second), known=None), now=at(900))
    [third] = await claim(store, now=at(2000))
    assert third.known == second.known


async def test_a_look_that_failed_is_no_look(store: Store) -> None:
    await follow(store)
    [first] = await claim(store)
    await write(store, replace(result(first), known=None, failures=1))

    [second] = await claim(store, now=at(900))

    assert (second.known, second.looked_at, second.failures) == (None, None, 1)


async def test_who_lost_the_lease_writes_nothing(store: Store) -> None:
    await follow(store)
    [late] = await claim(store)
    [mine] = await claim(store, now=at(60))

    assert not await write(store, result(late, "22.1", news=("22.1",)))
    assert await write(store, result(mine, "22.1"))
    assert await watches_of(store) == []


async def test_a_new_tag_is_watched_with_a_card(store: Store) -> None:
    await follow(store, ARM64, AMD64)
    [claimed] = await claim(store)
    await write(store, result(claimed, "22.1", news=("22.1",)))

    [watch] = await watches_of(store)
    assert watch.reference == NODE.with_tag("22.1")
    assert (watch.people, watch.standing, watch.expires_at) == (("U1",), False, at(9000))
    assert {want.state for want in watch.wants} == {WantState.UNSEEN}

    target = await claim_one(store)
    await record(store, look(target, present(AMD64)))
    delivery = await take_one(store)
    assert [owed.alert.event for owed in delivery.alerts] == [Event.OUT]


async def test_a_tag_that_the_place_watches_already_gets_no_card(store: Store) -> None:
    await follow(store, AMD64, person=None)
    own = await add(store, new_watch(NODE.with_tag("22.1"), platforms=[ARM64]))
    [claimed] = await claim(store)
    await write(store, result(claimed, "22.1", news=("22.1",)))

    [watch] = await watches_of(store)
    assert watch.id == own.watch.id
    assert {want.platform for want in watch.wants} == {ARM64, AMD64}
    assert all(want.shown is None for want in watch.wants)


async def test_a_push_has_the_tags_listed_soon_and_only_where_somebody_asked(
    store: Store,
) -> None:
    await follow(store)
    [claimed] = await claim(store)
    await write(store, result(claimed, "22.1"))

    async with store.transaction() as transaction:
        assert await transaction.patterns.hint(NODE.with_tag("22.2"), now=at(10))
        assert not await transaction.patterns.hint(REDIS, now=at(10))
        assert await transaction.patterns.followed({NODE, REDIS}) == {NODE}

    assert await due(store) == at(11)


@pytest.mark.parametrize("pushed_s", [-0.5, 3], ids=["just before the list", "during the list"])
async def test_a_push_that_the_list_may_be_too_early_for_has_the_tags_listed_once_more(
    store: Store, pushed_s: float
) -> None:
    await follow(store)
    if pushed_s < 0:
        await hint(store, now=at(pushed_s))
    [claimed] = await claim(store)
    if pushed_s > 0:
        await hint(store, now=at(pushed_s))

    await write(store, result(claimed, "22.1"), now=at(5))

    assert await due(store) == at(6)
    [again] = await claim(store, now=at(6))
    await write(store, result(again, "22.1", "22.2"), now=at(7))
    assert await due(store) == at(900)


async def test_of_a_push_nobody_asks_a_registry_that_fails_sooner(store: Store) -> None:
    await follow(store)
    [claimed] = await claim(store)
    await hint(store, now=at(3))

    await write(store, replace(result(claimed), known=None, failures=1), now=at(5))

    assert await due(store) == at(900)


async def test_a_push_postpones_no_list_that_comes_sooner(store: Store) -> None:
    await follow(store)
    await hint(store, now=at(1))

    assert await due(store) == NOW


async def test_who_stopped_while_tags_were_listed_hears_of_none(store: Store) -> None:
    mine, _ = await follow(store)
    await follow(store, place=OPS)
    [claimed] = await claim(store)
    async with store.transaction() as transaction:
        await transaction.patterns.stop([mine.id])

    await write(store, result(claimed, "22.1", news=("22.1",)))

    assert await watches_of(store) == []
    assert len(await watches_of(store, OPS)) == 1


async def test_who_wanted_more_while_tags_were_listed_gets_it(store: Store) -> None:
    await follow(store)
    [claimed] = await claim(store)
    await follow(store, AMD64)

    await write(store, result(claimed, "22.1", news=("22.1",)))

    [watch] = await watches_of(store)
    assert {want.platform for want in watch.wants} == {ARM64, AMD64}


async def test_of_two_patterns_in_conversations_that_become_one_all_that_was_wanted_stays(
    store: Store,
) -> None:
    old, new = Place("telegram", "-1"), Place("telegram", "-2")
    await follow(store, ARM64, place=old, person="U1")
    await follow(store, RISCV, place=old, person=None)
    await follow(store, AMD64, place=new, person="U2")

    async with store.transaction() as transaction:
        await transaction.outbox.move(old, conversation="-2", now=NOW)

    [pattern] = await of_place(store, new)
    assert pattern.platforms == frozenset({ARM64, AMD64})
    assert pattern.configured == frozenset({RISCV})
    assert pattern.people == ("U2", "U1")


async def test_all_patterns_are_given_in_order(store: Store) -> None:
    one, _ = await follow(store)
    other, _ = await follow(store, place=OPS)

    async with store.reading() as transaction:
        assert [each.id for each in await transaction.patterns.all()] == [one.id, other.id]


async def test_patterns_follow_a_conversation_to_its_new_id(store: Store) -> None:
    await follow(store, text="22.*", place=Place("telegram", "-1"))
    await follow(store, text="23.*", place=Place("telegram", "-1"))
    await follow(store, text="23.*", place=Place("telegram", "-2"))

    async with store.transaction() as transaction:
        await transaction.outbox.move(Place("telegram", "-1"), conversation="-2", now=NOW)

    there = await of_place(store, Place("telegram", "-2"))
    assert sorted(pattern.text for pattern in there) == ["22.*", "23.*"]
