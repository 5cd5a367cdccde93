"""What cannot be posted where it belongs is told elsewhere, or comes back."""

import pytest

from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.ports.outbox import Delivery
from bot.ports.store import Store
from tests.support.stores import NOW, TEAM, at, take, take_one

ADA, BOB = Place("slack", "U0ADA"), Place("slack", "U0BOB")
WHY = "not invited"


@pytest.fixture
async def closed(store: Store) -> Delivery:
    """A delivery that was tried in vain."""
    async with store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("answer"), now=NOW, person="U0ADA")
    return await take_one(store)


async def redirect(store: Store, delivery: Delivery, *places: Place) -> bool:
    copies = [(place, Message(f"for {place.conversation}")) for place in places]
    async with store.transaction() as transaction:
        return await transaction.outbox.redirect(delivery, copies, error=WHY, now=NOW)


async def give_back(store: Store, copy: Delivery) -> bool:
    async with store.transaction() as transaction:
        return await transaction.outbox.give_back(copy, error="blocked", due_at=at(60))


async def sent(store: Store, delivery: Delivery) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.sent(delivery, message_id="m", now=NOW)


async def states(store: Store) -> dict[str, str]:
    async with store.reading() as transaction:
        entries = await transaction.outbox.entries(limit=9, include_sent=True)
    return {entry.place.conversation: entry.state for entry in entries}


async def test_an_answer_knows_who_asked_for_it(closed: Delivery) -> None:
    assert (closed.person, closed.instead_of) == ("U0ADA", None)


async def test_a_copy_says_what_it_stands_for_and_settles_it(
    store: Store, closed: Delivery
) -> None:
    assert await redirect(store, closed, ADA)
    [copy] = await take(store)
    before = await states(store)

    await sent(store, copy)

    assert (copy.place, copy.message) == (ADA, Message("for U0ADA"))
    assert copy.instead_of == closed.id
    assert before == {"C1": "pending", "U0ADA": "sending"}
    assert await states(store) == {"C1": "sent", "U0ADA": "sent"}
    assert await take(store, now=at(86400)) == []


async def test_what_is_told_elsewhere_does_not_hold_back_what_comes_after(
    store: Store, closed: Delivery
) -> None:
    await redirect(store, closed, ADA)
    async with store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("next"), now=NOW)

    assert {delivery.place for delivery in await take(store)} == {ADA, TEAM}


async def test_a_copy_that_cannot_arrive_leaves_and_the_original_is_due(
    store: Store, closed: Delivery
) -> None:
    await redirect(store, closed, ADA)
    [copy] = await take(store)

    assert await give_back(store, copy)

    assert await take(store, now=at(59)) == []
    again = await take_one(store, now=at(60))
    assert (again.id, again.uncertain, again.message) == (closed.id, False, Message("answer"))
    assert await states(store) == {"C1": "sending"}


async def test_what_came_back_is_due_at_once_when_somebody_speaks_there(
    store: Store, closed: Delivery
) -> None:
    await redirect(store, closed, ADA)
    [copy] = await take(store)
    await give_back(store, copy)
    async with store.transaction() as transaction:
        await transaction.outbox.wake(TEAM)

    assert (await take_one(store, now=at(1))).id == closed.id


async def test_an_uncertain_message_comes_back_uncertain(store: Store, closed: Delivery) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.put_back(closed, due_at=NOW, error="cut", uncertain=True, now=NOW)
    doubtful = await take_one(store)
    await redirect(store, doubtful, ADA)
    [copy] = await take(store)

    await give_back(store, copy)

    assert (await take_one(store, now=at(60))).uncertain


async def test_of_several_copies_one_is_enough(store: Store, closed: Delivery) -> None:
    await redirect(store, closed, ADA, BOB)
    to_ada, to_bob = sorted(await take(store), key=lambda copy: copy.place.conversation)
    await sent(store, to_ada)

    assert not await give_back(store, to_bob)

    assert await states(store) == {"C1": "sent", "U0ADA": "sent", "U0BOB": "sending"}


async def test_with_one_copy_those_that_have_not_left_are_taken_back(
    store: Store, closed: Delivery
) -> None:
    await redirect(store, closed, ADA, BOB)
    [first] = await take(store, limit=1)

    await give_back(store, first)

    assert await states(store) == {"C1": "pending"}


async def test_a_copy_on_its_way_settles_what_has_come_back(store: Store, closed: Delivery) -> None:
    await redirect(store, closed, ADA, BOB)
    to_ada, to_bob = sorted(await take(store), key=lambda copy: copy.place.conversation)
    await give_back(store, to_ada)

    await sent(store, to_bob)

    assert await states(store) == {"C1": "sent", "U0BOB": "sent"}
    assert await take(store, now=at(60)) == []


async def test_parked_places_get_no_copies(store: Store, closed: Delivery) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.park(ADA, reason="blocked", until=at(60))

    assert not await redirect(store, closed, ADA)
    assert await states(store) == {"C1": "sending"}
    assert await redirect(store, closed, ADA, BOB)
    assert await states(store) == {"C1": "pending", "U0BOB": "pending"}


async def test_without_its_lease_nothing_is_told_elsewhere(store: Store, closed: Delivery) -> None:
    await take(store, now=at(60))

    await redirect(store, closed, ADA)

    assert await states(store) == {"C1": "sending"}


async def test_what_stands_for_nothing_is_not_given_back(store: Store, closed: Delivery) -> None:
    assert not await give_back(store, closed)
