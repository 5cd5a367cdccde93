"""Column types that mean the same on every database."""

from collections.abc import Callable
from datetime import UTC, datetime
from json import JSONDecoder
from typing import Any

from sqlalchemy import JSON, DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored and given in UTC; a naive one is refused with ValueError.

    SQLite has no moments and keeps no time zones: there it is text, of which Python's own reader
    and writer take care, in a form that sorts as time does.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the column in this database."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is handed to the driver."""
        if dialect.name == "sqlite":
            return moment_as_text(value)
        return value if value is None or value.tzinfo is UTC else _in_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware moment in UTC."""
        if dialect.name == "sqlite":
            return _from_text(value)
        return value if value is None or value.tzinfo is UTC else _in_utc(value)

    # Every look binds and reads a dozen moments, and SQLAlchemy's way to the methods above costs
    # more than what they do.

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """process_bind_param() for one database."""
        return moment_as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """process_result_value() for one database."""
        if dialect.name == "sqlite":
            return _from_text
        return super().result_processor(dialect, coltype)


def moment_as_text(moment: datetime | None) -> str | None:
    """A moment as SQLite has it."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        moment = _in_utc(moment)
    return moment.isoformat(" ", "microseconds")


def _from_text(stored: str | None) -> datetime | None:
    if stored is None:
        return None
    moment = datetime.fromisoformat(stored)
    return moment if moment.tzinfo is UTC else _in_utc(moment)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be stored")
    return moment.astimezone(UTC)


_decode = JSONDecoder().raw_decode


class Damage:
    """What stands in a row for a column that cannot be read."""


class Json(TypeDecorator[Any]):
    """JSON in which None is the database's NULL, so that IS NULL finds it.

    What is no JSON is read as a Damage: one bad row must not keep all others from being read.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """What reads the column in this database."""
        decode = super().result_processor(dialect, coltype)
        if decode is None:
            return None

        def read(stored: Any) -> Any:
            # What this program has written needs none of the detours of SQLAlchemy and of json.
            try:
                if type(stored) is str:
                    value, end = _decode(stored)
                    if end == len(stored):
                        return value
                return decode(stored)
            except (ValueError, RecursionError):
                return Damage()

        return read
