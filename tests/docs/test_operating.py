"""docs/operating.md: what an operator looks for in logs is really there."""

import ast

from bot.app.roles import Role
from tests.support.documents import code_spans, document, rows, sections, syntax

SECTIONS = sections(document("docs/operating.md"))
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})


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


def test_the_events_are_those_that_are_logged() -> None:
    listed = {row[0].strip("`") for row in rows(SECTIONS["Logs"])}
    ordinary = set(code_spans(SECTIONS["Logs"].rpartition("These are ordinary")[2])) - {"-v"}

    assert len(listed) > 10
    assert ordinary
    assert listed | ordinary <= events_in_code()


def test_the_roles_are_those_of_the_program() -> None:
    listed = [row[0].strip("`") for row in rows(SECTIONS["Several processes"])]

    assert listed == [role.value for role in Role]
