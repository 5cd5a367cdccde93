"""docs/operating.md: what an operator looks for in logs and metrics is really there."""

import ast
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.app.roles import Role
from bot.core.model import Event, Observation, Status
from bot.ports import Backlog, Sending
from bot.web.figures import PrometheusFigures
from tests.support.documents import code_spans, document, rows, sections, syntax

SECTIONS = sections(document("docs/operating.md"))
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})
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
    figures.note_queues(Backlog(targets=1, deliveries=1, commands=1), {"ghcr.io": True})
    return {
        (
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            frozenset(family.samples[0].labels) - {"le"},
        )
        for family in text_string_to_metric_families(figures.exposition().decode())
        if family.name.startswith("archbell_") and not family.name.endswith("_created")
    }


def events_in_code() -> set[str]:
    """The names of all events that the program logs."""
    events = set()
    for node in syntax():
        match node:
            case ast.Call(
                func=ast.Attribute(attr=level), args=[ast.Constant(value=str() as event), *_]
            ) if level in LEVELS:
                events.add(event)
    return events


def test_the_metrics_are_those_that_are_counted() -> None:
    documented = {
        (row[0].strip("`"), row[1], frozenset(code_spans(row[2])))
        for row in rows(SECTIONS["Metrics"])
    }

    assert documented == exposed()


def test_the_events_are_those_that_are_logged() -> None:
    listed = {row[0].strip("`") for row in rows(SECTIONS["Logs"])}
    ordinary = set(code_spans(SECTIONS["Logs"].rpartition("These are ordinary")[2])) - {"-v"}

    assert len(listed) > 10
    assert ordinary
    assert listed | ordinary <= events_in_code()


def test_the_roles_are_those_of_the_program() -> None:
    listed = [row[0].strip("`") for row in rows(SECTIONS["Several processes"])]

    assert listed == [role.value for role in Role]
