"""The one place that knows what each database calls that for which SQL has no common words."""

from functools import cache
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


@cache
def insert_or_ignore(table: Table, dialect: str, *returning: str) -> Insert:
    """Insert rows, leaving out those that are there already by any unique key.

    returning: names of columns, given for the rows that were inserted.
    """
    statement: Any = _words(dialect).insert(table).on_conflict_do_nothing()
    if returning:
        statement = statement.returning(*(table.c[name] for name in returning))
    inserted: Insert = statement
    return inserted


@cache
def insert_or_replace(table: Table, dialect: str) -> Insert:
    """Insert rows, or give the rows of the same primary key all the new values."""
    statement = _words(dialect).insert(table)
    keys = [column.name for column in table.primary_key]
    replaced: Insert = statement.on_conflict_do_update(
        index_elements=keys,
        set_={name: column for name, column in statement.excluded.items() if name not in keys},
    )
    return replaced


def _words(dialect: str) -> Any:
    return postgresql if dialect == "postgresql" else sqlite
