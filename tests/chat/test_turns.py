from datetime import UTC, datetime, timedelta

from bot.chat.allowance import MAX_REMEMBERED, Allowance
from bot.chat.turns import MAX_REMEMBERED as MAX_CONVERSATIONS
from bot.chat.turns import Rate, Turns

NOW = datetime(2025, 4, 23, 12, 0, tzinfo=UTC)
A_SECOND = (Rate(1, 1.0),)
A_GROUP = (Rate(1, 1.0), Rate(3, 60.0))


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_second_message_waits_for_the_rest_of_the_second() -> None:
    turns = Turns()

    waits = [turns.wait_s("C1", A_SECOND, at(seconds)) for seconds in (0, 0.25, 1, 1.5)]

    assert waits == [0, 0.75, 0, 0.5]


def test_what_had_to_wait_does_not_count() -> None:
    turns = Turns()
    turns.wait_s("C1", A_SECOND, NOW)

    waits = [turns.wait_s("C1", A_SECOND, at(0.9)) for _ in range(3)]

    assert max(waits) < 0.2


def test_conversations_do_not_wait_for_one_another() -> None:
    turns = Turns()
    turns.wait_s("C1", A_SECOND, NOW)

    assert turns.wait_s("C2", A_SECOND, NOW) == 0


def test_the_longest_wait_of_several_rates_counts() -> None:
    turns = Turns()
    for second in range(3):
        assert turns.wait_s("-1", A_GROUP, at(2 * second)) == 0

    assert turns.wait_s("-1", A_GROUP, at(10)) == 50
    assert turns.wait_s("-1", A_GROUP, at(60)) == 0


def test_old_conversations_are_forgotten() -> None:
    turns = Turns()
    turns.wait_s("first", A_SECOND, NOW)
    for number in range(MAX_CONVERSATIONS):
        turns.wait_s(str(number), A_SECOND, NOW)

    assert turns.wait_s("first", A_SECOND, NOW) == 0


def test_so_many_a_minute_may_speak() -> None:
    allowance = Allowance(2)

    taken = [allowance.take("ada", at(seconds)) for seconds in (0, 1, 2, 59, 60, 60)]

    assert taken == [True, True, False, False, True, False]


def test_one_who_speaks_too_much_does_not_silence_another() -> None:
    allowance = Allowance(1)
    allowance.take("ada", NOW)

    assert not allowance.take("ada", NOW)
    assert allowance.take("bob", NOW)


def test_those_who_were_quiet_longest_are_forgotten_first() -> None:
    allowance = Allowance(1)
    for number in range(MAX_REMEMBERED + 1):
        allowance.take(str(number), NOW)

    assert not allowance.take(str(MAX_REMEMBERED), NOW)
    assert allowance.take("0", NOW)
