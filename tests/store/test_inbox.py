from bot.core.model import Place
from bot.ports.inbox import Command
from bot.ports.store import Store
from tests.support.stores import CHAT, NOW, OPS, TEAM, at


async def receive(
    store: Store, event_id: str, *, place: Place = TEAM, person: str = "U1", text: str = "list"
) -> bool:
    async with store.transaction() as transaction:
        return await transaction.inbox.receive(
            event_id=event_id, place=place, person=person, text=text, now=NOW
        )


async def claim(
    store: Store, *, now: object = NOW, lease_s: float = 30, limit: int = 10
) -> list[Command]:
    async with store.transaction() as transaction:
        return await transaction.inbox.claim(now=now, lease_s=lease_s, limit=limit)  # type: ignore[arg-type]


async def done(store: Store, command: Command) -> bool:
    async with store.transaction() as transaction:
        return await transaction.inbox.done(command, now=NOW)


async def test_a_command_is_given_as_it_was_received(store: Store) -> None:
    assert await receive(store, "e1", place=CHAT, person="U9", text="watch node:22 arm64 🔔")

    [command] = await claim(store)

    assert (command.service, command.place, command.person) == ("telegram", CHAT, "U9")
    assert (command.text, command.received_at) == ("watch node:22 arm64 🔔", NOW)
    assert command.tries == 0


async def test_an_event_seen_twice_is_kept_once_even_after_it_is_done(store: Store) -> None:
    await receive(store, "e1")
    assert not await receive(store, "e1")
    [command] = await claim(store)
    await done(store, command)

    again = await receive(store, "e1")

    assert not again
    assert await claim(store) == []


async def test_event_ids_of_two_services_do_not_meet(store: Store) -> None:
    assert await receive(store, "1", place=TEAM)
    assert await receive(store, "1", place=CHAT)


async def test_the_commands_of_one_person_in_one_place_are_given_in_order(store: Store) -> None:
    await receive(store, "e1", text="first")
    await receive(store, "e2", text="second")
    [first] = await claim(store)
    assert await claim(store) == []

    await done(store, first)
    [second] = await claim(store)

    assert (first.text, second.text) == ("first", "second")


async def test_other_people_and_places_do_not_wait_for_each_other(store: Store) -> None:
    await receive(store, "e1", person="U1", text="one")
    await receive(store, "e2", person="U2", text="two")
    await receive(store, "e3", person="U1", place=OPS, text="three")

    commands = await claim(store)

    assert [command.text for command in commands] == ["one", "two", "three"]


async def test_no_more_than_the_limit_is_claimed(store: Store) -> None:
    await receive(store, "e1", person="U1", text="one")
    await receive(store, "e2", person="U2", text="two")

    commands = await claim(store, limit=1)

    assert [command.text for command in commands] == ["one"]


async def test_a_command_put_back_holds_up_the_next_of_that_person(store: Store) -> None:
    await receive(store, "e1", text="first")
    await receive(store, "e2", text="second")
    [first] = await claim(store)
    async with store.transaction() as transaction:
        await transaction.inbox.put_back(first, due_at=at(60))

    assert await claim(store, now=at(59)) == []
    [again] = await claim(store, now=at(60))

    assert (again.text, again.tries) == ("first", 1)


async def test_what_somebody_gone_had_leased_can_be_claimed_at_once(store: Store) -> None:
    await receive(store, "e1")
    await receive(store, "e2", person="U2")
    [lost] = await claim(store, limit=1, lease_s=30)
    async with store.transaction() as transaction:
        await transaction.inbox.release_all(now=at(1))

    taken = await claim(store, now=at(1))

    assert [command.id for command in taken] == [lost.id, lost.id + 1]
    assert not await done(store, lost)
    assert await done(store, taken[0])


async def test_what_is_done_stays_done_when_leases_end(store: Store) -> None:
    await receive(store, "e1")
    [command] = await claim(store)
    assert await done(store, command)
    async with store.transaction() as transaction:
        await transaction.inbox.release_all(now=at(1))

    assert await claim(store, now=at(1)) == []


async def test_a_command_that_was_not_even_tried_has_no_try_more(store: Store) -> None:
    await receive(store, "e1")
    [claimed] = await claim(store)
    async with store.transaction() as transaction:
        await transaction.inbox.put_back(claimed, due_at=at(1), untried=True)

    [again] = await claim(store, now=at(1))

    assert again.tries == 0


async def test_a_command_whose_lease_ran_out_is_given_again(store: Store) -> None:
    await receive(store, "e1")
    [lost] = await claim(store, lease_s=30)

    assert await claim(store, now=at(29)) == []
    [taken] = await claim(store, now=at(30))

    assert taken.id == lost.id
    assert taken.lease != lost.lease
    assert not await done(store, lost)
    async with store.transaction() as transaction:
        await transaction.inbox.put_back(lost, due_at=at(31))
    assert await claim(store, now=at(32)) == []
    assert await done(store, taken)
    assert not await done(store, taken)


async def test_the_next_command_is_due_when_its_line_moves(store: Store) -> None:
    async with store.reading() as transaction:
        assert await transaction.inbox.next_due_at() is None
    await receive(store, "e1")
    await receive(store, "e2")
    async with store.reading() as transaction:
        assert await transaction.inbox.next_due_at() == NOW

    [first] = await claim(store, lease_s=30)

    async with store.reading() as transaction:
        assert await transaction.inbox.next_due_at() == at(30)
    await done(store, first)
    async with store.reading() as transaction:
        assert await transaction.inbox.next_due_at() == NOW


async def test_a_cursor_moves(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.inbox.cursor("telegram") is None
        await transaction.inbox.move_cursor("telegram", "1")
        await transaction.inbox.move_cursor("telegram", "2")

    async with store.reading() as transaction:
        assert await transaction.inbox.cursor("telegram") == "2"
        assert await transaction.inbox.cursor("other") is None
