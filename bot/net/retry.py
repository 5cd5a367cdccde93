"""The one retry policy: a second attempt within the same look, after a transport failure."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from bot.core.errors import TransportFailure
from bot.ports.surroundings import Chance, Sleep

if TYPE_CHECKING:
    from tenacity import AsyncRetrying

T = TypeVar("T")

ATTEMPTS = 2
MIN_WAIT_S = 0.5
MAX_WAIT_S = 2.0


def within_a_look(*, sleep: Sleep, chance: Chance) -> "AsyncRetrying":
    """Two attempts at most, half a second to two seconds apart, and only after a TransportFailure.

    A 429 or 503 is an answer, not a failure: it parks the registry and ends the look, so that
    no worker sleeps while holding a place in the registry's queue.
    """
    # Commands that look once start sooner without it, and hardly ever need it.
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

    return AsyncRetrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=lambda _: MIN_WAIT_S + (MAX_WAIT_S - MIN_WAIT_S) * chance(),
        retry=retry_if_exception_type(TransportFailure),
        sleep=sleep,
        reraise=True,
    )


async def once_more(
    first: TransportFailure, attempt: Callable[[], Awaitable[T]], *, sleep: Sleep, chance: Chance
) -> T:
    """What a second attempt gives; first is how the first one ended.

    The policy is entered only here, so that looks that go well, nearly all, do not pay for it.
    """
    known = [first]

    async def next_attempt() -> T:
        if known:
            raise known.pop()
        return await attempt()

    return await within_a_look(sleep=sleep, chance=chance)(next_attempt)
