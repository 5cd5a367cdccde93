import pytest

from bot.core.errors import StoreError
from bot.core.model import Alert, Decision, Event, Observation, Status, Want, WantState, WatchId
from bot.core.platform import parse_platform
from bot.ports.store import Store
from bot.ports.targets import KnownTarget
from tests.store.conftest import Query
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    OPS,
    RISCV,
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
    wants_of,
    watches_of,
)


async def known(store: Store, *, now: object = None) -> KnownTarget:
    async with store.reading() as transaction:
        target = await transaction.targets.find(NODE, now=NOW)
    assert target is not None
    return target


async def alerts_owed(store: Store) -> list[tuple[int, Event]]:
    """What all places are told next."""
    deliveries = await take(store, now=at(10_000))
    return [
        (owed.alert.watch, owed.alert.event) for delivery in deliveries for owed in delivery.alerts
    ]


async def test_a_look_writes_observation_wants_due_time_and_alerts_together(store: Store) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))
    target = await claim_one(store)

    held = await record(store, look(target, present(AMD64, ARM64), due_at=at(99)))

    assert held == [True]
    found = await known(store)
    assert found.observation == present(AMD64, ARM64)
    assert (found.due_at, found.being_looked_at) == (at(99), False)
    assert [want.state for want in await wants_of(store)] == [WantState.MET, WantState.WAITING]
    assert await alerts_owed(store) == [(added.watch.id, Event.APPEARED)]


async def test_a_lost_lease_writes_nothing(store: Store, query: Query) -> None:
    await add(store, new_watch())
    [lost] = await claim(store, lease_s=10)
    [taken] = await claim(store, now=at(10))

    held = await record(store, look(lost, present(ARM64)), now=at(11))

    assert held == [False]
    assert (await known(store)).observation is None
    assert [want.state for want in await wants_of(store)] == [WantState.WAITING]
    assert await alerts_owed(store) == []
    assert await query("SELECT count(*) FROM observations") == [(0,)]
    assert await record(store, look(taken, present(ARM64)), now=at(12)) == [True]


async def test_one_lost_lease_does_not_take_the_others_of_the_batch(store: Store) -> None:
    await add(store, new_watch(NODE))
    [lost] = await claim(store, lease_s=10)
    await add(store, new_watch(BUSYBOX, due_at=at(10)))
    await claim(store, now=at(10), limit=1)
    [held] = await claim(store, now=at(10))

    written = await record(store, look(lost, missing()), look(held, missing()), now=at(11))

    assert lost.reference == NODE
    assert held.reference == BUSYBOX
    assert written == [False, True]


async def test_an_empty_batch_writes_nothing(store: Store) -> None:
    assert await record(store) == []


async def test_recording_twice_writes_once(store: Store) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    await record(store, look(target, present(ARM64)))

    again = await record(store, look(target, missing(at(1))), now=at(1))

    assert again == [False]
    assert (await known(store)).observation == present(ARM64)


async def test_a_hint_during_a_look_makes_the_target_due_at_once(store: Store) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    async with store.transaction() as transaction:
        assert await transaction.targets.hint(NODE, digest=None, now=at(1))

    assert await claim(store, now=at(1)) == []
    await record(store, look(target, missing(), due_at=at(3600)), now=at(2))

    assert (await known(store)).due_at == at(2)


async def test_a_watch_made_during_a_look_makes_the_target_due_at_once(store: Store) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    await add(store, new_watch(place=OPS, due_at=at(600)), now=at(1))

    await record(store, look(target, present(ARM64), due_at=at(3600)), now=at(2))

    [again] = await claim(store, now=at(2))
    assert [want.state for want in again.wants] == [WantState.WAITING]


async def test_a_platform_that_joins_during_the_last_look_keeps_its_watch_alive(
    store: Store,
) -> None:
    added = await add(store, new_watch(platforms=(ARM64,)))
    target = await claim_one(store)
    await add(store, new_watch(platforms=(RISCV,)), now=at(1))

    await record(store, look(target, present(ARM64)), now=at(2))

    assert [watch.id for watch in await watches_of(store)] == [added.watch.id]
    [again] = await claim(store, now=at(2))
    await record(store, look(again, present(ARM64, seen_at=at(2))), now=at(3))
    assert [want.state for want in await wants_of(store)] == [WantState.MET, WantState.WAITING]
    assert await alerts_owed(store) == [(added.watch.id, Event.APPEARED)]


async def test_a_platform_that_is_dropped_during_a_look_is_not_told_of(store: Store) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))
    target = await claim_one(store)
    async with store.transaction() as transaction:
        await transaction.watches.drop([added.watch.id], [RISCV], now=at(1))

    await record(store, look(target, present(ARM64, RISCV)), now=at(2))
    [again] = await claim(store, now=at(2))
    await record(store, look(again, present(ARM64, RISCV, seen_at=at(2))), now=at(2))

    deliveries = await take(store, now=at(3))
    told = [owed.alert.platform for delivery in deliveries for owed in delivery.alerts]
    assert told == [ARM64]


async def test_a_watch_that_is_kept_during_its_last_look_goes_on(store: Store) -> None:
    added = await add(store, new_watch())
    target = await claim_one(store)
    await add(store, new_watch(standing=True), now=at(1))

    await record(store, look(target, present(ARM64)), now=at(2))
    [again] = await claim(store, now=at(2))
    await record(store, look(again, present(ARM64, seen_at=at(2))), now=at(2))

    assert [watch.id for watch in await watches_of(store)] == [added.watch.id]
    assert await alerts_owed(store) == [(added.watch.id, Event.APPEARED)]


async def test_an_unclear_observation_replaces_nothing_but_the_trouble(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64,)))
    await look_and_record(store, present(AMD64, etag="e"))
    target = await claim_one(store, now=at(60))

    await record(store, look(target, unknown(at(60), at(90)), failures=3, due_at=at(70)))

    found = await known(store)
    assert found.observation == present(AMD64, etag="e")
    assert found.latest == unknown(at(60), at(90))
    assert (found.looked_at, found.due_at, found.changed_at) == (at(60), at(70), None)
    assert (await claim_one(store, now=at(70))).failures == 3


async def test_a_denied_observation_is_the_latest_though_not_the_last_clear_one(
    store: Store,
) -> None:
    await add(store, new_watch())
    denied = Observation(Status.DENIED, NOW)

    await look_and_record(store, denied)

    found = await known(store)
    assert found.observation is None
    assert found.latest == denied


async def test_a_clear_observation_ends_the_trouble(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64,)))
    await look_and_record(store, present(AMD64))
    target = await claim_one(store, now=at(60))
    await record(store, look(target, unknown(at(60)), failures=1))

    await look_and_record(store, present(AMD64, seen_at=at(120)), now=at(120))

    found = await known(store)
    assert found.latest == found.observation == present(AMD64, seen_at=at(120))
    assert (await claim_one(store, now=at(180))).failures == 0


async def test_a_vanished_tag_replaces_what_was_there(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64,)))
    await look_and_record(store, present(AMD64))

    await look_and_record(store, missing(at(60)), now=at(60))

    assert (await known(store)).observation == missing(at(60))


async def test_history_is_written_only_when_something_changed(store: Store, query: Query) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await look_and_record(store, present(AMD64))
    await look_and_record(store, present(AMD64, seen_at=at(60)), now=at(60))
    await look_and_record(store, present(AMD64, of="c", seen_at=at(120)), now=at(120))
    target = await claim_one(store, now=at(180))
    await record(store, look(target, unknown(at(180)), changed=True))

    rows = await query("SELECT status, digest FROM observations ORDER BY id")

    assert rows == [("present", digest("a")), ("present", digest("c"))]


async def test_what_is_seen_first_is_not_said_to_have_changed_then(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))

    await look_and_record(store, present(AMD64))

    assert (await known(store)).changed_at is None


async def test_an_unchanged_look_leaves_the_time_of_the_change(store: Store) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await look_and_record(store, missing())
    await look_and_record(store, present(AMD64, seen_at=at(60)), now=at(60))

    await look_and_record(store, present(AMD64, seen_at=at(120), etag="new"), now=at(120))

    found = await known(store)
    assert found.changed_at == at(60)
    assert found.observation == present(AMD64, seen_at=at(120), etag="new")


async def test_an_entry_that_becomes_reachable_is_kept_though_nothing_else_changed(
    store: Store,
) -> None:
    await add(store, new_watch(platforms=(RISCV,)))
    await look_and_record(store, present(AMD64))
    target = await claim_one(store, now=at(60))
    reachable = present(AMD64, ARM64, seen_at=at(60))

    await record(store, look(target, reachable, changed=False))

    found = await known(store)
    assert found.observation == reachable
    assert found.changed_at is None


async def test_an_alert_that_exists_is_not_written_twice(store: Store, query: Query) -> None:
    added = await add(store, new_watch(standing=True))
    alert = Alert(added.watch.id, Event.COMPLETE, None, 0)
    for seconds in (0, 60):
        target = await claim_one(store, now=at(seconds))
        decision = Decision(alerts=(alert,))
        await record(store, look(target, missing(at(seconds)), decision=decision))

    assert await query("SELECT count(*) FROM alerts") == [(1,)]


async def test_alerts_of_another_episode_are_alerts_of_their_own(
    store: Store, query: Query
) -> None:
    added = await add(store, new_watch(standing=True))
    alerts = tuple(
        Alert(added.watch.id, Event.BACK, parse_platform("arm64"), episode) for episode in (1, 2)
    )
    target = await claim_one(store)

    await record(store, look(target, missing(), decision=Decision(alerts=alerts)))

    assert await query("SELECT count(*) FROM alerts") == [(2,)]


async def test_alerts_of_watches_that_ended_meanwhile_are_dropped(store: Store) -> None:
    ended = await add(store, new_watch())
    stays = await add(store, new_watch(place=OPS))
    target = await claim_one(store)
    async with store.transaction() as transaction:
        await transaction.watches.end([ended.watch.id], why="unwatched", now=NOW)

    await record(store, look(target, present(ARM64)))

    assert await alerts_owed(store) == [(stays.watch.id, Event.APPEARED)]


async def test_a_finished_watch_ends_as_complete_and_its_target_rests(
    store: Store, query: Query
) -> None:
    await add(store, new_watch())

    await look_and_record(store, present(ARM64))

    assert await watches_of(store) == []
    assert await query("SELECT ended_why FROM watches") == [("complete",)]
    assert (await known(store)).due_at is None
    assert await claim(store, now=at(100_000)) == []


async def test_a_target_is_looked_at_while_one_watch_of_several_goes_on(store: Store) -> None:
    await add(store, new_watch())
    await add(store, new_watch(place=OPS, platforms=(RISCV,)))

    await look_and_record(store, present(ARM64))

    assert (await known(store)).due_at == at(60)


async def test_a_target_whose_last_watch_ended_during_the_look_rests(store: Store) -> None:
    added = await add(store, new_watch())
    target = await claim_one(store)
    async with store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="unwatched", now=NOW)

    await record(store, look(target, missing(), due_at=at(60)))

    assert (await known(store)).due_at is None


async def test_the_new_state_of_a_want_is_kept(store: Store) -> None:
    added = await add(store, new_watch(standing=True))
    target = await claim_one(store)
    after = Want(
        WatchId(added.watch.id),
        ARM64,
        WantState.DOUBTED,
        episode=4,
        standing=True,
        digest=digest("d"),
        stale=True,
        completing=True,
    )

    await record(store, look(target, missing(), decision=Decision(wants=(after,))))

    assert await wants_of(store) == [after]


async def test_a_failed_record_leaves_everything_as_it_was(store: Store) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    naive = NOW.replace(tzinfo=None)

    with pytest.raises(StoreError, match="without a time zone"):
        await record(store, look(target, present(ARM64), due_at=naive))

    assert [want.state for want in await wants_of(store)] == [WantState.WAITING]
    assert await alerts_owed(store) == []
    assert await record(store, look(target, present(ARM64))) == [True]
