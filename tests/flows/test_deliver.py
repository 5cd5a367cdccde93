"""What becomes of a message, whatever its chat service says; places that cannot be posted to are
in test_deliver_places.
"""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.core.errors import (
    NotSent,
    PlaceClosed,
    PlaceMoved,
    Postponed,
    SendError,
    SendUncertain,
    StoreBusy,
    StoreConflict,
    Unsendable,
)
from bot.core.message.english.alerts import SENT_AGAIN
from bot.core.message.slack import render_slack
from bot.core.message.telegram import render_telegram
from bot.flows.deliver import DeliverySettings
from bot.ports.store import Store
from bot.store.forming import MAX_ALERTS
from tests.support.conversations import Mailroom
from tests.support.messengers import PlannedMessenger
from tests.support.stores import BUSYBOX, CHAT, GRAFANA, NODE, OPS, TEAM, at, take_one
from tests.support.troubled_store import TroubledStore

MESSAGE = "Hello"
UNCERTAIN_AFTER_S = 30


@pytest.fixture
def slack() -> PlannedMessenger:
    return PlannedMessenger("slack")


@pytest.fixture
def mailroom(store: Store, slack: PlannedMessenger) -> Mailroom:
    return Mailroom(store, slack)


@pytest.fixture
def searchable(store: Store) -> tuple[Mailroom, PlannedMessenger]:
    """A service that can tell whether a message is there."""
    messenger = PlannedMessenger("slack", can_find=True)
    return Mailroom(store, messenger), messenger


def is_marked(messenger: PlannedMessenger, number: int = -1) -> bool:
    return SENT_AGAIN in messenger.posted[number].message.lines


# -- definite outcomes ----------------------------------------------------------------------------


async def test_what_has_arrived_is_sent_and_never_again(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await mailroom.post(MESSAGE)

    await mailroom.turn()
    await mailroom.turn_after(86400)

    entry = await mailroom.entry()
    assert (entry.state, entry.sent_at, entry.tries) == ("sent", at(0), 1)
    assert slack.said(TEAM) == [MESSAGE]
    assert not is_marked(slack)


@pytest.mark.parametrize(
    ("refusal", "call", "state"),
    [
        pytest.param(NotSent("no connection"), "outbox.put_back", "pending", id="not-sent"),
        pytest.param(PlaceMoved("new id", conversation="C9"), "outbox.move", "pending", id="moved"),
        pytest.param(Unsendable("too odd"), "outbox.bury", "dead", id="refused"),
    ],
)
async def test_a_definite_outcome_is_kept_though_its_writing_met_another_process(
    store: Store, slack: PlannedMessenger, refusal: SendError, call: str, state: str
) -> None:
    troubled = TroubledStore(store)
    mailroom = Mailroom(troubled, slack)
    slack.refuse(refusal)
    await mailroom.post(MESSAGE)
    troubled.will_fail(call, StoreConflict("d: met another"), times=1)

    await mailroom.turn()

    assert (await mailroom.entry()).state == state


async def test_what_never_left_is_tried_again_after_growing_waits(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(*[NotSent("no connection")] * 9)
    await mailroom.post(MESSAGE)

    waits = []
    for _ in range(9):
        await mailroom.turn()
        entry = await mailroom.entry()
        assert (entry.state, entry.last_error) == ("pending", "no connection")
        assert entry.due_at is not None
        waits.append((entry.due_at - mailroom.clock()).total_seconds())
        mailroom.clock.now = entry.due_at
    await mailroom.turn()

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert slack.said() == [MESSAGE]
    assert not is_marked(slack)


async def test_a_service_that_asks_to_wait_is_obeyed_to_the_moment(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(Postponed("429", retry_after_s=17.5))
    await mailroom.post(MESSAGE)
    await mailroom.turn()

    await mailroom.turn_after(17.4)
    too_early = await mailroom.entry()
    await mailroom.turn_after(0.1)

    assert (too_early.state, too_early.due_at, too_early.tries) == ("pending", at(17.5), 1)
    assert slack.said() == [MESSAGE]


async def test_an_answer_does_not_overtake_an_alert_that_the_service_postponed(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(Postponed("429", retry_after_s=17))
    await mailroom.alert(NODE)
    await mailroom.turn()
    await mailroom.post("an answer")

    await mailroom.turn_after(16)
    early = slack.asked.copy()
    await mailroom.turn_after(1)
    await mailroom.turn()

    assert early == ["send C1"]
    assert slack.said() == ["✅ linux/arm64 is there: node:22", "an answer"]


async def test_what_is_refused_for_good_is_dead_and_can_be_seen_and_tried_by_hand(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(Unsendable("too long"))
    await mailroom.post(MESSAGE)

    await mailroom.turn()
    await mailroom.turn_after(86400)
    dead = await mailroom.entry()
    async with mailroom.store.transaction() as transaction:
        await transaction.outbox.retry(dead.id, now=mailroom.clock())
    await mailroom.turn()

    assert (dead.state, dead.last_error, dead.due_at) == ("dead", "too long", None)
    assert slack.said() == [MESSAGE]


async def test_a_dead_message_does_not_hold_back_the_next(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(Unsendable("too long"))
    await mailroom.post("first")
    await mailroom.post("second")

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said() == ["second"]


# -- outcomes nobody knows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [SendUncertain("cut"), SendError("odd")], ids=["uncertain", "of no kind"]
)
async def test_an_unknown_outcome_is_uncertain_and_waits_before_anything_is_done(
    mailroom: Mailroom, slack: PlannedMessenger, error: SendError
) -> None:
    slack.lose_answer(error)
    await mailroom.post(MESSAGE)

    await mailroom.turn()
    await mailroom.turn_after(UNCERTAIN_AFTER_S - 1)

    entry = await mailroom.entry()
    assert (entry.state, entry.due_at) == ("uncertain", at(UNCERTAIN_AFTER_S))
    assert entry.last_error == str(error)
    assert len(slack.asked) == 1


async def test_an_uncertain_message_that_cannot_be_looked_up_is_sent_again_and_says_so(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.lose_answer()
    await mailroom.post(MESSAGE)
    await mailroom.turn()

    await mailroom.turn_after(UNCERTAIN_AFTER_S)

    assert slack.asked == ["send C1", "send C1"]
    assert [is_marked(slack, 0), is_marked(slack, 1)] == [False, True]
    assert await mailroom.states() == ["sent"]


async def test_every_copy_after_an_uncertain_one_says_so(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.lose_answer()
    slack.refuse(NotSent("no connection"), Postponed("429", retry_after_s=1))
    await mailroom.post(MESSAGE)

    for wait_s in (0, 30, 4, 1):
        await mailroom.turn_after(wait_s)

    assert [is_marked(slack, 0), is_marked(slack, 1)] == [False, True]
    assert len(slack.asked) == 4


async def test_copies_of_an_uncertain_message_come_at_growing_waits(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    for _ in range(7):
        slack.lose_answer()
    await mailroom.post(MESSAGE)

    waits = []
    for _ in range(7):
        await mailroom.turn()
        entry = await mailroom.entry()
        assert entry.due_at is not None
        waits.append((entry.due_at - mailroom.clock()).total_seconds())
        mailroom.clock.now = entry.due_at

    assert waits == [30, 30, 30, 30, 32, 64, 128]


async def test_an_uncertain_message_that_is_found_is_sent_without_another_send(
    searchable: tuple[Mailroom, PlannedMessenger],
) -> None:
    mailroom, slack = searchable
    slack.lose_answer()
    await mailroom.post(MESSAGE)
    await mailroom.turn()

    await mailroom.turn_after(UNCERTAIN_AFTER_S)

    assert slack.asked == ["send C1", "find C1"]
    assert slack.said() == [MESSAGE]
    assert await mailroom.states() == ["sent"]


async def test_an_uncertain_message_that_is_not_there_is_sent_as_the_first_copy_it_is(
    searchable: tuple[Mailroom, PlannedMessenger],
) -> None:
    mailroom, slack = searchable
    slack.refuse(SendUncertain("cut"))
    await mailroom.post(MESSAGE)
    await mailroom.turn()

    await mailroom.turn_after(UNCERTAIN_AFTER_S)

    assert slack.asked == ["send C1", "find C1", "send C1"]
    assert slack.said() == [MESSAGE]
    assert not is_marked(slack)


@pytest.mark.parametrize(
    "error",
    [
        NotSent("no connection"),
        Postponed("429", retry_after_s=5),
        SendUncertain("cut"),
        Unsendable("no history scope"),
        RuntimeError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_while_the_look_up_fails_the_message_stays_uncertain_and_is_not_sent(
    searchable: tuple[Mailroom, PlannedMessenger], error: Exception
) -> None:
    mailroom, slack = searchable
    slack.lose_answer()
    await mailroom.post(MESSAGE)
    await mailroom.turn()
    slack.find_fails = error

    await mailroom.turn_after(UNCERTAIN_AFTER_S)
    during = await mailroom.states()
    slack.find_fails = None
    await mailroom.turn_after(300)

    assert during == ["uncertain"]
    assert slack.asked == ["send C1", "find C1", "find C1"]
    assert slack.said() == [MESSAGE]
    assert await mailroom.states() == ["sent"]


async def test_a_send_that_hangs_becomes_uncertain_and_lets_go(
    store: Store, slack: PlannedMessenger
) -> None:
    mailroom = Mailroom(store, slack, settings=DeliverySettings(uncertain_after_s=0.05))
    slack.hold(asyncio.Event())
    await mailroom.post(MESSAGE)

    await mailroom.turn()

    entry = await mailroom.entry()
    assert (entry.state, entry.last_error) == ("uncertain", "no answer in time")


async def test_a_message_whose_sender_died_is_uncertain(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await mailroom.post(MESSAGE)
    await take_one(mailroom.store)

    await mailroom.turn_after(59)
    before = await mailroom.states()
    await mailroom.turn_after(1)

    assert before == ["sending"]
    assert is_marked(slack)


async def test_a_lease_outlasts_the_longest_send(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    held = asyncio.Event()
    slack.hold(held)
    await mailroom.post(MESSAGE)
    first = asyncio.create_task(mailroom.turn())
    await slack.wait_for("send C1")

    await mailroom.turn_after(UNCERTAIN_AFTER_S + 1)
    held.set()
    await first

    assert slack.said() == [MESSAGE]
    assert await mailroom.states() == ["sent"]


# -- when something else fails --------------------------------------------------------------------


async def test_a_messengers_bug_is_logged_and_neither_loses_nor_stops_anything(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(RuntimeError("a bug"))
    await mailroom.post("first", TEAM)
    await mailroom.post("second", OPS)

    with capture_logs() as logs:
        await mailroom.turn()
        await mailroom.turn_after(UNCERTAIN_AFTER_S)

    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "delivery_failed"
    ]
    assert slack.said() == ["second", "first"]
    assert is_marked(slack)


async def test_a_bug_on_the_way_to_the_outcome_leaves_the_message_to_its_lease(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(PlaceClosed("not invited"))
    mailroom.store.will_fail("outbox.park", RuntimeError("a bug"), times=1)
    await mailroom.post(MESSAGE)

    with capture_logs() as logs:
        await mailroom.turn()
        await mailroom.turn_after(60)

    assert "work_failed" in [entry["event"] for entry in logs]
    assert slack.said() == [MESSAGE]


async def test_an_outcome_the_store_did_not_take_is_uncertain_when_the_lease_has_run_out(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    mailroom.store.will_fail("outbox.sent", StoreBusy("busy"), times=1)
    await mailroom.post(MESSAGE)

    await mailroom.turn()
    before = await mailroom.states()
    await mailroom.turn_after(60)

    assert before == ["sending"]
    assert [is_marked(slack, 0), is_marked(slack, 1)] == [False, True]
    assert await mailroom.states() == ["sent"]


async def test_a_store_that_gives_nothing_is_asked_again(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    mailroom.store.will_fail("outbox.claim", StoreBusy("busy"), times=1)
    await mailroom.post(MESSAGE)

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said() == [MESSAGE]


async def test_stopping_waits_for_the_outcome_of_what_is_under_way(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    held = asyncio.Event()
    slack.hold(held)
    await mailroom.post(MESSAGE)
    deliverer = mailroom.deliverer()
    running = asyncio.create_task(deliverer.run())
    await slack.wait_for("send C1")
    await mailroom.post("later", OPS)

    deliverer.stop()
    held.set()
    await running

    assert await mailroom.states() == ["sent", "pending"]


async def test_what_is_due_later_is_sent_without_being_rung_for(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(NotSent("no connection"))
    await mailroom.post(MESSAGE)
    deliverer = mailroom.deliverer()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliverer.run())
        await mailroom.store.wait_for("outbox.put_back")
        mailroom.clock.forward(2)
        await mailroom.store.wait_for("outbox.sent")
        deliverer.stop()

    assert slack.said() == [MESSAGE]


# -- alerts ---------------------------------------------------------------------------------------


async def test_the_first_alert_goes_at_once_and_those_soon_after_ride_together(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await mailroom.alert(NODE)
    await mailroom.turn()
    await mailroom.alert(BUSYBOX)
    await mailroom.turn_after(2)
    await mailroom.alert(GRAFANA, person="U2")
    before = slack.said()
    await mailroom.turn_after(3)

    assert before == ["✅ linux/arm64 is there: node:22"]
    assert len(slack.posted) == 2
    both = slack.posted[1].message
    assert both.headline == "✅ linux/arm64 is there: busybox:1.37"
    assert "✅ linux/arm64 is there: ghcr.io/grafana/grafana:12" in both.lines
    assert both.mentions == ("U1", "U2")


async def test_who_watches_several_things_is_mentioned_once(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await mailroom.alert(NODE)
    await mailroom.alert(BUSYBOX)

    await mailroom.turn()

    assert slack.posted[0].message.mentions == ("U1",)


async def test_the_alerts_of_a_muted_watch_are_held_until_it_is_not(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    muted = await mailroom.alert(NODE)
    await mailroom.alert(BUSYBOX)
    async with mailroom.store.transaction() as transaction:
        await transaction.watches.mute(muted.id, until=at(60))

    await mailroom.turn()
    before = slack.said()
    await mailroom.turn_after(60)

    assert before == ["✅ linux/arm64 is there: busybox:1.37"]
    assert slack.said() == [*before, "✅ linux/arm64 is there: node:22"]


async def test_messages_for_a_service_nobody_is_attached_to_wait(store: Store) -> None:
    slack, telegram = PlannedMessenger("slack"), PlannedMessenger("telegram")
    mailroom = Mailroom(store, slack, telegram)
    telegram.is_attached = False
    await mailroom.post("here", TEAM)
    await mailroom.post("there", CHAT)

    await mailroom.turn()
    before = telegram.said()
    telegram.is_attached = True
    await mailroom.turn()

    assert slack.said() == ["here"]
    assert (before, telegram.said()) == ([], ["there"])


async def test_what_was_held_back_comes_together_when_a_place_is_unmuted(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    async with mailroom.store.transaction() as transaction:
        await transaction.watches.mute_place(TEAM, until=at(3600))
    for number in range(MAX_ALERTS + 5):
        await mailroom.alert(NODE.with_tag(f"22.{number}-bullseye-slim"))
    await mailroom.turn()
    quiet = slack.said()
    async with mailroom.store.transaction() as transaction:
        await transaction.watches.mute_place(TEAM, until=None)

    await mailroom.turn()
    await mailroom.turn_after(5)

    assert quiet == []
    assert [len(posted.message.lines) for posted in slack.posted] == [MAX_ALERTS, 5 * 2 - 1]
    pile, rest = (
        (
            render_slack(posted.message, marker="m").text,
            render_telegram(posted.message, names={}).text,
        )
        for posted in slack.posted
    )
    for number in range(MAX_ALERTS):
        assert all(f"node:22.{number}-bullseye-slim (#" in text for text in pile)
    for command in slack.posted[1].message.code:
        assert all(command in text for text in rest)
