"""The second attempt."""

import pytest

from bot.core.errors import MalformedAnswer, ServerTrouble, TransportFailure
from bot.net.retry import once_more
from tests.support.registry_client import ManualClock, no_chance

FIRST = TransportFailure("registry.test", "first")


@pytest.mark.parametrize(
    ("chance", "waited_s"), [(0.0, 0.5), (0.5, 1.25), (0.999, 1.9985)], ids=["low", "mid", "high"]
)
async def test_a_second_attempt_comes_after_half_a_second_to_two(
    chance: float, waited_s: float
) -> None:
    clock = ManualClock()

    async def attempt() -> str:
        return "answer"

    answer = await once_more(FIRST, attempt, sleep=clock.sleep, chance=lambda: chance)

    assert answer == "answer"
    assert clock.slept == [pytest.approx(waited_s)]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(TransportFailure("registry.test", "second"), id="no answer"),
        pytest.param(ServerTrouble("registry.test", "second"), id="5xx"),
        pytest.param(MalformedAnswer("registry.test", "second"), id="an answer"),
    ],
)
async def test_there_is_no_third(error: Exception) -> None:
    clock = ManualClock()
    attempts = 0

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        raise error

    with pytest.raises(type(error), match="second"):
        await once_more(FIRST, attempt, sleep=clock.sleep, chance=no_chance)

    assert attempts == 1
    assert len(clock.slept) == 1
