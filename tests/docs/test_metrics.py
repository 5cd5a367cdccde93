"""docs/metrics.md: every metric and every word of a label is really there."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.core.model import Event, Observation, Status
from bot.ports.figures import Heard, Sending
from bot.ports.registry import RegistryState
from bot.ports.store import Backlog
from bot.web.figures import MESSAGE_STATES, OTHER, PrometheusFigures
from tests.support.documents import code_spans, document, rows, sections

SECTIONS = sections(document("docs/metrics.md"))
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def exposed() -> set[tuple[str, str, frozenset[str]]]:
    """Name, type and labels of each metric of ours, after one of everything has happened."""
    figures = PrometheusFigures(CollectorRegistry(), version="1.2.3")
    figures.answered("ghcr.io", 200)
    figures.looked("ghcr.io", Observation(Status.PRESENT, NOW), seconds=1)
    figures.alerted(Event.APPEARED)
    figures.sending_ended("slack", Sending.SENT)
    figures.told(Event.APPEARED, seconds=1)
    figures.commanded("watch")
    figures.heard("mine", Heard.HINTED)
    figures.note_queues(Backlog(targets=1, deliveries=1, commands=1), now=NOW)
    figures.note_registries([RegistryState("ghcr.io", limit=1, remaining=1)], now=NOW)
    return {
        (
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            frozenset(family.samples[0].labels) - {"le"},
        )
        for family in text_string_to_metric_families(figures.exposition().decode())
        if family.name.startswith("archbell_") and not family.name.endswith("_created")
    }


def test_the_metrics_are_those_that_are_counted() -> None:
    documented = {
        (row[0].strip("`"), row[1], frozenset(code_spans(row[2])))
        for row in rows(SECTIONS["What is counted"])
    }

    assert documented == exposed()


def test_expressions_name_metrics_that_are_counted() -> None:
    named = {span.replace("increase(", "").split("{")[0].split(" ")[0] for span in _expressions()}

    assert len(named) == 5
    assert named <= {name for name, _, _ in exposed()}


def _expressions() -> list[str]:
    return [code_spans(row[0])[0] for row in rows(SECTIONS["What to watch for"])]


def test_every_outcome_and_state_is_explained() -> None:
    spans = set(code_spans(SECTIONS["Labels"]))

    for words in (Heard, Sending, Status):
        assert {word.value for word in words} - {"unknown"} <= spans
    assert {*MESSAGE_STATES, OTHER} <= spans
