"""Many keys as one parameter: the rows are found by an index, however many others there are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from bot.store import claiming, recording
from bot.store.database import open_store

STATEMENTS = {
    "what is leased": claiming._LEASE,
    "what is wanted": claiming._WANTS,
    "what was leased": recording._HELD,
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
async def test_no_table_is_read_as_a_whole(statement: ClauseElement, tmp_path: Path) -> None:
    path = tmp_path / "archbell.db"
    async with open_store(f"sqlite:///{path}"):
        pass
    compiled = statement.compile(dialect=sqlite.dialect())
    assert isinstance(compiled, SQLCompiler)
    names = compiled.positiontup or []

    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(f"EXPLAIN QUERY PLAN {compiled}", ["[1]" for _ in names])
        steps = [step for *_, step in rows]

    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []
