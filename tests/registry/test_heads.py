"""What is remembered of a registry's answers to HEADs."""

from bot.registry.heads import HeadSupport
from tests.support.registry_client import ManualClock


def test_a_registry_is_neither_proven_nor_useless_at_first() -> None:
    heads = HeadSupport(clock=ManualClock())

    assert not heads.are_proven("registry.test")
    assert not heads.are_useless("registry.test")


def test_a_registry_that_failed_is_tried_again_a_day_later_and_proven_anew() -> None:
    clock = ManualClock()
    heads = HeadSupport(clock=clock)
    heads.worked("registry.test")
    assert heads.are_proven("registry.test")

    heads.failed("registry.test")
    assert heads.are_useless("registry.test")
    assert not heads.are_useless("other.test")
    clock.forward(24 * 3600)

    assert not heads.are_useless("registry.test")
    assert not heads.are_proven("registry.test")
