"""The pace at which a service lets one conversation be written to."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class Rate:
    """No more than `times` within `within_s` seconds."""

    times: int
    within_s: float


class Turns:
    """Says how long a message has to wait, by what went into its conversation before."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait_s(self, conversation: str, rates: tuple[Rate, ...], now: datetime) -> float:
        """Seconds until the next message may go; 0 if it may go now, and then it counts.

        rates: from the strictest in time to the longest.
        """
        sent = self._sent.setdefault(conversation, deque())
        self._sent.move_to_end(conversation)
        if len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)
        longest = max(rate.within_s for rate in rates)
        while sent and sent[0] <= now - timedelta(seconds=longest):
            sent.popleft()
        wait = max((_wait(sent, rate, now) for rate in rates), default=timedelta())
        if wait > timedelta():
            return wait.total_seconds()
        sent.append(now)
        return 0


def _wait(sent: deque[datetime], rate: Rate, now: datetime) -> timedelta:
    if len(sent) < rate.times:
        return timedelta()
    return sent[-rate.times] + timedelta(seconds=rate.within_s) - now
