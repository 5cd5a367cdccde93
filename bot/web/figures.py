"""Prometheus metrics: counted while the bot works, written out when somebody asks."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

from bot.core.model import Event, Observation, Status
from bot.ports.figures import Heard, Sending
from bot.ports.registry import RegistryState
from bot.ports.store import Backlog

MAX_REGISTRIES = 30
"""Hosts come from strangers: those beyond, in order of appearance, are counted as OTHER."""
OTHER = "other"
MESSAGE_STATES = ("pending", "sending", "uncertain", "dead")
"""Those of a message that has not arrived."""
LOOK_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
TOLD_BUCKETS_S = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 6 * 3600)


class PrometheusFigures:
    """bot.ports.Figures over a registry of metrics that it is given.

    hosts: registries that have a label of their own whatever else is asked for.
    """

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(
        self, metrics: CollectorRegistry, *, hosts: Iterable[str] = (), version: str
    ) -> None:
        self._metrics = metrics
        self._hosts = {host: host for host in hosts}
        self._most = max(MAX_REGISTRIES, len(self._hosts))
        ProcessCollector(registry=metrics)
        Info("archbell_build", "The running version.", registry=metrics).info({"version": version})
        self._requests = Counter(
            "archbell_registry_requests",
            "Requests to registries, by class of status (none: no answer).",
            ["registry", "status"],
            registry=metrics,
        )
        self._looks = Counter(
            "archbell_looks",
            "Looks at targets, by what they learnt.",
            ["registry", "outcome"],
            registry=metrics,
        )
        self._look_s = Histogram(
            "archbell_look_duration_seconds",
            "How long looks take, waiting for the registry's turn included.",
            ["registry"],
            buckets=LOOK_BUCKETS_S,
            registry=metrics,
        )
        self._answers: dict[tuple[str, int | None], int] = {}
        self._outcomes: dict[tuple[str, str], int] = {}
        self._durations: dict[str, Histogram] = {}
        self._messages = _Messages(metrics)
        self._queues = _Queues(metrics)
        self._standings = _Standings(metrics)

    # Every look goes through these two, so they leave to the exposition whatever can wait for it.

    def answered(self, registry: str, status: int | None) -> None:
        """A request had this HTTP status; None: no answer at all."""
        key = (self._name(registry), status)
        self._answers[key] = self._answers.get(key, 0) + 1

    def looked(self, registry: str, observation: Observation, *, seconds: float) -> None:
        """A look took so long."""
        name = self._name(registry)
        key = (name, _outcome_of(observation))
        self._outcomes[key] = self._outcomes.get(key, 0) + 1
        duration = self._durations.get(name)
        if duration is None:
            duration = self._durations[name] = self._look_s.labels(name)
        duration.observe(seconds)

    def alerted(self, event: Event) -> None:
        """An alert is owed."""
        self._messages.alerts.labels(event.value).inc()

    def sending_ended(self, service: str, how: Sending) -> None:
        """An attempt to hand a delivery over is over."""
        self._messages.deliveries.labels(service, how.value).inc()

    def told(self, event: Event, *, seconds: float) -> None:
        """An alert has arrived."""
        self._messages.told_s.labels(event.value).observe(seconds)

    def commanded(self, verb: str) -> None:
        """A command was taken up."""
        self._messages.commands.labels(verb).inc()

    def heard(self, hook: str, how: Heard) -> None:
        """Something was posted to an address for registries."""
        self._messages.heard.labels(hook or OTHER, how.value).inc()

    def note_queues(self, backlog: Backlog, *, now: datetime) -> None:
        """How much waits now."""
        self._queues.note(backlog, now)

    def note_registries(self, states: Iterable[RegistryState], *, now: datetime) -> None:
        """How registries want to be treated now; those that share a label are added up."""
        self._standings.clear()
        for state in states:
            self._standings.add(self._name(state.registry), state, now)

    def exposition(self) -> bytes:
        """All metrics in prometheus' text format."""
        for (name, status), count in self._answers.items():
            self._requests.labels(name, _class_of(status)).inc(count)
        for (name, outcome), count in self._outcomes.items():
            self._looks.labels(name, outcome).inc(count)
        self._answers.clear()
        self._outcomes.clear()
        return generate_latest(self._metrics)

    def _name(self, registry: str) -> str:
        name = self._hosts.get(registry)
        if name is None:
            if len(self._hosts) >= self._most:
                return OTHER
            name = self._hosts[registry] = registry
        return name


def _class_of(status: int | None) -> str:
    return "none" if status is None else f"{status // 100}xx"


def _outcome_of(observation: Observation) -> str:
    if observation.status is Status.PRESENT:
        return "present"
    trouble = observation.trouble
    return observation.status.value if trouble is None else trouble.kind.value


class _Messages:
    """What is said to people, and by them."""

    def __init__(self, metrics: CollectorRegistry) -> None:
        self.alerts = Counter(
            "archbell_alerts", "Alerts owed to places.", ["event"], registry=metrics
        )
        self.deliveries = Counter(
            "archbell_deliveries",
            "Attempts to hand messages to chat services, by how they ended.",
            ["service", "outcome"],
            registry=metrics,
        )
        self.told_s = Histogram(
            "archbell_alert_delay_seconds",
            "From the look that found something to the arrival of its alert.",
            ["event"],
            buckets=TOLD_BUCKETS_S,
            registry=metrics,
        )
        self.commands = Counter(
            "archbell_commands", "Commands taken up, by verb.", ["verb"], registry=metrics
        )
        self.heard = Counter(
            "archbell_hook_events",
            "Events of registries, by what became of them.",
            ["hook", "outcome"],
            registry=metrics,
        )


class _Queues:
    """What waits, as far as was noted last."""

    def __init__(self, metrics: CollectorRegistry) -> None:
        self._targets = Gauge("archbell_targets_due", "Targets due for a look.", registry=metrics)
        self._lag_s = Gauge(
            "archbell_due_lag_seconds",
            "Since when the target that has waited longest is due for a look.",
            registry=metrics,
        )
        self._deliveries = Gauge(
            "archbell_deliveries_pending", "Messages and alerts to go out.", registry=metrics
        )
        self._age_s = Gauge(
            "archbell_deliveries_oldest_seconds",
            "How old the oldest message or alert is that is to go out.",
            registry=metrics,
        )
        self._states = Gauge(
            "archbell_deliveries_state",
            "Messages that have not arrived, by their state.",
            ["state"],
            registry=metrics,
        )
        self._commands = Gauge(
            "archbell_commands_pending", "Commands received, not yet done.", registry=metrics
        )

    def note(self, backlog: Backlog, now: datetime) -> None:
        self._targets.set(backlog.targets)
        self._lag_s.set(_seconds_since(backlog.oldest_due_at, now))
        self._deliveries.set(backlog.deliveries)
        self._age_s.set(_seconds_since(backlog.oldest_owed_at, now))
        self._commands.set(backlog.commands)
        for state in MESSAGE_STATES:
            self._states.labels(state).set(backlog.states.get(state, 0))


class _Standings:
    """How registries want to be treated, as far as was noted last."""

    def __init__(self, metrics: CollectorRegistry) -> None:
        self._parked, self._limit, self._remaining = (
            Gauge(f"archbell_registry_{name}", what, ["registry"], registry=metrics)
            for name, what in (
                ("parked", "Registries that are left alone for a while."),
                ("rate_limit", "Pulls that a registry says it allows in its window."),
                ("rate_remaining", "Pulls that a registry says are left in its window."),
            )
        )

    def clear(self) -> None:
        for gauge in (self._parked, self._limit, self._remaining):
            gauge.clear()

    def add(self, name: str, state: RegistryState, now: datetime) -> None:
        is_parked = state.parked_until is not None and state.parked_until > now
        self._parked.labels(name).inc(int(is_parked))
        for gauge, number in ((self._limit, state.limit), (self._remaining, state.remaining)):
            if number is not None:
                gauge.labels(name).inc(number)


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0) if moment is not None else 0
