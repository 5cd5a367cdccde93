"""A conversation that goes on under another id takes everything with it."""

from datetime import datetime

import pytest

from bot.core.message.neutral import Message
from bot.core.model import Event, Place
from bot.ports.configured import Terms
from bot.ports.store import Store
from tests.store.conftest import Query
from tests.support.stores import (
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    RISCV,
    add,
    at,
    claim_one,
    look,
    look_and_record,
    new_watch,
    present,
    record,
    take,
    take_one,
    watches_of,
)

OLD, NEW = Place("telegram", "-7"), Place("telegram", "-1007")
OLD_TOPIC, NEW_TOPIC = Place("telegram", "-7", "3"), Place("telegram", "-1007", "3")
ELSEWHERE = Place("slack", "-7")


async def move(store: Store, *, now: datetime = NOW) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.move(OLD, conversation=NEW.conversation, now=now)


async def post(store: Store, place: Place, headline: str) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.post(place, Message(headline), now=NOW)


async def test_watches_answers_alerts_and_mutes_follow(store: Store) -> None:
    await add(store, new_watch(NODE, place=OLD))
    await look_and_record(store, present(ARM64))
    await add(store, new_watch(BUSYBOX, place=OLD))
    async with store.transaction() as transaction:
        await transaction.watches.mute_place(OLD, until=at(60))
    await post(store, OLD, "answer")

    await move(store)

    assert await watches_of(store, OLD) == []
    assert [watch.reference for watch in await watches_of(store, NEW)] == [BUSYBOX]
    async with store.reading() as transaction:
        assert await transaction.watches.place_muted_until(NEW) == at(60)
    answer = await take_one(store)
    assert (answer.place, answer.message) == (NEW, Message("answer"))
    async with store.transaction() as transaction:
        await transaction.outbox.sent(answer, message_id="m", now=NOW)
    alert = await take_one(store, now=at(60))
    assert (alert.place, alert.alerts[0].facts.reference) == (NEW, NODE)


async def test_its_topics_follow_and_another_services_namesake_stays(store: Store) -> None:
    await add(store, new_watch(NODE, place=OLD_TOPIC))
    await add(store, new_watch(NODE, place=ELSEWHERE))

    await move(store)

    assert len(await watches_of(store, NEW_TOPIC)) == 1
    assert len(await watches_of(store, ELSEWHERE)) == 1


async def test_a_conversation_nobody_knows_moves_without_a_trace(
    store: Store, query: Query
) -> None:
    await move(store)

    assert await query("SELECT count(*) FROM places") == [(0,)]


async def test_what_is_on_its_way_is_settled_in_the_new_conversation(store: Store) -> None:
    await post(store, OLD, "answer")
    delivery = await take_one(store)
    await move(store)
    async with store.transaction() as transaction:
        await transaction.outbox.put_back(
            delivery, due_at=NOW, error="moved", uncertain=False, now=NOW
        )

    again = await take_one(store)

    assert (again.id, again.place) == (delivery.id, NEW)


async def test_commands_that_wait_are_answered_there(store: Store) -> None:
    async with store.transaction() as transaction:
        for number, place in enumerate((OLD, OLD_TOPIC, ELSEWHERE)):
            await transaction.inbox.receive(
                event_id=str(number), place=place, person="U1", text="/list", now=NOW
            )
    await move(store)

    async with store.transaction() as transaction:
        commands = await transaction.inbox.claim(now=NOW, lease_s=30, limit=9)

    assert [command.place for command in commands] == [NEW, NEW_TOPIC, ELSEWHERE]


async def test_it_joins_the_conversation_that_has_the_new_id_already(
    store: Store, query: Query
) -> None:
    await add(store, new_watch(NODE, place=OLD))
    await add(store, new_watch(BUSYBOX, place=NEW))
    await post(store, OLD, "from the old one")
    await post(store, NEW, "from the new one")

    await move(store)

    assert {watch.reference for watch in await watches_of(store, NEW)} == {NODE, BUSYBOX}
    said = []
    for _ in range(2):
        delivery = await take_one(store)
        assert delivery.place == NEW
        assert delivery.message is not None
        said.append(delivery.message.headline)
        async with store.transaction() as transaction:
            await transaction.outbox.sent(delivery, message_id="m", now=NOW)
    assert said == ["from the old one", "from the new one"]
    assert await query("SELECT conversation FROM places") == [(NEW.conversation,)]


@pytest.mark.parametrize(
    ("old_end", "new_end", "end"),
    [
        pytest.param(at(100), at(200), at(200), id="the new one lasts longer"),
        pytest.param(at(300), at(200), at(300), id="the old one lasts longer"),
        pytest.param(None, at(200), None, id="the old one has no end"),
        pytest.param(at(100), None, None, id="the new one has no end"),
    ],
)
async def test_of_two_watches_of_one_target_one_goes_on_for_both(
    store: Store, old_end: datetime | None, new_end: datetime | None, end: datetime | None
) -> None:
    for person in ("old", "both"):
        await add(
            store,
            new_watch(place=OLD, platforms=[ARM64, RISCV], person=person, expires_at=old_end),
        )
    for person in ("both", "new"):
        await add(store, new_watch(place=NEW, person=person, expires_at=new_end))

    await move(store)

    [watch] = await watches_of(store, NEW)
    assert set(watch.people) == {"old", "both", "new"}
    assert {want.platform for want in watch.wants} == {ARM64, RISCV}
    assert watch.expires_at == end
    await look_and_record(store, present(ARM64, RISCV))
    told = (await take_one(store)).alerts
    assert len({owed.alert for owed in told}) == len(told) == 3
    assert await take(store) == []


async def test_a_look_that_was_under_way_decides_nothing_for_watches_that_were_joined(
    store: Store,
) -> None:
    await add(store, new_watch(place=OLD, platforms=[ARM64]))
    await add(store, new_watch(place=NEW, platforms=[RISCV]))
    under_way = await claim_one(store)
    await move(store)

    await record(store, look(under_way, present(ARM64, RISCV)))
    await look_and_record(store, present(ARM64, RISCV))

    delivery = await take_one(store)
    appeared = {o.alert.platform for o in delivery.alerts if o.alert.event is Event.APPEARED}
    assert appeared == {ARM64, RISCV}


async def test_of_two_watches_the_one_that_goes_on_does_so_as_either_would(store: Store) -> None:
    standing = new_watch(place=OLD, standing=True, tells=frozenset({Event.REPLACED}))
    await add(store, standing)
    await add(store, new_watch(place=NEW))

    await move(store)

    [watch] = await watches_of(store, NEW)
    assert watch.standing
    assert {want.tells for want in watch.wants} == {frozenset({Event.REPLACED})}


async def test_what_people_wanted_outlasts_what_the_configuration_wants_there(
    store: Store,
) -> None:
    async with store.transaction() as transaction:
        await transaction.configured.put(NODE, NEW, Terms(frozenset({RISCV}), frozenset()), now=NOW)
    await add(store, new_watch(place=OLD, platforms=[ARM64]))
    await move(store)

    [joined] = await watches_of(store, NEW)
    async with store.transaction() as transaction:
        await transaction.configured.withdraw(joined.id, now=NOW)

    [watch] = await watches_of(store, NEW)
    assert [want.platform for want in watch.wants] == [ARM64]
    assert not watch.standing


async def test_an_alert_of_the_watch_that_ends_is_still_owed(store: Store) -> None:
    await add(store, new_watch(place=OLD, platforms=[ARM64, RISCV], person="old"))
    await look_and_record(store, present(ARM64))
    await add(store, new_watch(place=NEW, person="new", platforms=[RISCV]))

    await move(store)

    delivery = await take_one(store)
    assert (delivery.place, [owed.alert.platform for owed in delivery.alerts]) == (NEW, [ARM64])
    assert delivery.alerts[0].people == ("old",)
