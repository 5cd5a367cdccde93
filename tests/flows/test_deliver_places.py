"""Places that cannot be posted to keep what is owed to them, and their owner hears of it."""

import pytest

from bot.core.errors import PlaceClosed
from bot.core.model import Place
from bot.ports import Store
from tests.support.conversations import Mailroom
from tests.support.messengers import PlannedMessenger
from tests.support.stores import BUSYBOX, CHAT, NODE, OPS, TEAM, add, at, new_watch

CLOSED = PlaceClosed("I was not invited")
HOUR_S = 3600
ALICE = Place("slack", "D-alice")
BOB = Place("slack", "D-bob")
NOTICE = "⚠️ I cannot post to slack:C1: I was not invited."
NODE_IS_THERE = "✅ linux/arm64 is there: node:22"


@pytest.fixture
def slack() -> PlannedMessenger:
    return PlannedMessenger("slack")


@pytest.fixture
def mailroom(store: Store, slack: PlannedMessenger) -> Mailroom:
    return Mailroom(store, slack)


async def test_the_owner_is_told_directly_and_the_alert_is_kept(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said(TEAM) == []
    assert slack.said(ALICE) == [NOTICE]
    kept = next(entry for entry in await mailroom.entries() if entry.place == TEAM)
    assert (kept.state, kept.due_at, kept.last_error) == ("pending", at(HOUR_S), str(CLOSED))


async def test_a_closed_place_is_left_alone_for_an_hour_and_does_not_hold_back_others(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.post("for the closed one")
    await mailroom.turn()
    await mailroom.post("also for the closed one")
    await mailroom.post("for another", OPS)

    await mailroom.turn_after(HOUR_S - 1)
    before = slack.said()
    await mailroom.turn_after(1)
    await mailroom.turn()

    assert before == ["for another"]
    assert slack.said(TEAM) == ["for the closed one", "also for the closed one"]


async def test_the_owner_is_told_once_however_often_the_place_is_tried(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turn()
    await mailroom.turn()

    for _ in range(3):
        slack.refuse(CLOSED)
        await mailroom.turn_after(HOUR_S)

    assert slack.asked.count("send C1") == 4
    assert slack.said(ALICE) == [NOTICE]


async def test_the_owner_is_told_anew_when_the_place_was_open_in_between(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turn()
    await mailroom.turn()
    await mailroom.turn_after(HOUR_S)

    slack.refuse(CLOSED)
    await mailroom.alert(BUSYBOX, person="alice")
    await mailroom.turn_after(60)
    await mailroom.turn()

    assert slack.said(ALICE) == [NOTICE, NOTICE]


async def test_a_place_that_is_woken_gets_at_once_what_was_kept(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turn()
    async with mailroom.store.transaction() as transaction:
        await transaction.outbox.wake(TEAM)

    await mailroom.turn_after(1)

    assert slack.said(TEAM) == [NODE_IS_THERE]


async def test_when_the_very_answer_cannot_be_posted_whoever_watches_there_last_is_told(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await add(mailroom.store, new_watch(NODE, person="alice"))
    await add(mailroom.store, new_watch(BUSYBOX, person="bob"))
    slack.refuse(CLOSED)
    await mailroom.post("👀 Watching busybox")

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said() == [NOTICE]
    assert slack.said(BOB) == [NOTICE]


async def test_where_nobody_watches_nobody_is_told(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.post("an answer")

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said() == []
    assert await mailroom.states() == ["pending"]


async def test_a_service_without_direct_messages_tells_nobody(store: Store) -> None:
    telegram = PlannedMessenger("telegram")
    mailroom = Mailroom(store, telegram)
    telegram.refuse(CLOSED)
    await mailroom.alert(NODE, place=CHAT, person="alice")

    await mailroom.turn()
    await mailroom.turn()

    assert telegram.said() == []
    assert await mailroom.states() == ["pending"]


async def test_a_closed_direct_conversation_is_not_told_of_itself(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, place=ALICE, person="alice")

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said() == []
    assert await mailroom.states() == ["pending"]


async def test_an_uncertain_message_stays_uncertain_while_its_place_is_closed(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.lose_answer()
    slack.refuse(CLOSED)
    await mailroom.post("an answer")
    await mailroom.turn()

    await mailroom.turn_after(30)

    assert await mailroom.states() == ["uncertain"]
