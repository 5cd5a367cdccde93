"""How fast each registry may be asked, and when not at all."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.core.errors import RegistryParked
from bot.core.reference import DOCKER_HUB
from bot.log import Log
from bot.net.lane import Lane
from bot.net.limits import parse_budget, parse_retry_after
from bot.net.settings import RegistrySettings
from bot.net.standing import Standing
from bot.ports.registry import RegistryState
from bot.ports.surroundings import Chance, Clock, Sleep

CONCURRENCY = 2
RATE = 2.0
SLOWER = {"public.ecr.aws": 1.0, "quay.io": 1.0}
"""Requests a second. Source: AWS "Public service quotas"; Red Hat solution 6218921."""
COUNTS_PULLS_APART = frozenset({DOCKER_HUB})
"""Registries whose 429 to the GET of a manifest says nothing about HEADs."""

_log = Log(__name__)


class Pace:
    """Keeps every worker of this process within what each registry can bear; a bot.ports.Courtesy.

    Every request runs between enter() and the lane's leave(), which are two methods because a
    context manager costs each look too much. What came of it is reported: heard() for any answer,
    failed() once for a request that got none after its last attempt.
    """

    def __init__(
        self,
        registries: Iterable[RegistrySettings] = (),
        *,
        clock: Clock,
        sleep: Sleep,
        chance: Chance,
    ) -> None:
        self._settings = {settings.host: settings for settings in registries}
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._standings: dict[str, Standing] = {}
        self._saved: dict[str, RegistryState] = {}
        self._learnt: dict[str, RegistryState] = {}

    async def enter(self, registry: str, *, pull: bool, urgent: bool) -> Lane:
        """Wait for the turn of one request; whoever is let in leaves the lane when it is over.

        pull: the GET of a manifest. Raises RegistryParked.
        """
        standing = self._of(registry)
        self._refuse(registry, standing, pull=pull, urgent=urgent)
        await standing.lane.enter(urgent=urgent)
        try:
            self._refuse(registry, standing, pull=pull, urgent=urgent)
        except RegistryParked:
            standing.lane.withdraw()
            raise
        if standing.is_broken:
            standing.probe(self._clock())
        return standing.lane

    def heard(
        self, registry: str, *, status: int, headers: Mapping[str, str], pull: bool
    ) -> datetime | None:
        """Take note of an answer; if it parks the registry, or its pulls, until when."""
        standing = self._of(registry)
        budget = parse_budget(headers)
        knows_budget = budget is not None or standing.knows_budget
        if knows_budget and standing.note_budget(budget, self._clock()):
            _log.warning("pulls_run_low", registry=registry)
        if status in (429, 503):
            pause_s = parse_retry_after(headers.get("Retry-After"), now=self._clock())
            if status == 429 or pause_s is not None:
                standing.answered()
                return self._park(registry, standing, pause_s, pull=pull)
        if status < 500 or status == 501:
            standing.answered()
            standing.whole.strikes = 0
        if pull and status == 200:
            standing.pulled(self._clock())
        return None

    def failed(self, registry: str) -> None:
        """Take note that a request failed for good: no answer, or 5xx, after its last attempt."""
        standing = self._of(registry)
        if standing.failed(self._clock(), self._chance()):
            _log.info("registry_unwell", registry=registry, until=standing.whole.until)

    def capacity(self, registry: str, *, busy: int) -> int:
        """How many more looks may begin while busy are under way.

        0 while the registry is parked or its rate is used up, one while a probe is due.
        """
        standing = self._of(registry)
        if self.is_parked(registry):
            return 0
        room = standing.lane.room(busy=busy)
        return min(room, 1) if standing.is_broken else room

    def opens_at(self, registry: str, *, busy: int) -> datetime | None:
        """From when on capacity() is above 0, as far as is known; None: once a look has ended."""
        held_until = self.parked_until(registry)
        if held_until is not None:
            return held_until
        wait_s = self._of(registry).lane.opens_in_s(busy=busy)
        return None if wait_s is None else self._clock() + timedelta(seconds=wait_s)

    def parked_until(self, registry: str) -> datetime | None:
        """Until when nothing may be asked; None if something may."""
        return self._of(registry).held_until(self._clock())

    def is_parked(self, registry: str) -> bool:
        """Whether nothing may be asked now."""
        return self.parked_until(registry) is not None

    def is_probing(self, registry: str) -> bool:
        """Whether the request that runs is the breaker's only one: it is not to be repeated."""
        return self._of(registry).probe_until is not None

    def restore(self, states: Iterable[RegistryState]) -> None:
        """Go on where an earlier process stopped."""
        for state in states:
            self._of(state.registry).restore(state, self._clock())
            self._saved[state.registry] = state

    def learn(self, states: Iterable[RegistryState]) -> None:
        """Leave registries alone for as long as other processes were told to.

        What was learnt before says nothing new, even if this process knows better by now.
        """
        for state in states:
            if self._learnt.get(state.registry) == state:
                continue
            self._learnt[state.registry] = state
            standing = self._of(state.registry)
            is_saved = not self._is_unsaved(standing.state(state.registry))
            if standing.learn(state):
                _log.info("registry_parked_by_another", registry=state.registry)
            if is_saved:
                self._saved[state.registry] = standing.state(state.registry)

    def states(self) -> list[RegistryState]:
        """All that is known of every registry asked so far."""
        return [standing.state(registry) for registry, standing in self._standings.items()]

    def changes(self) -> list[RegistryState]:
        """The states that differ from what saved(), or restore(), was told last."""
        return [state for state in self.states() if self._is_unsaved(state)]

    def saved(self, states: Iterable[RegistryState]) -> None:
        """These are kept now."""
        self._saved |= {state.registry: state for state in states}

    def _is_unsaved(self, state: RegistryState) -> bool:
        return state != self._saved.get(state.registry, RegistryState(state.registry))

    def _of(self, registry: str) -> Standing:
        standing = self._standings.get(registry)
        if standing is None:
            settings = self._settings.get(registry, RegistrySettings(registry))
            rate = SLOWER.get(registry, RATE) if settings.rate is None else settings.rate
            lane = Lane(
                concurrency=settings.concurrency or CONCURRENCY,
                rate=rate,
                clock=self._clock,
                sleep=self._sleep,
            )
            standing = self._standings[registry] = Standing(lane)
        return standing

    def _refuse(self, registry: str, standing: Standing, *, pull: bool, urgent: bool) -> None:
        if standing.is_free and not pull:
            return
        now = self._clock()
        until, what = standing.held_until(now), "it is"
        if until is None and pull:
            until, what = standing.pulls_held_until(now, urgent=urgent), "its manifests are"
        if until is not None:
            sentence = f"not asked: {what} to be left alone until {until:%H:%M:%S} UTC"
            raise RegistryParked(registry, sentence, retry_at=until)

    def _park(
        self, registry: str, standing: Standing, pause_s: float | None, *, pull: bool
    ) -> datetime:
        apart = pull and registry in COUNTS_PULLS_APART
        until = (standing.pulls if apart else standing.whole).park(self._clock(), pause_s)
        _log.info("registry_parked", registry=registry, until=until, pulls_only=apart)
        return until
