"""What is owed to places that cannot be posted to, or have moved, reaches people all the same."""

import pytest

from bot.core.errors import PlaceClosed, PlaceMoved
from bot.core.message.english.alerts import SENT_AGAIN
from bot.core.message.neutral import Button, Message
from bot.core.model import Place
from bot.ports.store import Store
from tests.support.conversations import Mailroom
from tests.support.messengers import PlannedMessenger
from tests.support.stores import BUSYBOX, CHAT, NODE, OPS, TEAM, add, at, new_watch, watches_of

CLOSED = PlaceClosed("I was not invited")
HOUR_S, DAY_S = 3600, 86400
ALICE = Place("slack", "D-alice")
BOB = Place("slack", "D-bob")
NOTICE = "⚠️ I cannot post to slack:C1: I was not invited."
NODE_IS_THERE = "✅ linux/arm64 is there: node:22"
BUSYBOX_IS_THERE = "✅ linux/arm64 is there: busybox:1.37"
WHY_ALONE = "(told to you alone, because I cannot post to slack:C1: I was not invited)"
CHECK = Button("Check now", "/check node:22")


@pytest.fixture
def slack() -> PlannedMessenger:
    return PlannedMessenger("slack")


@pytest.fixture
def mailroom(store: Store, slack: PlannedMessenger) -> Mailroom:
    return Mailroom(store, slack)


async def test_what_cannot_be_posted_is_told_to_the_people_alone_and_counts_as_sent(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")

    await mailroom.turns(3)
    await mailroom.turn_after(DAY_S)

    assert slack.said(TEAM) == []
    assert slack.said(ALICE) == [NODE_IS_THERE]
    assert await mailroom.states() == ["sent", "sent"]


async def test_a_copy_says_where_it_belongs_and_offers_only_what_works_there(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    answer = Message(
        "👀", ("a line",), ("code",), (Button("Stop", "/unwatch #7"), CHECK), ("alice",)
    )
    async with mailroom.store.transaction() as transaction:
        await transaction.outbox.post(TEAM, answer, now=mailroom.clock(), person="alice")

    await mailroom.turns(3)

    assert slack.posted[-1].place == ALICE
    assert slack.posted[-1].message == Message(
        "👀",
        ("a line", WHY_ALONE),
        ("code",),
        (CHECK,),
    )


async def test_everybody_who_watches_is_told_alone(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await add(mailroom.store, new_watch(NODE, person="alice"))
    await mailroom.alert(NODE, person="bob")

    await mailroom.turns(3)

    assert slack.said(ALICE) == [NODE_IS_THERE]
    assert slack.said(BOB) == [NODE_IS_THERE]


async def test_an_expired_watchs_people_are_told_alone(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    async with mailroom.store.transaction() as transaction:
        await transaction.outbox.post(
            TEAM, Message("⏳", mentions=("alice", "bob")), now=mailroom.clock()
        )

    await mailroom.turns(3)

    assert (slack.said(ALICE), slack.said(BOB)) == (["⏳"], ["⏳"])


async def test_the_next_message_tries_the_place_again_and_is_told_alone_without_delay(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turns(3)
    slack.refuse(CLOSED)
    await mailroom.alert(BUSYBOX, person="alice")

    await mailroom.turn_after(5)
    await mailroom.turn()

    assert slack.asked.count("send C1") == 2
    assert slack.said(ALICE) == [NODE_IS_THERE, BUSYBOX_IS_THERE]


async def test_a_place_that_opens_again_is_posted_to_at_once(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turns(3)
    await mailroom.alert(BUSYBOX, person="alice")

    await mailroom.turn_after(5)

    assert slack.said(TEAM) == [BUSYBOX_IS_THERE]


async def test_when_the_direct_message_fails_too_the_alert_waits_for_its_place(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED, PlaceClosed("blocked"))
    await mailroom.alert(NODE, person="alice")
    await mailroom.turns(3)
    kept = [entry for entry in await mailroom.entries() if entry.place == TEAM]

    await mailroom.turn_after(HOUR_S)

    assert [(entry.state, entry.due_at) for entry in kept] == [("pending", at(HOUR_S))]
    assert slack.said(TEAM) == [NODE_IS_THERE]


async def test_a_copy_that_was_blocked_makes_its_original_go_where_it_belongs(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turn()
    slack.refuse(PlaceClosed("blocked"))
    await mailroom.turn()
    async with mailroom.store.transaction() as transaction:
        await transaction.outbox.wake(TEAM)

    await mailroom.turn_after(1)
    await mailroom.turn_after(DAY_S)

    assert slack.said(ALICE) == []
    assert slack.said(TEAM) == [NODE_IS_THERE]


async def test_an_uncertain_alert_that_is_told_alone_says_that_it_may_be_a_repetition(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.lose_answer()
    slack.refuse(CLOSED)
    await mailroom.alert(NODE, person="alice")
    await mailroom.turn()

    await mailroom.turn_after(30)
    await mailroom.turns(2)

    assert SENT_AGAIN in slack.posted[-1].message.lines
    assert slack.said(ALICE) == [NODE_IS_THERE]


async def test_a_closed_place_is_left_alone_for_an_hour_if_nobody_can_be_told(
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
    await add(mailroom.store, new_watch(NODE, person="bob"))
    for _ in range(3):
        slack.refuse(CLOSED)
        await mailroom.post("for nobody in particular")
        await mailroom.turns(2)
        mailroom.clock.forward(HOUR_S)

    assert slack.asked.count("send C1") == 3
    assert slack.said(BOB) == [NOTICE]


async def test_the_owner_is_told_anew_when_the_place_was_open_in_between(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await add(mailroom.store, new_watch(NODE, person="bob"))
    for _ in range(2):
        slack.refuse(CLOSED)
        await mailroom.post("for nobody in particular")
        await mailroom.turns(2)
        await mailroom.turn_after(HOUR_S)

    assert slack.said(BOB) == [NOTICE, NOTICE]


async def test_whoever_asks_in_a_closed_place_is_answered_alone_each_time(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    for number in range(2):
        slack.refuse(CLOSED)
        await mailroom.post_to("alice", f"answer {number}")
        await mailroom.turns(2)

    assert slack.said(ALICE) == ["answer 0", "answer 1"]
    assert slack.said(TEAM) == []


async def test_a_place_that_is_woken_gets_at_once_what_was_kept(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(CLOSED)
    await mailroom.post("kept")
    await mailroom.turn()
    async with mailroom.store.transaction() as transaction:
        await transaction.outbox.wake(TEAM)

    await mailroom.turn_after(1)

    assert slack.said(TEAM) == ["kept"]


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


# -- places that have moved -----------------------------------------------------------------------


async def test_what_was_meant_for_a_conversation_that_moved_goes_after_it_at_once(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(PlaceMoved("it has a new id", conversation="C9"))
    await mailroom.post("first")
    await mailroom.post("second")
    watch = await add(mailroom.store, new_watch(NODE))

    await mailroom.turns(3)

    assert slack.said(Place("slack", "C9")) == ["first", "second"]
    [moved] = await watches_of(mailroom.store, Place("slack", "C9"))
    assert moved.id == watch.watch.id


async def test_a_conversation_that_moves_for_ever_is_followed_ever_more_slowly(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(*[PlaceMoved("again", conversation=f"M{number}") for number in range(7)])
    await mailroom.post("restless")

    waits = []
    for _ in range(7):
        await mailroom.turn()
        entry = await mailroom.entry()
        assert entry.due_at is not None
        waits.append((entry.due_at - mailroom.clock()).total_seconds())
        mailroom.clock.now = entry.due_at
    await mailroom.turn()

    assert waits == [0, 0, 0, 0, 0, 64, 128]
    assert slack.said(Place("slack", "M6")) == ["restless"]
