"""The one place that knows what each database calls that for which SQL has no common words."""

from functools import cache
from typing import Any

from sqlalchemy import Insert, Table, case, or_
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
def insert_or_replace(table: Table, dialect: str, *latest: str) -> Insert:
    """Insert rows, or give the rows of the same primary key all the new values.

    latest: names of columns of which the greater value stays; NULL is less than everything.
    """
    statement = _words(dialect).insert(table)
    keys = [column.name for column in table.primary_key]
    values = {name: column for name, column in statement.excluded.items() if name not in keys}
    for name in latest:
        old, new = table.c[name], statement.excluded[name]
        values[name] = case((or_(new.is_(None), old > new), old), else_=new)
    replaced: Insert = statement.on_conflict_do_update(index_elements=keys, set_=values)
    return replaced


def _words(dialect: str) -> Any:
    return postgresql if dialect == "postgresql" else sqlite
