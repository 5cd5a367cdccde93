"""How SQLite would find what a statement asks for."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from bot.store.database import open_store

Value = Callable[[str], Any]


async def steps_of(statement: ClauseElement, folder: Path, *, value: Value) -> list[str]:
    """The steps of its plan, over a new database; value gives one for each parameter."""
    path = folder / "archbell.db"
    async with open_store(f"sqlite:///{path}"):
        pass
    compiled = statement.compile(dialect=sqlite.dialect())
    assert isinstance(compiled, SQLCompiler)
    values = [value(name) for name in compiled.positiontup or []]
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(f"EXPLAIN QUERY PLAN {compiled}", values)
        return [step for *_, step in rows]
