"""Every statement can be said to every database."""

import importlib
import pkgutil
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable

import bot.store
from bot.store.dialect import insert_or_ignore, insert_or_replace
from bot.store.schema import metadata

_WORDS: Any = {"sqlite": sqlite, "postgresql": postgresql}
SQLITE: Dialect = _WORDS["sqlite"].dialect()
POSTGRESQL: Dialect = _WORDS["postgresql"].dialect()


def statements() -> dict[str, ClauseElement]:
    found: dict[str, ClauseElement] = {}
    for module in pkgutil.iter_modules(bot.store.__path__, "bot.store."):
        if module.ispkg:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Executable) and isinstance(value, ClauseElement):
                found[f"{module.name}.{name}"] = value
    return found


STATEMENTS = statements()


def test_the_statements_are_found() -> None:
    assert len(STATEMENTS) > 40


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_understood_by_both_databases(name: str) -> None:
    for dialect in (SQLITE, POSTGRESQL):
        assert str(STATEMENTS[name].compile(dialect=dialect))


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: str(table.name))
def test_a_table_can_be_made_in_postgresql(table: object) -> None:
    made = str(CreateTable(table).compile(dialect=POSTGRESQL))  # type: ignore[arg-type]

    assert "DATETIME" not in made


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_conflict_is_worded_for_the_database_that_is_asked(dialect: str) -> None:
    compiler = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[dialect]
    registries = metadata.tables["registries"]

    ignoring = str(insert_or_ignore(registries, dialect, "registry").compile(dialect=compiler))
    replacing = str(insert_or_replace(registries, dialect).compile(dialect=compiler))

    assert "ON CONFLICT DO NOTHING RETURNING" in ignoring
    assert "ON CONFLICT (registry) DO UPDATE SET parked_until = excluded.parked_until" in replacing


def test_locked_rows_are_skipped_where_the_database_can() -> None:
    claims = [name for name in STATEMENTS if name.endswith(("._DUE", "._CLAIMABLE"))]

    for name in claims:
        assert "FOR NO KEY UPDATE SKIP LOCKED" in str(STATEMENTS[name].compile(dialect=POSTGRESQL))
        assert "UPDATE SKIP" not in str(STATEMENTS[name].compile(dialect=SQLITE))
    assert len(claims) == 3
