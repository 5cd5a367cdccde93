"""Many rows and many keys as one parameter of a statement.

SQLAlchemy makes a parameter for each, anew at every execution, and a row of a statement for many is
a trip into SQLite and back: at each look that costs as much as everything else that is recorded.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Integer,
    Subquery,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

from bot.store.compact import compact_json


class _Ids(TypeDecorator[Any]):
    """A list of whole numbers: PostgreSQL's array, SQLite's JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the parameter in this database."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Integer()))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What is handed to the driver."""
        return compact_json if dialect.name == "sqlite" else None


class _Among(FunctionElement[bool]):
    """Whether a column is one of the numbers in a parameter."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002 - its base has it
        """As it is: SQLAlchemy would add `= 1` for SQLite, which then reads the whole table."""
        return self


@compiles(_Among)
def _any(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY({ids})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - both are SQL already


def among(column: ColumnElement[int], parameter: str) -> ColumnElement[bool]:
    """Whether the column is one of the whole numbers in the list that the parameter holds."""
    return _Among(column, bindparam(parameter, type_=_Ids()))


def rows_of_json(parameter: str, columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
    """A table whose rows are the arrays in the JSON array that the parameter holds; SQLite's."""
    value = func.json_each(bindparam(parameter, type_=Text())).table_valued("value").c.value
    return select(
        *(
            func.json_extract(value, f"$[{place}]", type_=kind).label(name)
            for place, (name, kind) in enumerate(columns.items())
        )
    ).subquery(parameter)
