"""What is remembered of one registry: when it may be asked again, and for what."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.net.lane import Lane
from bot.net.limits import Budget
from bot.ports.registry import RegistryState

BREAKER_FAILURES = 5
FIRST_PAUSE_S = 30
LONGEST_PAUSE_S = 30 * 60
FIRST_STRIKE_S = 60
PROBE_LASTS_S = 60
"""After this the outcome of a probe that never was reported is given up."""
RESERVED_PULLS = 10
RESERVED_SHARE = 0.2
USUAL_WINDOW_S = 6 * 3600


@dataclass(slots=True)
class Parking:
    """Left alone until then. strikes: how often lately without a word for how long."""

    until: datetime | None = None
    strikes: int = 0

    def left_alone_until(self, now: datetime) -> datetime | None:
        """None if the time is over, or never began."""
        return self.until if self.until is not None and self.until > now else None

    def park(self, now: datetime, pause_s: float | None) -> datetime:
        """Park for so long, or for twice as long as the last time if nobody says how long."""
        if pause_s is None:
            if self.until is not None and self.until > now:
                return self.until  # sent before the first such answer came
            pause_s = min(FIRST_STRIKE_S * 2 ** min(self.strikes, 16), LONGEST_PAUSE_S)
        self.strikes += 1
        return self.extend(now + timedelta(seconds=pause_s))

    def extend(self, until: datetime) -> datetime:
        """Park until then at least."""
        self.until = until if self.until is None else max(self.until, until)
        return self.until


class Standing:
    """One registry's parking, breaker and budget. Everything happens at a `now` that is given."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.whole = Parking()
        self.pulls = Parking()
        self.failures = 0
        self.probe_until: datetime | None = None
        self._budget: Budget | None = None
        self._budget_at: datetime | None = None
        self._pulled_at: datetime | None = None

    @property
    def is_broken(self) -> bool:
        """Whether only probes are let through."""
        return self.failures >= BREAKER_FAILURES

    @property
    def knows_budget(self) -> bool:
        """Whether an answer has named a budget lately."""
        return self._budget is not None

    @property
    def is_free(self) -> bool:
        """Whether nothing was heard of late that could hold a HEAD back."""
        return self.whole.until is None and self.probe_until is None

    def probe(self, now: datetime) -> None:
        """A request to a broken registry begins: until it ends it is the only one."""
        self.probe_until = now + timedelta(seconds=PROBE_LASTS_S)

    def answered(self) -> None:
        """It is alive: the breaker closes."""
        if self.is_broken:
            self.whole.until = None
        self.failures = 0
        self.probe_until = None

    def pulled(self, now: datetime) -> None:
        """A manifest came."""
        self._pulled_at = now
        self.pulls.strikes = 0

    def failed(self, now: datetime, chance: float) -> bool:
        """One more failure, unless it began before the breaker opened; whether it now pauses."""
        if self.is_broken and self.probe_until is None:
            return False
        self.probe_until = None
        self.failures += 1
        if self.is_broken:
            doubled = 2 ** min(self.failures - BREAKER_FAILURES, 16)
            pause_s = min(FIRST_PAUSE_S * doubled, LONGEST_PAUSE_S) * (1 - chance)
            self.whole.extend(now + timedelta(seconds=max(1, pause_s)))
        return self.is_broken

    def note_budget(self, budget: Budget | None, now: datetime) -> bool:
        """Take note of what an answer says, or does not; whether pulls have just run low."""
        if budget is not None:
            was_low = self._budget is not None and _is_low(self._budget)
            self._budget, self._budget_at = budget, now
            return _is_low(budget) and not was_low
        if self._budget is not None and self._budget_at is not None:
            window_s = self._budget.window_s or USUAL_WINDOW_S
            if now - self._budget_at > timedelta(seconds=window_s):
                self._budget = self._budget_at = None
        return False

    def held_until(self, now: datetime) -> datetime | None:
        """Until when nothing may be asked: parked, or a probe is under way."""
        held = self.whole.left_alone_until(now)
        if held is None and self.probe_until is not None and self.probe_until > now:
            return self.probe_until
        return held

    def pulls_held_until(self, now: datetime, *, urgent: bool) -> datetime | None:
        """Until when manifests may not be fetched: parked, or few are left for the people here.

        When few are left, pulls that nobody waits for come no faster than the window grants them.
        """
        held = self.pulls.left_alone_until(now)
        budget = self._budget
        if held is not None or urgent or budget is None or self._pulled_at is None:
            return held
        if not _is_low(budget):
            return None
        window_s = budget.window_s or USUAL_WINDOW_S
        next_pull = self._pulled_at + timedelta(seconds=window_s / max(budget.limit, 1))
        return next_pull if next_pull > now else None

    def restore(self, state: RegistryState, now: datetime) -> None:
        """Be as an earlier process left it."""
        self.whole.until = state.parked_until
        self.pulls.until = state.pulls_parked_until
        self.failures = state.failures
        if state.limit is not None and state.remaining is not None:
            self._budget = Budget(state.limit, state.remaining, state.window_s)
            self._budget_at = now

    def learn(self, state: RegistryState) -> bool:
        """Be parked for as long as another process was told to; whether that is longer."""
        before = (self.whole.until, self.pulls.until)
        if state.parked_until is not None:
            self.whole.extend(state.parked_until)
        if state.pulls_parked_until is not None:
            self.pulls.extend(state.pulls_parked_until)
        return (self.whole.until, self.pulls.until) != before

    def state(self, registry: str) -> RegistryState:
        """What a later process needs to know."""
        budget = self._budget
        return RegistryState(
            registry=registry,
            parked_until=self.whole.until,
            pulls_parked_until=self.pulls.until,
            limit=budget.limit if budget else None,
            remaining=budget.remaining if budget else None,
            window_s=budget.window_s if budget else None,
            failures=self.failures,
        )


def _is_low(budget: Budget) -> bool:
    return budget.remaining <= max(RESERVED_PULLS, RESERVED_SHARE * budget.limit)
