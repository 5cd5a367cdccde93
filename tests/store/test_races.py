"""What two processes do at the same moment, forced: one waits for the other within PostgreSQL.

SQLite has one writer at a time; there the second one begins when the first has committed.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.core.message.neutral import Message
from bot.core.model import Place, WantState
from bot.core.reference import parse_reference
from bot.ports.patterns import NewPattern, PatternId
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from bot.store.database import SqlStore, open_store
from tests.store.conftest import Query
from tests.support import postgres
from tests.support.postgres import PostgresServer
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
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
    new_watch,
    present,
    record,
    take,
    wants_of,
    watches_of,
)

UntilBlocked = Callable[[], Awaitable[None]]


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as made:
        yield made


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
async def other(url: str) -> AsyncIterator[SqlStore]:
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
def until_blocked(url: str) -> UntilBlocked:
    """Returns when somebody waits for a row that another transaction holds."""
    return partial(postgres.until_blocked, url)


async def expired(store: Store) -> list[int]:
    async with store.transaction() as transaction:
        return [watch.id for watch in await transaction.watches.expired(now=at(60), limit=9)]


async def end(store: Store, *watches: int) -> None:
    async with store.transaction() as transaction:
        await transaction.watches.end(list(watches), why="stopped", now=NOW)  # type: ignore[arg-type]


async def receive(store: Store, event_id: str, *, person: str = "U1") -> bool:
    async with store.transaction() as transaction:
        return await transaction.inbox.receive(
            event_id=event_id, place=TEAM, person=person, text=event_id, now=NOW
        )


async def commands(store: Store) -> list[str]:
    async with store.transaction() as transaction:
        claimed = await transaction.inbox.claim(now=NOW, lease_s=30, limit=9)
    return [command.text for command in claimed]


# -- subscribing ----------------------------------------------------------------------------------


async def test_two_who_watch_a_new_tag_in_a_new_place_at_once_share_one_watch(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        first = await transaction.watches.add(new_watch(person="U1"), now=NOW)
        second = group.create_task(add(other, new_watch(platforms=(RISCV,), person="U2")))
        await until_blocked()

    joined = second.result()
    assert (first.created, joined.created, joined.joined) == (True, False, True)
    assert joined.watch.id == first.watch.id
    assert joined.watch.people == ("U1", "U2")
    assert {want.platform for want in joined.watch.wants} == {ARM64, RISCV}


async def test_one_person_who_watches_twice_at_once_is_there_once(
    store: Store, other: Store
) -> None:
    await asyncio.gather(*(add(each, new_watch()) for each in (store, other) * 5))

    [watch] = await watches_of(store)
    assert watch.people == ("U1",)
    assert [want.platform for want in watch.wants] == [ARM64]


async def test_a_new_place_of_two_new_tags_is_made_once(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.watches.add(new_watch(NODE), now=NOW)
        group.create_task(add(other, new_watch(BUSYBOX)))
        await until_blocked()

    assert {watch.reference for watch in await watches_of(store)} == {NODE, BUSYBOX}


async def test_a_place_whose_maker_rolled_back_is_made_by_the_next(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    async def post() -> None:
        async with other.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message("there"), now=NOW)

    async def post_in_vain(group: asyncio.TaskGroup) -> None:
        async with store.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message("lost"), now=NOW)
            group.create_task(post())
            await until_blocked()
            raise LookupError

    async with asyncio.TaskGroup() as group:
        with pytest.raises(LookupError):
            await post_in_vain(group)

    [delivery] = await take(store)
    assert delivery.message == Message("there")


# -- looks ----------------------------------------------------------------------------------------


async def test_a_watch_that_waits_for_a_look_to_record_is_met_by_the_next_look(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    late = new_watch(place=OPS, observation=present(AMD64), due_at=at(600))

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        held = await transaction.targets.record([look(target, present(ARM64))], now=at(1))
        group.create_task(add(other, late, now=at(1)))
        await until_blocked()

    assert held == [True]
    [again] = await claim(store, now=at(600))
    assert [want.state for want in again.wants] == [WantState.WAITING]


async def test_a_watch_that_starts_from_less_than_a_look_has_recorded_is_due_at_once(
    store: Store, other: Store
) -> None:
    await add(store, new_watch())
    late = new_watch(place=OPS, observation=present(AMD64), due_at=at(600))
    target = await claim_one(store)
    await record(store, look(target, present(ARM64, seen_at=at(1))), now=at(1))

    await add(other, late, now=at(2))

    [again] = await claim(store, now=at(2))
    assert [want.state for want in again.wants] == [WantState.WAITING]


async def test_a_look_that_waits_for_a_watch_makes_its_target_due_at_once(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    result = look(target, present(ARM64), due_at=at(3600))

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.watches.add(new_watch(place=OPS, due_at=at(600)), now=at(1))
        recorded = group.create_task(record(other, result, now=at(2)))
        await until_blocked()

    assert recorded.result() == [True]
    [again] = await claim(store, now=at(2))
    assert {want.state for want in again.wants} == {WantState.WAITING}


async def test_a_hint_that_waits_for_a_look_to_record_is_not_lost(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    await add(store, new_watch())
    target = await claim_one(store)
    result = look(target, present(AMD64), due_at=at(3600))

    async def hint() -> bool:
        async with other.transaction() as transaction:
            return await transaction.targets.hint(NODE, digest=None, now=at(2))

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.targets.record([result], now=at(1))
        hinted = group.create_task(hint())
        await until_blocked()

    assert hinted.result()
    assert len(await claim(store, now=at(2))) == 1


async def test_targets_that_another_process_is_claiming_are_left_to_it(
    store: Store, other: Store
) -> None:
    for number in range(4):
        await add(store, new_watch(NODE.with_tag(str(number))))

    async with store.transaction() as transaction:
        mine = await transaction.targets.claim(capacity=lambda _: 3, limit=3, now=NOW, lease_s=60)
        theirs = await claim(other)

    assert (len(mine), len(theirs)) == (3, 1)
    assert not {target.id for target in mine} & {target.id for target in theirs}


async def test_a_platform_that_is_dropped_while_a_look_records_leaves_nobody_waiting(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))
    target = await claim_one(store)

    async def drop() -> None:
        async with other.transaction() as transaction:
            await transaction.watches.drop([added.watch.id], [RISCV], now=at(1))

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.targets.record([look(target, present(ARM64))], now=at(1))
        group.create_task(drop())
        await until_blocked()

    [want] = await wants_of(store)
    assert (want.platform, want.state) == (ARM64, WantState.MET)
    assert len(await claim(store, now=at(1))) == 1


async def test_the_last_platforms_dropped_by_two_at_once_end_the_watch(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    added = await add(store, new_watch(platforms=(ARM64, RISCV)))

    async def drop() -> None:
        async with other.transaction() as transaction:
            await transaction.watches.drop([added.watch.id], [RISCV], now=NOW)

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.watches.drop([added.watch.id], [ARM64], now=NOW)
        group.create_task(drop())
        await until_blocked()

    assert await watches_of(store) == []
    assert await claim(store) == []


# -- ending ---------------------------------------------------------------------------------------


async def test_a_watch_ended_by_a_person_and_by_its_last_look_at_once_ends_once(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    added = await add(store, new_watch())
    target = await claim_one(store)

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.targets.record([look(target, present(ARM64))], now=at(1))
        group.create_task(end(other, added.watch.id))
        await until_blocked()

    assert await watches_of(store) == []
    assert await claim(store, now=at(10_000)) == []
    assert len(await take(store)) == 1


async def test_a_look_that_waits_for_the_end_of_a_watch_alerts_nobody(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    added = await add(store, new_watch())
    target = await claim_one(store)

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="stopped", now=NOW)
        group.create_task(record(other, look(target, present(ARM64))))
        await until_blocked()

    assert await take(store) == []
    assert await claim(store, now=at(10_000)) == []


async def test_a_new_watch_on_a_target_whose_last_watch_is_ending_keeps_it_due(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    added = await add(store, new_watch())

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.watches.end([added.watch.id], why="stopped", now=NOW)
        again = group.create_task(add(other, new_watch()))
        await until_blocked()

    assert again.result().created
    assert len(await claim(store)) == 1


async def test_expired_watches_are_given_to_one_of_two_who_ask_at_once(
    store: Store, other: Store
) -> None:
    first = await add(store, new_watch(expires_at=at(30)))

    async with store.transaction() as transaction:
        mine = await transaction.watches.expired(now=at(60), limit=9)
        theirs = await expired(other)

    assert [watch.id for watch in mine] == [first.watch.id]
    assert theirs == []


async def test_a_watch_that_is_prolonged_while_others_look_for_expired_ones_goes_on(
    store: Store, other: Store
) -> None:
    await add(store, new_watch(expires_at=at(30)))

    async with store.transaction() as transaction:
        await transaction.watches.add(new_watch(expires_at=at(300)), now=at(20))
        during = await expired(other)
    after = await expired(other)

    assert during == after == []


# -- commands and deliveries ----------------------------------------------------------------------


async def test_the_commands_of_one_person_are_in_line_as_they_were_received(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.inbox.receive(
            event_id="first", place=TEAM, person="U1", text="first", now=NOW
        )
        group.create_task(receive(other, "second"))
        await until_blocked()

    assert await commands(store) == ["first"]


async def test_people_do_not_wait_for_one_another_to_be_heard(store: Store, other: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.inbox.receive(
            event_id="first", place=TEAM, person="U1", text="first", now=NOW
        )
        assert await receive(other, "second", person="U2")
        during = await commands(other)

    assert during == ["second"]
    assert await commands(store) == ["first"]


async def test_an_event_received_by_two_at_once_is_kept_once(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.inbox.receive(
            event_id="e1", place=TEAM, person="U1", text="list", now=NOW
        )
        again = group.create_task(receive(other, "e1", person="U2"))
        await until_blocked()

    assert not again.result()


async def test_the_next_command_of_a_person_waits_while_the_first_is_being_claimed(
    store: Store, other: Store
) -> None:
    await receive(store, "first")
    await receive(store, "second")

    async with store.transaction() as transaction:
        [mine] = await transaction.inbox.claim(now=NOW, lease_s=30, limit=9)
        theirs = await commands(other)

    assert mine.text == "first"
    assert theirs == []


async def test_a_place_that_another_process_is_claiming_for_is_left_to_it(
    store: Store, other: Store
) -> None:
    async with store.transaction() as transaction:
        for place in (TEAM, TEAM, OPS):
            await transaction.outbox.post(place, Message("hello"), now=NOW)

    async with store.transaction() as transaction:
        [mine] = await transaction.outbox.claim(
            services=frozenset({"slack"}), now=NOW, lease_s=60, group_within_s=0, limit=1
        )
        theirs = await take(other)

    assert {mine.place, *(delivery.place for delivery in theirs)} <= {TEAM, OPS}
    assert mine.place not in {delivery.place for delivery in theirs}


async def test_an_outcome_waits_for_a_claim_of_its_place_and_is_kept(
    store: Store, other: Store, until_blocked: UntilBlocked
) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("one"), now=NOW)
        await transaction.outbox.post(TEAM, Message("two"), now=NOW)
    [first] = await take(store)

    async def arrived() -> None:
        async with other.transaction() as transaction:
            await transaction.outbox.sent(first, message_id="m", now=NOW)

    async with asyncio.TaskGroup() as group, store.transaction() as transaction:
        await transaction.outbox.park(TEAM, reason="archived", until=at(60))
        group.create_task(arrived())
        await until_blocked()

    [second] = await take(store)
    assert second.message == Message("two")


# -- everything at once ---------------------------------------------------------------------------


class Worker:
    """Does what processes do, in an order of its own."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.now = NOW

    async def work(self, steps: int) -> None:
        things = [self.watch, self.look, self.unwatch, self.expire, self.deliver, self.command]
        for _ in range(steps):
            self.now += timedelta(seconds=self.chance.randint(0, 20))
            await self.chance.choice(things)()

    async def watch(self) -> None:
        place = self.place()
        async with self.store.transaction() as transaction:
            await transaction.outbox.wake(place)
            new = new_watch(
                NODE.with_tag(str(self.chance.randrange(5))),
                place=place,
                platforms=self.chance.sample([ARM64, AMD64, RISCV], 2),
                expires_at=self.now + timedelta(seconds=60),
                person=self.chance.choice("ab"),
                due_at=self.now,
            )
            await transaction.watches.add(new, now=self.now)
            await transaction.outbox.post(place, Message("answer"), now=self.now)

    async def look(self) -> None:
        claimed = await claim(self.store, now=self.now, limit=3, lease_s=5)
        seen = self.chance.choice([present(AMD64), present(ARM64, AMD64), present()])
        results = [look(target, seen) for target in claimed]
        self.chance.shuffle(results)
        names = self.chance.sample(["docker.io", "quay.io", "ghcr.io"], 3)
        async with self.store.transaction() as transaction:
            await transaction.targets.record(results, now=self.now)
            await transaction.registries.save(
                [RegistryState(name, parked_until=self.now) for name in names]
            )

    async def unwatch(self) -> None:
        async with self.store.transaction() as transaction:
            some = await transaction.watches.of_place(self.place())
            self.chance.shuffle(some)
            chosen = [watch.id for watch in some[:3]]
            if some and self.chance.random() < 0.3:
                platforms = [some[0].wants[0].platform]
                await transaction.watches.drop(chosen, platforms, now=self.now)
            else:
                await transaction.watches.end(chosen, why="stopped", now=self.now)

    async def expire(self) -> None:
        async with self.store.transaction() as transaction:
            over = await transaction.watches.expired(now=self.now, limit=9)
            for watch in over:
                await transaction.outbox.post(watch.place, Message("over"), now=self.now)
            await transaction.watches.end([w.id for w in over], why="expired", now=self.now)

    async def deliver(self) -> None:
        for delivery in await take(self.store, now=self.now, lease_s=5, group_within_s=0):
            async with self.store.transaction() as transaction:
                if self.chance.random() < 0.3:
                    until = self.now + timedelta(seconds=9)
                    await transaction.outbox.park(delivery.place, reason="archived", until=until)
                    await transaction.outbox.put_back(
                        delivery, due_at=until, error="e", uncertain=False, now=self.now
                    )
                else:
                    await transaction.outbox.sent(delivery, message_id="m", now=self.now)

    async def command(self) -> None:
        await receive(self.store, str(self.chance.random()), person=self.chance.choice("ab"))
        async with self.store.transaction() as transaction:
            for command in await transaction.inbox.claim(now=self.now, lease_s=5, limit=3):
                assert await transaction.inbox.done(command, now=self.now)

    def place(self) -> Place:
        return Place("slack", f"C{self.chance.randrange(4)}")


@pytest.mark.timeout(60)
async def test_nobody_waits_in_a_circle(store: Store, other: Store, query: Query) -> None:
    workers = [Worker((store, other)[number % 2], number) for number in range(8)]

    await asyncio.gather(*(worker.work(60) for worker in workers))

    without_wants = await query(
        "SELECT id FROM watches WHERE ended_at IS NULL AND id NOT IN (SELECT watch_id FROM wants)"
    )
    assert without_wants == []


# -- patterns -------------------------------------------------------------------------------------


async def test_who_stops_a_pattern_leaves_a_repository_that_somebody_just_follows(
    store: Store, other: Store
) -> None:
    mine = await follow(store, "docker.io/library/node")
    await stop_following(store, await follow(store, "docker.io/library/redis"))

    async with store.transaction() as transaction:
        await transaction.patterns.add(new_pattern("docker.io/library/redis"), now=NOW)
        async with asyncio.timeout(10):
            await stop_following(other, mine)

    async with store.reading() as transaction:
        assert await transaction.patterns.next_due_at() == NOW


def new_pattern(repository: str) -> NewPattern:
    named = replace(parse_reference(repository), tag=None)
    return NewPattern(named, "22.*", TEAM, frozenset({ARM64}), "U1")


async def follow(store: Store, repository: str) -> PatternId:
    async with store.transaction() as transaction:
        pattern, _ = await transaction.patterns.add(new_pattern(repository), now=NOW)
    return pattern.id


async def stop_following(store: Store, pattern: PatternId) -> None:
    async with store.transaction() as transaction:
        await transaction.patterns.stop([pattern])
