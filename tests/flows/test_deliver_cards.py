"""Edits of cards: again and again if need be, and never a reason to tell anybody else."""

import pytest

from bot.core.errors import NotSent, PlaceClosed, SendUncertain, Unsendable
from bot.ports.store import Store
from tests.store.test_editing import card_of, see
from tests.support.conversations import Mailroom
from tests.support.messengers import PlannedMessenger
from tests.support.stores import AMD64, ARM64, RISCV, add, at

# The test's looks do not say what is missing.
OUT = "🆕 node:22 is out: amd64 there."
MORE = "🆕 node:22 is out: amd64 and arm64 there."
END = "🎉 node:22 has every platform you waited for (#1)."


@pytest.fixture
def slack() -> PlannedMessenger:
    return PlannedMessenger("slack")


@pytest.fixture
async def mailroom(store: Store, slack: PlannedMessenger) -> Mailroom:
    """The card is posted, and arm64 has come."""
    mailroom = Mailroom(store, slack)
    await add(store, card_of())
    await see(store, AMD64, now=at(0))
    await mailroom.turn()
    assert slack.said() == [OUT]
    await see(store, AMD64, ARM64, now=at(60), of="b")
    mailroom.clock.forward(60)
    return mailroom


async def test_the_card_says_what_is_there_now(mailroom: Mailroom, slack: PlannedMessenger) -> None:
    await mailroom.turn()

    assert slack.said() == [MORE]
    assert slack.asked == ["send C1", "edit C1"]
    assert await mailroom.states() == ["sent", "sent"]


@pytest.mark.parametrize(
    "error", [NotSent("no route"), SendUncertain("cut")], ids=["not sent", "uncertain"]
)
async def test_an_edit_that_fails_is_made_again_without_a_mark(
    mailroom: Mailroom, slack: PlannedMessenger, error: Exception
) -> None:
    slack.refuse(error)

    await mailroom.turn()
    await mailroom.turn_after(300)

    assert slack.said() == [MORE]
    assert slack.posted[0].message.lines == ("Nothing is missing (#1).",)


async def test_an_edit_that_cannot_be_made_is_told_to_nobody(
    mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    slack.refuse(PlaceClosed("it is archived"))

    await mailroom.turn()
    await mailroom.turn()
    assert slack.said() == [OUT]
    await mailroom.turn_after(3600)

    assert slack.said() == [MORE]


async def test_the_end_is_a_message_and_the_card_shows_it(
    store: Store, mailroom: Mailroom, slack: PlannedMessenger
) -> None:
    await see(store, AMD64, ARM64, RISCV, now=at(120), of="c")
    mailroom.clock.forward(60)

    await mailroom.turn()
    await mailroom.turn()

    assert slack.said() == ["🆕 node:22 is out: amd64, arm64 and riscv64 there.", END]


async def test_a_card_that_never_arrived_is_not_edited(
    store: Store, slack: PlannedMessenger
) -> None:
    mailroom = Mailroom(store, slack)
    await add(store, card_of())
    await see(store, AMD64, now=at(0))
    slack.refuse(Unsendable("no"))
    await mailroom.turn()
    await see(store, AMD64, ARM64, now=at(60), of="b")
    await mailroom.turn_after(60)

    assert slack.asked == ["send C1"]
    assert await mailroom.states() == ["dead"]
