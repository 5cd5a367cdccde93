from datetime import datetime, timedelta

import pytest

from bot.core.model import Observation, WantState
from bot.core.reference import parse_reference
from bot.ports.store import Store
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    GRAFANA,
    NODE,
    NOW,
    OPS,
    RISCV,
    TEAM,
    add,
    at,
    claim,
    claim_one,
    look,
    look_and_record,
    new_watch,
    present,
    record,
)


async def test_a_claim_gives_the_target_with_the_wants_of_all_its_watches(store: Store) -> None:
    first = await add(store, new_watch(platforms=(ARM64, AMD64), met={AMD64: "sha256:m"}))
    second = await add(store, new_watch(place=OPS, standing=True), now=at(5))

    target = await claim_one(store, now=at(9))

    assert target.reference == NODE
    assert target.observation is None
    assert target.anchor == at(5)
    assert [(want.watch, want.platform, want.state) for want in target.wants] == [
        (first.watch.id, ARM64, WantState.WAITING),
        (first.watch.id, AMD64, WantState.MET),
        (second.watch.id, ARM64, WantState.WAITING),
    ]
    assert [want.standing for want in target.wants] == [False, False, True]
    assert target.wants[1].digest == "sha256:m"
    assert target.wanted_since == {
        (first.watch.id, ARM64): NOW,
        (first.watch.id, AMD64): NOW,
        (second.watch.id, ARM64): at(5),
    }


async def test_what_is_leased_is_not_claimed_until_the_lease_ends(store: Store) -> None:
    await add(store, new_watch())
    [mine] = await claim(store, lease_s=30)

    during = await claim(store, now=at(29))
    after = await claim(store, now=at(30))

    assert during == []
    assert [target.id for target in after] == [mine.id]
    assert after[0].lease != mine.lease


async def test_what_is_not_due_yet_is_not_claimed(store: Store) -> None:
    await add(store, new_watch(due_at=at(10)))

    assert await claim(store, now=at(9)) == []
    assert len(await claim(store, now=at(10))) == 1


async def test_the_earliest_are_claimed_first_over_all_registries(store: Store) -> None:
    await add(store, new_watch(NODE, due_at=at(3)))
    await add(store, new_watch(GRAFANA, due_at=at(1)))
    await add(store, new_watch(BUSYBOX, due_at=at(2)))

    targets = await claim(store, now=at(5), limit=2)

    assert [target.reference for target in targets] == [GRAFANA, BUSYBOX]


async def test_each_registry_gives_no_more_than_its_capacity(store: Store) -> None:
    for number in range(5):
        await add(store, new_watch(parse_reference(f"node:{number}")))
        await add(store, new_watch(parse_reference(f"ghcr.io/a/b:{number}")))
        await add(store, new_watch(parse_reference(f"quay.io/a/b:{number}")))
    free = {"docker.io": 2, "ghcr.io": 1, "quay.io": 0}

    async with store.transaction() as transaction:
        targets = await transaction.targets.claim(
            capacity=free.__getitem__, limit=100, now=NOW, lease_s=60
        )

    registries = sorted(target.reference.registry for target in targets)
    assert registries == ["docker.io", "docker.io", "ghcr.io"]


async def test_a_registry_with_nothing_due_is_not_asked_for_its_capacity(store: Store) -> None:
    await add(store, new_watch(NODE))
    await add(store, new_watch(GRAFANA, due_at=at(60)))
    asked: list[str] = []

    def capacity(registry: str) -> int:
        asked.append(registry)
        return 0

    async with store.transaction() as transaction:
        await transaction.targets.claim(capacity=capacity, limit=9, now=NOW, lease_s=60)

    assert asked == ["docker.io"]


async def test_wants_of_ended_watches_are_not_claimed(store: Store) -> None:
    ended = await add(store, new_watch(place=TEAM))
    stays = await add(store, new_watch(place=OPS))
    async with store.transaction() as transaction:
        await transaction.watches.end([ended.watch.id], why="unwatched", now=NOW)

    target = await claim_one(store)

    assert {want.watch for want in target.wants} == {stays.watch.id}


async def test_the_anchor_is_the_last_change_when_that_is_newer_than_every_watch(
    store: Store,
) -> None:
    await add(store, new_watch(platforms=(ARM64,)))
    await look_and_record(store, present(AMD64))
    await look_and_record(store, present(AMD64, of="c", seen_at=at(60)), now=at(60))

    target = await claim_one(store, now=at(120))

    assert target.anchor == at(60)


async def test_a_released_target_is_due_at_once(store: Store) -> None:
    await add(store, new_watch())
    target = await claim_one(store)

    async with store.transaction() as transaction:
        await transaction.targets.release([target], now=at(1))

    assert [again.id for again in await claim(store, now=at(1))] == [target.id]


async def test_releasing_does_not_take_another_workers_lease(store: Store) -> None:
    await add(store, new_watch())
    [lost] = await claim(store, lease_s=10)
    await claim(store, now=at(10))

    async with store.transaction() as transaction:
        await transaction.targets.release([lost], now=at(11))

    assert await claim(store, now=at(11)) == []


async def test_releasing_what_nobody_wants_any_more_does_not_make_it_due(store: Store) -> None:
    added = await add(store, new_watch())
    target = await claim_one(store)

    async with store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="unwatched", now=NOW)
        await transaction.targets.release([target], now=NOW)

    assert await claim(store, now=at(1000)) == []


async def test_the_next_due_time_is_the_earliest_of_all_registries(store: Store) -> None:
    await add(store, new_watch(NODE, due_at=at(30)))
    await add(store, new_watch(GRAFANA, due_at=at(20)))

    async with store.reading() as transaction:
        assert await transaction.targets.next_due_at() == at(20)


async def test_a_leased_target_is_due_when_its_lease_ends(store: Store) -> None:
    await add(store, new_watch())
    await claim(store, lease_s=45)

    async with store.reading() as transaction:
        assert await transaction.targets.next_due_at() == at(45)


@pytest.mark.parametrize(
    ("opens", "due_at"),
    [
        pytest.param({"docker.io": at(600), "ghcr.io": at(5)}, at(20), id="one is parked"),
        pytest.param({"docker.io": at(600), "ghcr.io": at(900)}, at(600), id="both are parked"),
        pytest.param({"docker.io": None, "ghcr.io": at(5)}, at(20), id="one is full"),
        pytest.param({"docker.io": None, "ghcr.io": None}, None, id="both are full"),
    ],
)
async def test_what_cannot_be_claimed_before_is_not_due_before(
    store: Store, opens: dict[str, datetime | None], due_at: datetime | None
) -> None:
    await add(store, new_watch(NODE, due_at=at(10)))
    await add(store, new_watch(GRAFANA, due_at=at(20)))

    async with store.reading() as transaction:
        assert await transaction.targets.next_due_at(opens_at=opens.__getitem__) == due_at


async def test_without_targets_nothing_is_due(store: Store) -> None:
    async with store.reading() as transaction:
        assert await transaction.targets.next_due_at() is None


async def test_a_target_is_found_with_what_is_known_of_it(store: Store) -> None:
    await add(store, new_watch(observation=present(AMD64), due_at=at(60)))

    async with store.reading() as transaction:
        known = await transaction.targets.find(NODE, now=NOW)

    assert known is not None
    assert known.observation == present(AMD64)
    assert known.latest == present(AMD64)
    assert (known.looked_at, known.changed_at, known.due_at) == (NOW, None, at(60))
    assert not known.being_looked_at
    assert not known.hinted


async def test_a_target_under_a_lease_is_found_being_looked_at(store: Store) -> None:
    await add(store, new_watch())
    await claim(store, lease_s=10)

    async with store.reading() as transaction:
        during = await transaction.targets.find(NODE, now=at(9))
        after = await transaction.targets.find(NODE, now=at(10))

    assert during is not None
    assert during.being_looked_at
    assert during.latest is None
    assert after is not None
    assert not after.being_looked_at


async def test_a_target_that_nobody_ever_watched_is_not_found(store: Store) -> None:
    async with store.reading() as transaction:
        assert await transaction.targets.find(NODE, now=NOW) is None


async def test_what_was_last_seen_of_many_tags_is_read_at_once(store: Store) -> None:
    many = [parse_reference(f"node:{number}") for number in range(1_001)]
    await add(store, new_watch(observation=present(AMD64)))
    await add(store, new_watch(GRAFANA))

    async with store.reading() as transaction:
        seen = await transaction.targets.last_seen([*many, NODE, GRAFANA])
        nothing = await transaction.targets.last_seen([])

    assert seen == {NODE: present(AMD64)}
    assert nothing == {}


async def test_an_observation_is_given_back_as_it_was(store: Store) -> None:
    await add(store, new_watch())
    seen = present(AMD64, ARM64, etag='W/"1"')
    entry = next(iter(seen.entries.values()))
    annotated = Observation(
        seen.status,
        seen.observed_at,
        seen.digest,
        {
            AMD64: type(entry)(entry.digest, False, NOW - timedelta(days=1), "abc"),
            ARM64: type(entry)(entry.digest, None),
        },
        seen.etag,
    )

    target = await claim_one(store)
    await record(store, look(target, annotated))
    again = await claim_one(store, now=at(60))

    assert again.observation is not None
    assert again.observation == annotated
    assert list(again.observation.entries) == [AMD64, ARM64]


async def test_a_platform_that_joins_a_watch_is_wanted_since_then(store: Store) -> None:
    added = await add(store, new_watch(platforms=(ARM64,), standing=True))
    await add(store, new_watch(platforms=(ARM64, RISCV)), now=at(864000))

    target = await claim_one(store, now=at(864000))

    watch = added.watch.id
    assert target.wanted_since == {(watch, ARM64): NOW, (watch, RISCV): at(864000)}
