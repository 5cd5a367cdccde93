from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.turns import MAX_REMEMBERED as MAX_CONVERSATIONS
from bot.chat.turns import Limit, Rate, Turns
from bot.core.errors import Postponed

NOW = datetime(2025, 4, 23, 12, 0, tzinfo=UTC)
A_SECOND = (Rate(1, 1.0),)
TEAM, OPS = Limit("C1", A_SECOND), Limit("C2", A_SECOND)
GROUP = Limit("-1", (Rate(1, 1.0), Rate(3, 60.0)))
ALL = Limit("", (Rate(2, 1.0),))


class Hands:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float, /) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def passed_s(self) -> float:
        return (self.now - NOW).total_seconds()


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def turns(hands: Hands) -> Turns:
    return Turns(clock=hands, sleep=hands.sleep)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def test_each_further_message_waits_for_the_rest_of_the_second(
    turns: Turns, hands: Hands
) -> None:
    for _ in range(3):
        await turns.take(TEAM)

    assert hands.passed_s == 2


async def test_conversations_do_not_wait_for_one_another(turns: Turns, hands: Hands) -> None:
    await turns.take(TEAM)
    await turns.take(OPS)

    assert hands.passed_s == 0


async def test_all_conversations_together_have_a_limit_too(turns: Turns, hands: Hands) -> None:
    for number in range(5):
        await turns.take(Limit(str(number), A_SECOND), ALL)

    assert hands.passed_s == 2


async def test_what_had_to_wait_counts_once_it_goes(turns: Turns, hands: Hands) -> None:
    await turns.take(OPS, ALL)
    await turns.take(TEAM, ALL)
    await turns.take(TEAM, ALL)

    assert hands.passed_s == 1


async def test_who_would_have_to_wait_long_is_sent_away(turns: Turns, hands: Hands) -> None:
    for _ in range(3):
        await turns.take(GROUP)

    with pytest.raises(Postponed) as postponed:
        await turns.take(GROUP)

    assert postponed.value.retry_after_s == 58


async def test_old_conversations_are_forgotten(turns: Turns, hands: Hands) -> None:
    await turns.take(TEAM)
    for number in range(MAX_CONVERSATIONS):
        await turns.take(Limit(str(number), A_SECOND))

    await turns.take(TEAM)

    assert hands.passed_s == 0
