from datetime import UTC, datetime, timedelta

from bot.chat.heard import Heard
from bot.chat.reception import Reception, ReceptionSettings
from bot.core.model import Place
from bot.flows.bells import Bells
from bot.ports.store import Store
from tests.chat.conftest import all_commands_in

GROUP = Place("telegram", "-100")
NOW = datetime(2025, 4, 23, 12, 0, tzinfo=UTC)


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def said(number: int, person: str = "7", place: Place = GROUP) -> Heard:
    return Heard(str(number), place, person, f"/watch node:{number}")


async def answers_in(store: Store) -> list[str]:
    async with store.reading() as transaction:
        entries = await transaction.outbox.entries(limit=100, include_sent=True)
    return [entry.about for entry in entries]


async def test_a_command_and_the_position_are_kept_together(store: Store, bells: Bells) -> None:
    reception = Reception(
        store, ring=bells.commands.ring, clock=Hand(), settings=ReceptionSettings(10, 10)
    )

    await reception.receive([said(1), said(1), said(2)], cursor=("telegram", "3"))

    assert [command.text for command in await all_commands_in(store)] == [
        "/watch node:1",
        "/watch node:2",
    ]
    async with store.reading() as transaction:
        assert await transaction.inbox.cursor("telegram") == "3"


async def test_who_types_too_fast_is_told_once_a_minute(store: Store, bells: Bells) -> None:
    clock = Hand()
    reception = Reception(
        store, ring=bells.commands.ring, clock=clock, settings=ReceptionSettings(2, 100)
    )

    await reception.receive([said(number) for number in range(6)])
    await reception.receive([said(10, person="8")])

    assert len(await all_commands_in(store)) == 3
    [told] = await answers_in(store)
    assert "a lot of commands" in told
    clock.now += timedelta(minutes=1)
    await reception.receive([said(20)])
    assert len(await all_commands_in(store)) == 1


async def test_a_whole_conversation_has_its_limit_too(store: Store, bells: Bells) -> None:
    reception = Reception(
        store, ring=bells.commands.ring, clock=Hand(), settings=ReceptionSettings(100, 3)
    )

    await reception.receive([said(number, person=str(number)) for number in range(6)])

    assert len(await all_commands_in(store)) == 3


async def test_a_chat_that_is_not_listed_is_told_its_id_once_an_hour(
    store: Store, bells: Bells
) -> None:
    clock = Hand()
    reception = Reception(
        store,
        ring=bells.commands.ring,
        clock=clock,
        settings=ReceptionSettings(10, 10),
        admits=lambda _: False,
    )

    await reception.receive([said(1), said(2)])
    clock.now += timedelta(minutes=59)
    await reception.receive([said(3)])

    assert await all_commands_in(store) == []
    assert len(await answers_in(store)) == 1
    clock.now += timedelta(minutes=2)
    await reception.receive([said(4)])
    assert len(await answers_in(store)) == 2
