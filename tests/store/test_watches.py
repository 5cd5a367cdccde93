from dataclasses import replace
from datetime import datetime

import pytest

from bot.core.errors import StoreError
from bot.core.model import Event, Place, WantState, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from bot.ports.watches import Held
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    CHAT,
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
    digest,
    look,
    look_and_record,
    missing,
    new_watch,
    present,
    record,
    take,
    unknown,
    watches_of,
)


async def end(store: Store, *watches: int) -> None:
    async with store.transaction() as transaction:
        await transaction.watches.end(list(watches), why="unwatched", now=NOW)  # type: ignore[arg-type]


async def drop(store: Store, watch: WatchId, *platforms: Platform, now: datetime = NOW) -> None:
    async with store.transaction() as transaction:
        await transaction.watches.drop([watch], platforms, now=now)


async def alerts_told(store: Store, *, now: datetime) -> list[tuple[Event, Platform | None]]:
    """The alerts that were owed; they are sent with this."""
    told = []
    for delivery in await take(store, now=now, group_within_s=0):
        told += [(owed.alert.event, owed.alert.platform) for owed in delivery.alerts]
        async with store.transaction() as transaction:
            await transaction.outbox.sent(delivery, message_id="m", now=now)
    return told


async def test_a_new_watch_is_given_as_it_stands(store: Store) -> None:
    added = await add(
        store,
        new_watch(
            GRAFANA,
            place=CHAT,
            platforms=(RISCV, ARM64, RISCV),
            met={ARM64: digest("m")},
            person="U7",
            expires_at=at(3600),
            observation=present(ARM64),
            due_at=at(60),
        ),
    )

    watch = added.watch
    assert (added.created, added.joined) == (True, False)
    assert (watch.reference, watch.place, watch.people) == (GRAFANA, CHAT, ("U7",))
    assert [(want.platform, want.state, want.digest) for want in watch.wants] == [
        (RISCV, WantState.WAITING, None),
        (ARM64, WantState.MET, digest("m")),
    ]
    assert (watch.created_at, watch.expires_at, watch.due_at) == (NOW, at(3600), at(60))
    assert (watch.standing, watch.muted_until, watch.ended_at) == (False, None, None)
    assert (watch.observation, watch.looked_at) == (present(ARM64), NOW)
    assert await watches_of(store, CHAT) == [watch]


async def test_a_second_person_joins_the_watch_of_the_place(store: Store) -> None:
    first = await add(store, new_watch(person="U1"))

    second = await add(store, new_watch(person="U2"), now=at(5))

    assert (second.created, second.joined) == (False, True)
    assert second.watch.id == first.watch.id
    assert second.watch.people == ("U1", "U2")
    assert second.watch.created_at == NOW


async def test_the_same_person_does_not_join_twice(store: Store) -> None:
    await add(store, new_watch(person="U1"))

    again = await add(store, new_watch(person="U1"))

    assert (again.created, again.joined) == (False, False)
    assert again.watch.people == ("U1",)


async def test_joining_adds_platforms_and_leaves_the_wants_that_exist(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64, RISCV)))
    await look_and_record(store, present(ARM64))

    joined = await add(store, new_watch(platforms=(AMD64, ARM64), met={AMD64: digest("m")}))

    assert [(want.platform, want.state) for want in joined.watch.wants] == [
        (ARM64, WantState.MET),
        (RISCV, WantState.WAITING),
        (AMD64, WantState.MET),
    ]


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        pytest.param(at(10), at(20), at(20), id="later"),
        pytest.param(at(20), at(10), at(20), id="earlier"),
        pytest.param(at(10), None, None, id="never after some"),
        pytest.param(None, at(10), None, id="some after never"),
    ],
)
async def test_the_later_expiry_stands(
    store: Store, first: object, second: object, stands: object
) -> None:
    await add(store, new_watch(expires_at=first))  # type: ignore[arg-type]

    joined = await add(store, new_watch(expires_at=second))  # type: ignore[arg-type]

    assert joined.watch.expires_at == stands


async def test_a_watch_that_somebody_wants_to_keep_is_kept_with_all_it_tells(store: Store) -> None:
    await add(store, new_watch(standing=True, tells=frozenset({Event.STALE})))

    joined = await add(store, new_watch(tells=frozenset({Event.REPLACED})))

    assert joined.watch.standing
    assert joined.watch.wants[0].tells == {Event.STALE, Event.REPLACED}


async def test_an_ended_watch_does_not_block_a_new_one(store: Store) -> None:
    first = await add(store, new_watch(person="U1"))
    await end(store, first.watch.id)

    second = await add(store, new_watch(person="U2"))

    assert second.created
    assert second.watch.id > first.watch.id
    assert second.watch.people == ("U2",)


async def test_the_threads_of_a_conversation_watch_apart(store: Store) -> None:
    await add(store, new_watch(place=Place("slack", "C1", "1.1")))

    other = await add(store, new_watch(place=Place("slack", "C1", "2.2")))

    assert other.created
    assert len(await watches_of(store, Place("slack", "C1", "1.1"))) == 1
    assert await watches_of(store, TEAM) == []


async def test_a_watch_makes_its_target_due_earlier_but_never_later(store: Store) -> None:
    await add(store, new_watch(due_at=at(60)))

    earlier = await add(store, new_watch(place=OPS, due_at=at(30)))
    later = await add(store, new_watch(place=CHAT, due_at=at(90)))

    assert earlier.watch.due_at == at(30)
    assert later.watch.due_at == at(30)


async def test_a_watch_does_not_break_the_lease_of_a_look(store: Store) -> None:
    await add(store, new_watch())
    await claim(store, lease_s=60)

    await add(store, new_watch(place=OPS), now=at(1))

    assert await claim(store, now=at(59)) == []
    assert len(await claim(store, now=at(60))) == 1


async def test_a_target_that_rested_is_due_again_with_a_new_watch(store: Store) -> None:
    await add(store, new_watch())
    await look_and_record(store, present(ARM64))

    await add(store, new_watch(platforms=(RISCV,), due_at=at(5)))

    assert len(await claim(store, now=at(5))) == 1


async def test_an_observation_seeds_only_a_target_without_one(store: Store) -> None:
    await add(store, new_watch(observation=present(AMD64)))

    second = await add(store, new_watch(place=OPS, observation=missing(at(9))))

    assert second.watch.observation == present(AMD64)


async def test_an_unclear_observation_does_not_seed(store: Store) -> None:
    added = await add(store, new_watch(observation=unknown()))

    assert added.watch.observation is None


async def test_an_observation_does_not_seed_a_target_that_is_being_looked_at(store: Store) -> None:
    await add(store, new_watch())
    await claim(store, lease_s=60)

    during = await add(store, new_watch(place=OPS, observation=present(AMD64)), now=at(1))
    after = await add(store, new_watch(place=CHAT, observation=present(AMD64)), now=at(60))

    assert during.watch.observation is None
    assert after.watch.observation == present(AMD64)


async def test_only_what_is_new_makes_a_target_young_again(store: Store) -> None:
    await add(store, new_watch())
    await add(store, new_watch(person="U2"), now=at(50))
    old = await claim_one(store, now=at(100))
    async with store.transaction() as transaction:
        await transaction.targets.release([old], now=at(100))

    await add(store, new_watch(platforms=(RISCV,)), now=at(200))

    assert old.anchor == NOW
    assert (await claim_one(store, now=at(200))).anchor == at(200)


async def test_a_digest_cannot_be_watched(store: Store) -> None:
    reference = Reference("docker.io", "library/node", None, digest("a"))

    with pytest.raises(StoreError, match=r"targets\.tag|\"tag\" of relation \"targets\""):
        await add(store, new_watch(reference))


async def test_active_watches_are_given_oldest_first(store: Store) -> None:
    first = await add(store, new_watch(NODE, place=OPS))
    ended = await add(store, new_watch(BUSYBOX, place=OPS))
    last = await add(store, new_watch(GRAFANA, place=TEAM))
    await end(store, ended.watch.id)

    async with store.reading() as transaction:
        everywhere = await transaction.watches.active()
        there = await transaction.watches.of_place(OPS)

    assert [watch.id for watch in everywhere] == [first.watch.id, last.watch.id]
    assert [watch.id for watch in there] == [first.watch.id]


async def test_expired_watches_are_given_earliest_first_up_to_the_limit(store: Store) -> None:
    late = await add(store, new_watch(NODE, expires_at=at(20)))
    early = await add(store, new_watch(BUSYBOX, expires_at=at(10)))
    await add(store, new_watch(GRAFANA, expires_at=at(31)))
    await add(store, new_watch(GRAFANA, place=OPS, expires_at=None))

    async with store.reading() as transaction:
        both = await transaction.watches.expired(now=at(30), limit=9)
        one = await transaction.watches.expired(now=at(30), limit=1)

    assert [watch.id for watch in both] == [early.watch.id, late.watch.id]
    assert [watch.id for watch in one] == [early.watch.id]
    assert one[0].people == ("U1",)
    assert [want.platform for want in one[0].wants] == [ARM64]


async def test_a_target_rests_when_its_last_watch_ends(store: Store) -> None:
    first = await add(store, new_watch(place=TEAM))
    last = await add(store, new_watch(place=OPS))

    await end(store, first.watch.id)
    async with store.reading() as transaction:
        assert await transaction.targets.next_due_at() == NOW
    await end(store, last.watch.id)

    async with store.reading() as transaction:
        assert await transaction.targets.next_due_at() is None


async def test_dropped_platforms_leave_the_watch_and_make_its_target_due(store: Store) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV, AMD64), due_at=at(600)))

    async with store.transaction() as transaction:
        await transaction.watches.drop([added.watch.id], [RISCV, AMD64], now=at(5))

    [watch] = await watches_of(store)
    assert [want.platform for want in watch.wants] == [ARM64]
    assert watch.due_at == at(5)


async def test_a_platform_that_comes_back_to_its_watch_goes_on_from_its_last_alert(
    store: Store,
) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))
    await look_and_record(store, present(ARM64))
    await drop(store, added.watch.id, ARM64)

    again = await add(store, new_watch(platforms=(ARM64, AMD64)))

    assert {want.platform: want.episode for want in again.watch.wants} == {
        RISCV: 1,
        ARM64: 1,
        AMD64: 0,
    }


async def test_a_platform_nothing_was_told_of_begins_anew(store: Store) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))
    await drop(store, added.watch.id, ARM64)

    again = await add(store, new_watch())

    assert {want.platform: want.episode for want in again.watch.wants} == {RISCV: 1, ARM64: 0}


async def test_a_platform_dropped_and_wanted_again_is_told_again_and_so_is_the_whole(
    store: Store,
) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV), standing=True))
    await look_and_record(store, present(ARM64, RISCV))
    told = [await alerts_told(store, now=NOW)]
    for _ in range(3):
        await drop(store, added.watch.id, ARM64)
        await add(store, new_watch(standing=True))

        await look_and_record(store, present(ARM64, RISCV, seen_at=at(60)), now=at(60))
        told.append(await alerts_told(store, now=at(60)))

    first, *later = told
    assert first == [(Event.APPEARED, ARM64), (Event.APPEARED, RISCV), (Event.COMPLETE, None)]
    assert later == [[(Event.APPEARED, ARM64), (Event.COMPLETE, None)]] * 3


async def test_the_loss_of_a_tag_is_told_again_after_a_platform_was_dropped(store: Store) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV), standing=True))
    await look_and_record(store, present(ARM64, RISCV))
    for observation in (missing(), missing(), present(ARM64, RISCV), missing(), missing()):
        async with store.transaction() as transaction:
            await transaction.targets.hint(NODE, digest=None, now=NOW)
        await look_and_record(store, observation)
    await alerts_told(store, now=NOW)
    await drop(store, added.watch.id, RISCV)
    await look_and_record(store, present(ARM64))
    await alerts_told(store, now=NOW)

    for _ in range(2):
        async with store.transaction() as transaction:
            await transaction.targets.hint(NODE, digest=None, now=NOW)
        await look_and_record(store, missing())

    assert await alerts_told(store, now=NOW) == [(Event.TAG_GONE, None)]


async def test_a_look_begun_before_a_platform_was_dropped_and_wanted_again_decides_nothing(
    store: Store,
) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))
    await look_and_record(store, present(ARM64))
    await alerts_told(store, now=NOW)
    during = await claim_one(store, now=at(60))
    await drop(store, added.watch.id, ARM64, now=at(61))
    await add(store, new_watch(due_at=at(61)), now=at(61))

    await record(store, look(during, present(ARM64, RISCV, seen_at=at(61))), now=at(61))
    before = await alerts_told(store, now=at(61))
    await look_and_record(store, present(ARM64, RISCV, seen_at=at(62)), now=at(62))

    assert before == []
    assert await alerts_told(store, now=at(62)) == [
        (Event.APPEARED, ARM64),
        (Event.APPEARED, RISCV),
        (Event.COMPLETE, None),
    ]


async def test_ending_twice_changes_nothing(store: Store) -> None:
    added = await add(store, new_watch())
    await end(store, added.watch.id)

    await end(store, added.watch.id, 4711)

    assert await watches_of(store) == []


async def test_many_watches_end_at_once(store: Store) -> None:
    added = await add(store, new_watch())
    numbers = [*range(10_000, 11_200), added.watch.id]

    await end(store, *numbers)

    assert await watches_of(store) == []


async def test_a_watch_is_muted_and_unmuted(store: Store) -> None:
    added = await add(store, new_watch())

    async with store.transaction() as transaction:
        await transaction.watches.mute(added.watch.id, until=at(60))
    [muted] = await watches_of(store)
    async with store.transaction() as transaction:
        await transaction.watches.mute(added.watch.id, until=None)
    [unmuted] = await watches_of(store)

    assert muted.muted_until == at(60)
    assert unmuted.muted_until is None


async def test_a_place_is_muted_even_before_it_watches_anything(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.watches.place_muted_until(TEAM) is None
        await transaction.watches.mute_place(TEAM, until=at(60))

    async with store.reading() as transaction:
        assert await transaction.watches.place_muted_until(TEAM) == at(60)
        assert await transaction.watches.place_muted_until(OPS) is None
    async with store.transaction() as transaction:
        await transaction.watches.mute_place(TEAM, until=None)
        assert await transaction.watches.place_muted_until(TEAM) is None


async def test_a_watch_tells_the_latest_trouble_and_how_long_its_registry_is_left_alone(
    store: Store,
) -> None:
    await add(store, new_watch())
    await look_and_record(store, unknown(at(5), at(600)), now=at(5))
    async with store.transaction() as transaction:
        states = [RegistryState("docker.io", at(600)), RegistryState("ghcr.io", at(900))]
        await transaction.registries.save(states)
    [troubled] = await watches_of(store)

    await look_and_record(store, present(AMD64, seen_at=at(700)), now=at(700))
    [mended] = await watches_of(store)

    assert (troubled.trouble, troubled.parked_until) == (unknown(at(5), at(600)).trouble, at(600))
    assert (mended.trouble, mended.observation) == (None, present(AMD64, seen_at=at(700)))


async def test_what_somebody_holds_is_counted_by_person_and_by_conversation(
    store: Store,
) -> None:
    thread = replace(TEAM, thread="1.2")
    await add(store, new_watch(NODE, place=TEAM, person="U1"))
    await add(store, new_watch(NODE, place=TEAM, person="U2"))
    await add(store, new_watch(NODE, place=thread, person="U2"))
    await add(store, new_watch(NODE, place=OPS, person="U1"))
    await add(store, replace(new_watch(BUSYBOX, place=TEAM, person="U1"), source="config"))
    ended = await add(store, new_watch(GRAFANA, place=TEAM, person="U1"))
    await add(store, new_watch(NODE, place=CHAT, person="U1"))
    async with store.transaction() as transaction:
        await transaction.watches.end([ended.watch.id], why="stopped", now=NOW)

        first = await transaction.watches.held(TEAM, "U1", source="chat")
        nobody = await transaction.watches.held(OPS, None, source="chat")

    assert first == Held(of_person=2, of_conversation=2)
    assert nobody == Held(of_person=0, of_conversation=1)
