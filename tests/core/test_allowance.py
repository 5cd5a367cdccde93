"""How often somebody may do something."""

from bot.core.allowance import MAX_REMEMBERED, Allowance
from tests.support.stores import NOW, at


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
