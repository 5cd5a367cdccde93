"""Figures as prometheus reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.core.errors import TroubleKind
from bot.core.model import Event, Observation, Status, Trouble
from bot.ports.figures import NO_FIGURES, Figures, Heard, Sending
from bot.ports.registry import RegistryState
from bot.ports.store import Backlog
from bot.web.figures import MAX_REGISTRIES, OTHER, PrometheusFigures

NOW = datetime(2026, 1, 2, tzinfo=UTC)
THERE = Observation(Status.PRESENT, NOW)


@pytest.fixture
def figures() -> PrometheusFigures:
    return PrometheusFigures(CollectorRegistry(), version="1.2.3")


def samples(figures: PrometheusFigures, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric, by those of their labels, whom it is about first."""
    families = text_string_to_metric_families(figures.exposition().decode())
    order = (
        *("registry", "service", "event", "verb", "version", "hook"),
        *("outcome", "status", "state", "le"),
    )
    return {
        tuple(sample.labels[label] for label in order if label in sample.labels): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_requests_are_counted_by_registry_and_class_of_status(figures: PrometheusFigures) -> None:
    for status in (200, 204, 404, 503, None):
        figures.answered("ghcr.io", status)

    assert samples(figures, "archbell_registry_requests_total") == {
        ("ghcr.io", "2xx"): 2,
        ("ghcr.io", "4xx"): 1,
        ("ghcr.io", "5xx"): 1,
        ("ghcr.io", "none"): 1,
    }


def test_looks_are_counted_by_what_they_learnt_and_timed(figures: PrometheusFigures) -> None:
    slow = Observation(Status.UNKNOWN, NOW, trouble=Trouble(TroubleKind.TIMED_OUT))

    figures.looked("ghcr.io", THERE, seconds=0.2)
    figures.looked("ghcr.io", slow, seconds=25)

    assert samples(figures, "archbell_looks_total") == {
        ("ghcr.io", "present"): 1,
        ("ghcr.io", "timed_out"): 1,
    }
    assert samples(figures, "archbell_look_duration_seconds_sum") == {("ghcr.io",): 25.2}
    assert samples(figures, "archbell_look_duration_seconds_bucket")["ghcr.io", "0.25"] == 1


def test_what_people_say_and_are_told_is_counted(figures: PrometheusFigures) -> None:
    figures.alerted(Event.APPEARED)
    figures.sending_ended("slack", Sending.UNCERTAIN)
    figures.sending_ended("slack", Sending.SENT)
    figures.told(Event.APPEARED, seconds=3)
    figures.commanded("watch")

    assert samples(figures, "archbell_alerts_total") == {("appeared",): 1}
    assert samples(figures, "archbell_deliveries_total") == {
        ("slack", "uncertain"): 1,
        ("slack", "sent"): 1,
    }
    assert samples(figures, "archbell_alert_delay_seconds_sum") == {("appeared",): 3}
    assert samples(figures, "archbell_commands_total") == {("watch",): 1}


def test_queues_are_what_was_noted_last(figures: PrometheusFigures) -> None:
    figures.note_queues(Backlog(9, 9, 9, NOW, NOW, {"dead": 5}), now=NOW + timedelta(hours=1))
    figures.note_queues(
        Backlog(1, 2, 3, NOW, NOW + timedelta(seconds=4), {"pending": 2, "uncertain": 1}),
        now=NOW + timedelta(seconds=5),
    )

    assert samples(figures, "archbell_targets_due") == {(): 1}
    assert samples(figures, "archbell_due_lag_seconds") == {(): 5}
    assert samples(figures, "archbell_deliveries_pending") == {(): 2}
    assert samples(figures, "archbell_deliveries_oldest_seconds") == {(): 1}
    assert samples(figures, "archbell_commands_pending") == {(): 3}
    assert samples(figures, "archbell_deliveries_state") == {
        ("pending",): 2,
        ("sending",): 0,
        ("uncertain",): 1,
        ("dead",): 0,
    }


def test_nothing_that_waits_has_no_age(figures: PrometheusFigures) -> None:
    figures.note_queues(Backlog(0, 0, 0), now=NOW)

    assert samples(figures, "archbell_due_lag_seconds") == {(): 0}
    assert samples(figures, "archbell_deliveries_oldest_seconds") == {(): 0}


def test_registries_are_as_they_were_noted_last(figures: PrometheusFigures) -> None:
    later = NOW + timedelta(seconds=1)
    figures.note_registries([RegistryState("quay.io", parked_until=later)], now=NOW)
    figures.note_registries(
        [
            RegistryState("ghcr.io", parked_until=later),
            RegistryState("gcr.io", parked_until=NOW),
            RegistryState("docker.io", limit=100, remaining=7),
        ],
        now=NOW,
    )

    assert samples(figures, "archbell_registry_parked") == {
        ("ghcr.io",): 1,
        ("gcr.io",): 0,
        ("docker.io",): 0,
    }
    assert samples(figures, "archbell_registry_rate_limit") == {("docker.io",): 100}
    assert samples(figures, "archbell_registry_rate_remaining") == {("docker.io",): 7}


def test_what_registries_post_is_counted_by_what_became_of_it(figures: PrometheusFigures) -> None:
    figures.heard("mine", Heard.HINTED)
    figures.heard("mine", Heard.HINTED)
    figures.heard("", Heard.FORGED)

    assert samples(figures, "archbell_hook_events_total") == {
        ("mine", "hinted"): 2,
        (OTHER, "forged"): 1,
    }


def test_strangers_cannot_make_labels_without_end(figures: PrometheusFigures) -> None:
    for number in range(MAX_REGISTRIES + 100):
        figures.answered(f"{number}.example.com", 200)
        figures.looked(f"{number}.example.com", THERE, seconds=1)

    by_host = samples(figures, "archbell_registry_requests_total")
    assert len(by_host) == MAX_REGISTRIES + 1
    assert by_host[OTHER, "2xx"] == 100


def test_a_configured_registry_keeps_its_label_however_many_strangers_come() -> None:
    hosts = [f"{number}.mine.example.com" for number in range(MAX_REGISTRIES + 5)]
    figures = PrometheusFigures(CollectorRegistry(), hosts=hosts, version="1")

    figures.answered("stranger.example.com", 200)
    for host in hosts:
        figures.answered(host, 200)

    names = {name for name, _ in samples(figures, "archbell_registry_requests_total")}
    assert names == {OTHER, *hosts}


def test_two_sets_of_figures_do_not_know_of_each_other(figures: PrometheusFigures) -> None:
    other = PrometheusFigures(CollectorRegistry(), version="1")

    figures.commanded("watch")

    assert not samples(other, "archbell_commands_total")
    assert samples(figures, "archbell_build_info") == {("1.2.3",): 1}


def test_figures_can_be_switched_off(figures: PrometheusFigures) -> None:
    none: Figures = NO_FIGURES
    both: list[Figures] = [none, figures]

    for each in both:
        each.answered("ghcr.io", 200)
        each.looked("ghcr.io", THERE, seconds=1)
        each.alerted(Event.GONE)
        each.sending_ended("slack", Sending.SENT)
        each.told(Event.GONE, seconds=1)
        each.commanded("list")
        each.heard("mine", Heard.IGNORED)

    assert samples(figures, "archbell_commands_total") == {("list",): 1}
