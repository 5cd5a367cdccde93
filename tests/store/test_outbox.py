from datetime import datetime

import pytest

from bot.core.message.neutral import Button, Message
from bot.core.model import Event, Place, WatchId
from bot.core.reference import parse_reference
from bot.ports.outbox import Delivery, OutboxEntry
from bot.ports.store import Store
from tests.support.stores import (
    AMD64,
    ARM64,
    CHAT,
    NOW,
    OPS,
    SERVICES,
    TEAM,
    add,
    at,
    claim_one,
    look,
    new_watch,
    present,
    record,
    take,
    take_one,
)

ANSWER = Message("Watching node:22", ("line",), ("code",), (Button("Stop", "unwatch #1"),), ("U1",))


async def owe(
    store: Store, tag: str, *, place: Place = TEAM, now: datetime = NOW, person: str = "U1"
) -> WatchId:
    """Have something appear for which a watch was waiting; the watch."""
    reference = parse_reference(f"node:{tag}")
    added = await add(store, new_watch(reference, place=place, person=person), now=now)
    target = await claim_one(store, now=now)
    assert target.reference == reference
    await record(store, look(target, present(ARM64, seen_at=now)), now=now)
    return added.watch.id


async def post(
    store: Store, headline: str = "Hello", *, place: Place = TEAM, now: datetime = NOW
) -> str:
    async with store.transaction() as transaction:
        return await transaction.outbox.post(place, Message(headline), now=now)


async def sent(store: Store, delivery: Delivery, *, now: datetime = NOW) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.sent(delivery, message_id="m1", now=now)


async def put_back(
    store: Store,
    delivery: Delivery,
    *,
    due_at: datetime,
    uncertain: bool = False,
    now: datetime = NOW,
) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.put_back(
            delivery, due_at=due_at, error="no route", uncertain=uncertain, now=now
        )


async def next_due_at(store: Store, services: frozenset[str] = SERVICES) -> datetime | None:
    async with store.reading() as transaction:
        return await transaction.outbox.next_due_at(services=services)


async def entries(
    store: Store, *, limit: int = 100, include_sent: bool = True
) -> list[OutboxEntry]:
    async with store.reading() as transaction:
        return await transaction.outbox.entries(limit=limit, include_sent=include_sent)


async def states(store: Store) -> list[str]:
    return [entry.state for entry in await entries(store)]


def tags(delivery: Delivery) -> list[str | None]:
    return [owed.facts.reference.tag for owed in delivery.alerts]


def headlines(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.headline for delivery in deliveries if delivery.message]


# -- what a delivery carries ----------------------------------------------------------------------


async def test_an_answer_is_given_as_it_was_posted(store: Store) -> None:
    async with store.transaction() as transaction:
        marker = await transaction.outbox.post(CHAT, ANSWER, now=NOW)

    delivery = await take_one(store, now=at(1))

    assert (delivery.id, delivery.place, delivery.message) == (marker, CHAT, ANSWER)
    assert (delivery.alerts, delivery.uncertain, delivery.tries) == ((), False, 0)
    assert delivery.first_try_at == at(1)


async def test_an_alert_is_given_with_its_facts_and_the_people_of_its_watch(store: Store) -> None:
    watch = await owe(store, "22")

    delivery = await take_one(store)

    assert (delivery.place, delivery.message) == (TEAM, None)
    [owed] = delivery.alerts
    assert (owed.alert.watch, owed.alert.event) == (watch, Event.APPEARED)
    assert (owed.alert.platform, owed.alert.episode) == (ARM64, 0)
    assert (owed.facts.reference, owed.facts.there) == (parse_reference("node:22"), ("arm64",))
    assert (owed.facts.observed_at, owed.facts.wanted_since) == (NOW, NOW)
    assert owed.people == ("U1",)


async def test_an_alert_about_a_whole_watch_has_no_platform(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64, AMD64)))
    target = await claim_one(store)
    await record(store, look(target, present(ARM64, AMD64)))

    delivery = await take_one(store)

    assert {(owed.alert.event, owed.alert.platform) for owed in delivery.alerts} == {
        (Event.APPEARED, ARM64),
        (Event.APPEARED, AMD64),
        (Event.COMPLETE, None),
    }


# -- grouping -------------------------------------------------------------------------------------


async def test_the_first_alert_of_a_quiet_place_goes_at_once(store: Store) -> None:
    await owe(store, "1")

    assert tags(await take_one(store)) == ["1"]


async def test_alerts_that_come_soon_after_ride_together(store: Store) -> None:
    await owe(store, "1")
    await sent(store, await take_one(store))
    await owe(store, "2", now=at(1))
    await owe(store, "3", now=at(4))

    assert await take(store, now=at(4.9)) == []
    assert await next_due_at(store) == at(5)
    assert tags(await take_one(store, now=at(5))) == ["2", "3"]


async def test_a_place_is_quiet_again_after_the_window(store: Store) -> None:
    await owe(store, "1")
    await sent(store, await take_one(store))

    await owe(store, "2", now=at(60))

    assert tags(await take_one(store, now=at(60))) == ["2"]


async def test_a_delivery_carries_twenty_alerts_and_the_next_one_the_rest(store: Store) -> None:
    for number in range(23):
        await owe(store, str(number))

    first = await take_one(store)
    await sent(store, first)
    assert await take(store, now=at(1)) == []
    second = await take_one(store, now=at(5))

    assert tags(first) == [str(number) for number in range(20)]
    assert tags(second) == ["20", "21", "22"]


async def test_places_are_grouped_apart(store: Store) -> None:
    await owe(store, "1", place=TEAM)
    await owe(store, "2", place=OPS)
    await owe(store, "3", place=TEAM)

    deliveries = await take(store)

    assert {str(delivery.place): tags(delivery) for delivery in deliveries} == {
        "slack:C1": ["1", "3"],
        "slack:C2": ["2"],
    }


async def test_the_alerts_of_a_delivery_stay_the_same_when_it_is_tried_again(store: Store) -> None:
    await owe(store, "1")
    first = await take_one(store)
    await owe(store, "2", now=at(1))
    await put_back(store, first, due_at=at(30))

    again = await take_one(store, now=at(30))

    assert (again.id, tags(again), again.tries) == (first.id, ["1"], 1)
    assert again.first_try_at == NOW
    await sent(store, again, now=at(30))
    assert tags(await take_one(store, now=at(31))) == ["2"]


# -- order ----------------------------------------------------------------------------------------


async def test_a_place_has_one_delivery_on_its_way_at_most(store: Store) -> None:
    await post(store, "one")
    await post(store, "two")

    [first] = await take(store)
    assert await take(store, now=at(1)) == []
    await sent(store, first)

    assert headlines([first, *await take(store, now=at(1))]) == ["one", "two"]


async def test_answers_go_before_alerts(store: Store) -> None:
    await owe(store, "1")
    await post(store, "answer", now=at(1))

    [first] = await take(store, now=at(2))
    await sent(store, first)
    [second] = await take(store, now=at(2))

    assert headlines([first]) == ["answer"]
    assert tags(second) == ["1"]


async def test_what_is_put_back_is_not_overtaken_by_the_next_answer(store: Store) -> None:
    await post(store, "one")
    await post(store, "two")
    first = await take_one(store)
    await put_back(store, first, due_at=at(30))

    assert await take(store, now=at(29)) == []
    assert await next_due_at(store) == at(30)
    assert headlines(await take(store, now=at(30))) == ["one"]


async def test_an_answer_does_not_wait_for_an_alert_that_was_put_back(store: Store) -> None:
    await owe(store, "1")
    await put_back(store, await take_one(store), due_at=at(600))
    await post(store, "answer", now=at(1))

    assert headlines(await take(store, now=at(1))) == ["answer"]


async def test_no_more_than_the_limit_is_taken_answers_first(store: Store) -> None:
    await owe(store, "1", place=TEAM)
    await owe(store, "2", place=OPS)
    await post(store, "answer", place=CHAT)

    one = await take(store, limit=1)
    two = await take(store, limit=1)

    assert headlines(one) == ["answer"]
    assert [tags(delivery) for delivery in two] == [["1"]]


async def test_services_that_are_not_named_wait(store: Store) -> None:
    await owe(store, "1", place=TEAM)
    await post(store, "answer", place=CHAT)

    slack = await take(store, services=frozenset({"slack"}))

    assert [delivery.place for delivery in slack] == [TEAM]
    assert await take(store, services=frozenset()) == []
    assert await next_due_at(store, frozenset({"terminal"})) is None
    assert await next_due_at(store, frozenset({"telegram"})) == NOW


# -- mutes and parking ----------------------------------------------------------------------------


async def test_alerts_of_a_muted_watch_wait_until_the_mute_is_over(store: Store) -> None:
    muted = await owe(store, "1")
    await owe(store, "2")
    async with store.transaction() as transaction:
        await transaction.watches.mute(muted, until=at(600))

    first = await take_one(store)
    await sent(store, first)

    assert tags(first) == ["2"]
    assert await take(store, now=at(599)) == []
    assert await next_due_at(store) == at(600)
    assert tags(await take_one(store, now=at(600))) == ["1"]


async def test_a_muted_place_is_answered_but_not_alerted(store: Store) -> None:
    await owe(store, "1")
    async with store.transaction() as transaction:
        await transaction.watches.mute_place(TEAM, until=at(600))
    await post(store, "answer")

    first = await take_one(store)
    await sent(store, first)

    assert headlines([first]) == ["answer"]
    assert await take(store, now=at(599)) == []
    assert await next_due_at(store) == at(600)
    assert tags(await take_one(store, now=at(600))) == ["1"]


async def test_a_parked_place_keeps_everything_until_then(store: Store) -> None:
    await post(store, "answer")
    await owe(store, "1")
    async with store.transaction() as transaction:
        newly = await transaction.outbox.park(TEAM, reason="not invited", until=at(600))

    assert newly
    assert await take(store, now=at(599)) == []
    assert await next_due_at(store) == at(600)
    assert headlines(await take(store, now=at(600))) == ["answer"]


async def test_a_place_stays_parked_until_something_arrives(store: Store) -> None:
    delivery = await post_and_take(store)
    async with store.transaction() as transaction:
        assert await transaction.outbox.park(TEAM, reason="not invited", until=at(60))
        assert not await transaction.outbox.park(TEAM, reason="not invited", until=at(90))
    await sent(store, delivery, now=at(100))

    async with store.transaction() as transaction:
        assert await transaction.outbox.park(TEAM, reason="archived", until=at(200))


async def test_a_woken_place_gets_at_once_what_waited_for_the_end_of_its_parking(
    store: Store,
) -> None:
    delivery = await post_and_take(store)
    async with store.transaction() as transaction:
        await transaction.outbox.park(TEAM, reason="not invited", until=at(3600))
        await transaction.outbox.put_back(
            delivery, due_at=at(3600), error="not invited", uncertain=False, now=NOW
        )
    assert await next_due_at(store) == at(3600)

    async with store.transaction() as transaction:
        await transaction.outbox.wake(TEAM)

    assert [again.id for again in await take(store, now=at(1))] == [delivery.id]


async def test_a_woken_place_counts_as_parked_until_something_arrives(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.park(TEAM, reason="not invited", until=at(60))
        await transaction.outbox.wake(TEAM)

        assert not await transaction.outbox.park(TEAM, reason="not invited", until=at(90))


async def test_nothing_goes_to_a_place_before_what_was_postponed_there(store: Store) -> None:
    await owe(store, "1")
    alert = await take_one(store)
    async with store.transaction() as transaction:
        await transaction.outbox.put_back(
            alert, due_at=at(17), error="429", uncertain=False, now=NOW, postponed=True
        )
    await post(store, "answer")

    assert await take(store, now=at(16)) == []
    assert await next_due_at(store) == at(17)
    assert (await take_one(store, now=at(17))).id == alert.id


async def test_what_failed_otherwise_holds_back_no_answer(store: Store) -> None:
    await owe(store, "1")
    alert = await take_one(store)
    async with store.transaction() as transaction:
        await transaction.outbox.put_back(
            alert, due_at=at(5), error="429", uncertain=False, now=NOW, postponed=True
        )
    again = await take_one(store, now=at(5))
    await put_back(store, again, due_at=at(60), now=at(5))
    await post(store, "answer")

    assert headlines(await take(store, now=at(6))) == ["answer"]


async def test_waking_does_not_shorten_another_reason_to_wait(store: Store) -> None:
    delivery = await post_and_take(store)
    await put_back(store, delivery, due_at=at(30))
    async with store.transaction() as transaction:
        await transaction.outbox.park(TEAM, reason="not invited", until=at(3600))
        await transaction.outbox.wake(TEAM)
        await transaction.outbox.wake(OPS)

    assert await take(store, now=at(29)) == []
    assert len(await take(store, now=at(30))) == 1


# -- outcomes -------------------------------------------------------------------------------------


async def test_what_has_arrived_is_not_sent_again(store: Store) -> None:
    delivery = await post_and_take(store)

    await sent(store, delivery)

    assert await take(store, now=at(10_000)) == []
    assert await next_due_at(store) is None
    assert await states(store) == ["sent"]


async def test_a_delivery_whose_lease_ran_out_comes_back_as_uncertain(store: Store) -> None:
    await post(store)
    [lost] = await take(store, lease_s=60)
    assert await take(store, now=at(59)) == []
    assert await next_due_at(store) == at(60)

    [again] = await take(store, now=at(60))

    assert again.id == lost.id
    assert (again.uncertain, again.tries, again.first_try_at) == (True, 1, NOW)
    assert again.lease != lost.lease


async def test_an_uncertain_delivery_stays_so_until_somebody_knows(store: Store) -> None:
    await put_back(store, await post_and_take(store), due_at=at(10), uncertain=True)
    assert await states(store) == ["uncertain"]

    uncertain = await take_one(store, now=at(10))
    await put_back(store, uncertain, due_at=at(20), uncertain=False)
    certain = await take_one(store, now=at(20))

    assert uncertain.uncertain
    assert not certain.uncertain


@pytest.mark.parametrize("outcome", ["sent", "put back", "buried"])
async def test_without_the_lease_no_outcome_is_written(store: Store, outcome: str) -> None:
    await post(store)
    [lost] = await take(store, lease_s=60)
    [taken] = await take(store, now=at(60))

    async with store.transaction() as transaction:
        if outcome == "sent":
            await transaction.outbox.sent(lost, message_id="m", now=at(61))
        elif outcome == "put back":
            await transaction.outbox.put_back(
                lost, due_at=at(61), error="e", uncertain=False, now=at(61)
            )
        else:
            await transaction.outbox.bury(lost, error="e", now=at(61))

    assert await states(store) == ["sending"]
    assert await take(store, now=at(62)) == []
    await sent(store, taken)
    assert await states(store) == ["sent"]


async def test_what_is_refused_for_good_lets_the_next_go(store: Store) -> None:
    await post(store, "one")
    await post(store, "two")
    first = await take_one(store)

    async with store.transaction() as transaction:
        await transaction.outbox.bury(first, error="msg_too_long", now=at(1))

    assert headlines(await take(store, now=at(1))) == ["two"]
    [dead, _] = await entries(store)
    assert (dead.state, dead.last_error, dead.due_at) == ("dead", "msg_too_long", None)
    assert dead.sent_at is None


async def test_a_dead_delivery_is_retried_by_hand(store: Store) -> None:
    delivery = await post_and_take(store)
    async with store.transaction() as transaction:
        await transaction.outbox.bury(delivery, error="refused", now=NOW)

    async with store.transaction() as transaction:
        assert await transaction.outbox.retry(delivery.id, now=at(5))

    [again] = await take(store, now=at(5))
    assert (again.id, again.tries, again.uncertain) == (delivery.id, 1, False)


async def test_a_waiting_delivery_is_retried_by_hand_though_its_place_is_parked(
    store: Store,
) -> None:
    delivery = await post_and_take(store)
    await put_back(store, delivery, due_at=at(600), uncertain=True)
    async with store.transaction() as transaction:
        await transaction.outbox.park(TEAM, reason="archived", until=at(600))
        assert await transaction.outbox.retry(delivery.id, now=at(5))

    [again] = await take(store, now=at(5))
    assert again.uncertain


async def test_what_is_on_its_way_or_has_arrived_cannot_be_retried(store: Store) -> None:
    delivery = await post_and_take(store)

    async with store.transaction() as transaction:
        assert not await transaction.outbox.retry("nonsense", now=NOW)
        assert not await transaction.outbox.retry(delivery.id, now=NOW)
        await transaction.outbox.sent(delivery, message_id="m", now=NOW)
        assert not await transaction.outbox.retry(delivery.id, now=NOW)


# -- what an operator sees ------------------------------------------------------------------------


async def test_the_outbox_shows_deliveries_and_loose_alerts_newest_last(store: Store) -> None:
    await owe(store, "1")
    carrying = await take_one(store)
    await put_back(store, carrying, due_at=at(30))
    await post(store, "Watching node:22", place=OPS, now=at(1))
    muted = await owe(store, "2", now=at(2))
    async with store.transaction() as transaction:
        await transaction.watches.mute(muted, until=at(600))

    shown = await entries(store)

    assert [(entry.about, entry.state) for entry in shown] == [
        ("docker.io/library/node:1 linux/arm64 appeared", "pending"),
        ("Watching node:22", "pending"),
        ("docker.io/library/node:2 linux/arm64 appeared", "pending"),
    ]
    assert [(entry.tries, entry.due_at, entry.last_error) for entry in shown] == [
        (1, at(30), "no route"),
        (0, at(1), None),
        (0, at(600), None),
    ]
    assert [entry.place for entry in shown] == [TEAM, OPS, TEAM]


async def test_what_has_arrived_is_shown_only_when_asked_for(store: Store) -> None:
    delivery = await post_and_take(store)
    await sent(store, delivery, now=at(3))

    assert await entries(store, include_sent=False) == []
    [entry] = await entries(store, include_sent=True)
    assert (entry.id, entry.state, entry.sent_at) == (delivery.id, "sent", at(3))


async def test_the_outbox_shows_the_newest_up_to_the_limit(store: Store) -> None:
    for number in range(4):
        await post(store, str(number), now=at(number))
    await owe(store, "last", now=at(9))

    shown = await entries(store, limit=2)

    assert [entry.about.split()[0] for entry in shown] == ["3", "docker.io/library/node:last"]


async def post_and_take(store: Store) -> Delivery:
    await post(store)
    return await take_one(store)
