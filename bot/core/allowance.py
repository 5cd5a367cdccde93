"""How often somebody may do something: so many times in any minute, or hour."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

MAX_REMEMBERED = 10_000


class Allowance:
    """Counts what each name has done lately; forgets those who were quiet longest first."""

    def __init__(self, times: int, *, within: timedelta = timedelta(minutes=1)) -> None:
        self._times = times
        self._within = within
        self._done: OrderedDict[str, deque[datetime]] = OrderedDict()

    def take(self, name: str, now: datetime) -> bool:
        """Whether this name may once more now; if so it counts."""
        done = self._done.setdefault(name, deque())
        self._done.move_to_end(name)
        while done and done[0] <= now - self._within:
            done.popleft()
        if len(self._done) > MAX_REMEMBERED:
            self._done.popitem(last=False)
        if len(done) >= self._times:
            return False
        done.append(now)
        return True
