"""docs/operating.md: what an operator looks for in logs is really there."""

import ast

from bot.app.roles import Role
from tests.support.documents import code_spans, document, rows, sections, syntax

SECTIONS = sections(document("docs/operating.md"))
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})


def events_in_code(levels: frozenset[str] = LEVELS) -> set[str]:
    """The names of all events that the program logs at these levels."""
    events = set()
    for node in syntax():
        match node:
            case ast.Call(
                func=ast.Attribute(attr=level), args=[ast.Constant(value=str() as event), *_]
            ) if level in levels:
                events.add(event)
    return events


def listed() -> set[str]:
    return {name for row in rows(SECTIONS["Logs"]) for name in code_spans(row[0])}


def ordinary() -> set[str]:
    return set(code_spans(SECTIONS["Logs"].rpartition("These are ordinary")[2])) - {"-v"}


def test_every_event_that_wants_a_person_is_explained_and_no_other() -> None:
    assert listed() == events_in_code(frozenset({"warning", "error", "exception"}))


def test_every_ordinary_event_is_named_and_no_other() -> None:
    assert ordinary() == events_in_code(frozenset({"info"})) - listed()


def test_the_roles_are_those_of_the_program() -> None:
    listed = [row[0].strip("`") for row in rows(SECTIONS["Several processes"])]

    assert listed == [role.value for role in Role]
