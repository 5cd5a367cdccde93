"""Cards in the outbox: posts of their own, then edits, which keep nobody and say the newest."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.message.neutral import Message
from bot.core.model import Event, Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports.outbox import Delivery
from bot.ports.store import Store
from bot.ports.watches import NewWatch
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    OPS,
    RISCV,
    SERVICES,
    TEAM,
    add,
    at,
    claim,
    look,
    present,
    record,
    take,
)


def card_of(reference: Reference = NODE, *, place: Place = TEAM) -> NewWatch:
    return NewWatch(
        reference=reference,
        place=place,
        platforms=(AMD64, ARM64, RISCV),
        met={},
        person="U1",
        standing=False,
        expires_at=None,
        observation=None,
        source="pattern",
        due_at=NOW,
        unseen=True,
        card=True,
    )


async def see(store: Store, *platforms: Platform, now: datetime, of: str = "a") -> None:
    """Every target that is due is seen so."""
    seen: Observation = present(*platforms, of=of, seen_at=now)
    for target in await claim(store, now=now):
        await record(store, look(target, seen), now=now)


async def taken(store: Store, *, now: datetime) -> list[Delivery]:
    """What is to go now, under a lease that outlives the test."""
    return await take(store, now=now, lease_s=10_000)


async def sent(store: Store, delivery: Delivery, *, now: datetime, message_id: str = "m1") -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.sent(delivery, message_id=message_id, now=now)


async def put_back(
    store: Store, delivery: Delivery, *, due_at: datetime, postponed: bool = False
) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.put_back(
            delivery, due_at=due_at, error="no", uncertain=False, now=NOW, postponed=postponed
        )


async def post(store: Store, now: datetime) -> Delivery:
    """The card is seen, and taken to be posted."""
    await add(store, card_of())
    await see(store, AMD64, now=now)
    [card] = await taken(store, now=now)
    assert (events(card), card.edits) == ([Event.OUT], None)
    return card


def events(delivery: Delivery) -> Sequence[Event]:
    return [owed.alert.event for owed in delivery.alerts]


async def next_due_at(store: Store) -> datetime | None:
    async with store.reading() as transaction:
        return await transaction.outbox.next_due_at(services=SERVICES)


async def test_a_card_is_edited_once_it_has_arrived(store: Store) -> None:
    card = await post(store, NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")

    assert await taken(store, now=at(61)) == [], "an edit does not overtake its post"
    await sent(store, card, now=at(62))
    assert await next_due_at(store) == at(60)
    [edit] = await taken(store, now=at(62))

    assert edit.edits is not None
    assert (edit.edits.delivery, edit.edits.message_id) == (card.id, "m1")
    assert events(edit) == [Event.LANDED]
    await sent(store, edit, now=at(63))
    assert await next_due_at(store) is None


async def test_what_came_before_the_card_arrived_is_one_edit_that_says_the_newest(
    store: Store,
) -> None:
    card = await post(store, NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")
    await see(store, ARM64, now=at(120), of="c")
    await sent(store, card, now=at(121))

    [edit] = await taken(store, now=at(122))

    assert events(edit) == [Event.LANDED, Event.LANDED]
    assert edit.alerts[-1].facts.there == ("arm64",)


async def test_an_edit_that_has_to_wait_says_what_is_newest_when_it_goes(store: Store) -> None:
    card = await post(store, NOW)
    await sent(store, card, now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")
    [edit] = await taken(store, now=at(60))
    await put_back(store, edit, due_at=at(300))
    await see(store, ARM64, now=at(120), of="c")

    assert await taken(store, now=at(121)) == []
    [again] = await taken(store, now=at(300))

    assert again.id == edit.id
    assert events(again) == [Event.LANDED, Event.LANDED]


async def test_an_edit_keeps_no_message_waiting(store: Store) -> None:
    card = await post(store, NOW)
    await sent(store, card, now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")
    [edit] = await taken(store, now=at(60))
    await put_back(store, edit, due_at=at(3000))
    await see(store, AMD64, ARM64, RISCV, now=at(120), of="c")

    [end] = await taken(store, now=at(121))

    assert (events(end), end.edits) == ([Event.COMPLETE], None)
    await sent(store, end, now=at(122), message_id="m2")
    assert await taken(store, now=at(123)) == []
    assert await next_due_at(store) == at(3000)


async def test_the_message_goes_before_the_edit(store: Store) -> None:
    card = await post(store, NOW)
    await sent(store, card, now=NOW)
    await see(store, AMD64, ARM64, RISCV, now=at(60), of="b")

    [first] = await taken(store, now=at(61))
    await sent(store, first, now=at(61), message_id="m2")
    [second] = await taken(store, now=at(62))

    assert events(first) == [Event.COMPLETE]
    assert events(second) == [Event.LANDED]


async def test_while_an_edit_is_on_its_way_nothing_else_is(store: Store) -> None:
    card = await post(store, NOW)
    await sent(store, card, now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")
    [edit] = await taken(store, now=at(60))
    await see(store, AMD64, ARM64, RISCV, now=at(120), of="c")

    assert await taken(store, now=at(121)) == []
    await sent(store, edit, now=at(122))
    assert [events(each) for each in await taken(store, now=at(123))] == [[Event.COMPLETE]]


async def test_a_place_that_asked_to_wait_gets_nothing_before(store: Store) -> None:
    card = await post(store, NOW)
    await sent(store, card, now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")
    [edit] = await taken(store, now=at(60))
    await put_back(store, edit, due_at=at(190), postponed=True)
    await see(store, AMD64, ARM64, RISCV, now=at(120), of="c")

    assert await taken(store, now=at(121)) == []
    assert await next_due_at(store) == at(190)


async def test_each_card_is_a_message_of_its_own(store: Store) -> None:
    for tag in ("22.1", "22.2"):
        await add(store, card_of(NODE.with_tag(tag)))
    await see(store, AMD64, now=NOW)

    [first] = await taken(store, now=NOW)
    await sent(store, first, now=NOW)
    [second] = await taken(store, now=NOW)

    assert [events(first), events(second)] == [[Event.OUT], [Event.OUT]]


async def test_edits_of_two_cards_go_one_after_the_other(store: Store) -> None:
    for tag in ("22.1", "22.2"):
        await add(store, card_of(NODE.with_tag(tag)))
    await see(store, AMD64, now=NOW)
    for number in range(2):
        [card] = await taken(store, now=NOW)
        await sent(store, card, now=NOW, message_id=f"m{number}")
    await see(store, AMD64, ARM64, now=at(60), of="b")

    edited = []
    for _ in range(2):
        [edit] = await taken(store, now=at(61))
        assert edit.edits is not None
        edited.append(edit.edits.message_id)
        await sent(store, edit, now=at(61))

    assert sorted(map(str, edited)) == ["m0", "m1"]


async def waits(store: Store) -> int:
    async with store.reading() as transaction:
        return (await transaction.backlogs.count(now=at(61))).deliveries


async def test_the_edit_of_a_card_that_was_never_posted_comes_to_an_end(store: Store) -> None:
    card = await post(store, NOW)
    async with store.transaction() as transaction:
        await transaction.outbox.bury(card, error="refused", now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")

    assert await taken(store, now=at(61)) == []
    assert await next_due_at(store) is None
    assert await waits(store) == 0


async def test_a_card_that_was_told_elsewhere_is_not_edited(store: Store) -> None:
    card = await post(store, NOW)
    async with store.transaction() as transaction:
        await transaction.outbox.redirect(card, [(OPS, Message("a card"))], error="no", now=NOW)
    [copy] = await taken(store, now=NOW)
    await sent(store, copy, now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")

    assert await taken(store, now=at(61)) == []
    assert await waits(store) == 0


async def test_an_edit_whose_sender_was_killed_is_taken_again(
    store: Store,
) -> None:
    card = await post(store, NOW)
    await sent(store, card, now=NOW)
    await see(store, AMD64, ARM64, now=at(60), of="b")
    [edit] = await take(store, now=at(60), lease_s=10)

    [again] = await take(store, now=at(70))

    assert again.id == edit.id
    assert again.uncertain
