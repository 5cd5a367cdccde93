"""The pace at which a service lets conversations be written to."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import Postponed
from bot.ports.surroundings import Clock, Sleep

MAX_REMEMBERED = 5_000
MAX_WAIT_S = 3.0
"""A message that can go so soon waits for its turn; another goes back to the outbox."""


@dataclass(frozen=True, slots=True)
class Rate:
    """No more than `times` within `within_s` seconds."""

    times: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What a message counts towards: its conversation, or all that the bot says."""

    name: str
    rates: tuple[Rate, ...]


class Turns:
    """Lets messages go at the pace their limits allow."""

    def __init__(self, *, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._sent: OrderedDict[str, deque[datetime]] = OrderedDict()

    async def take(self, *limits: Limit) -> None:
        """Come back when a message may go, and count it. Raises Postponed if that is not soon."""
        while (wait_s := self._wait_s(limits)) > 0:
            if wait_s > MAX_WAIT_S:
                raise Postponed("the service's pace", retry_after_s=wait_s)
            await self._sleep(wait_s)

    def _wait_s(self, limits: tuple[Limit, ...]) -> float:
        """Seconds until the next message may go; 0 if it may go now, and then it counts."""
        now = self._clock()
        histories = [self._history(limit, now) for limit in limits]
        wait = max(
            _wait(sent, rate, now)
            for limit, sent in zip(limits, histories, strict=True)
            for rate in limit.rates
        )
        if wait > timedelta():
            return wait.total_seconds()
        for sent in histories:
            sent.append(now)
        return 0

    def _history(self, limit: Limit, now: datetime) -> deque[datetime]:
        sent = self._sent.setdefault(limit.name, deque())
        self._sent.move_to_end(limit.name)
        if len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)
        longest = max(rate.within_s for rate in limit.rates)
        while sent and sent[0] <= now - timedelta(seconds=longest):
            sent.popleft()
        return sent


def _wait(sent: deque[datetime], rate: Rate, now: datetime) -> timedelta:
    if len(sent) < rate.times:
        return timedelta()
    return sent[-rate.times] + timedelta(seconds=rate.within_s) - now
