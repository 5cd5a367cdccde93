from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from bot.store.columns import UtcDateTime

_WORDS: Any = {"sqlite": sqlite, "postgresql": postgresql}
SQLITE: Dialect = _WORDS["sqlite"].dialect()
POSTGRESQL: Dialect = _WORDS["postgresql"].dialect()
NOON = datetime(2025, 4, 23, 12, 0, 0, 5, tzinfo=UTC)
NOON_IN_BERLIN = NOON.astimezone(timezone(timedelta(hours=2)))

BOTH = pytest.mark.parametrize(
    "dialect", [pytest.param(SQLITE, id="sqlite"), pytest.param(POSTGRESQL, id="postgresql")]
)


@BOTH
def test_a_moment_comes_back_in_utc(dialect: Dialect) -> None:
    column = UtcDateTime()

    stored = column.process_bind_param(NOON_IN_BERLIN, dialect)

    assert column.process_result_value(stored, dialect) == NOON
    assert column.process_result_value(stored, dialect).tzinfo is UTC  # type: ignore[union-attr]


@BOTH
def test_no_moment_stays_none(dialect: Dialect) -> None:
    column = UtcDateTime()

    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None


@BOTH
def test_a_moment_without_a_time_zone_is_refused(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), dialect)


def test_what_sqlite_stores_sorts_as_time_does() -> None:
    moments = [NOON, NOON_IN_BERLIN + timedelta(microseconds=1), NOON.replace(microsecond=0)]

    stored = [UtcDateTime().process_bind_param(moment, SQLITE) for moment in moments]

    assert sorted(stored) == [stored[2], stored[0], stored[1]]


def test_another_zone_of_the_database_does_not_matter() -> None:
    given = UtcDateTime().process_result_value(NOON_IN_BERLIN, POSTGRESQL)

    assert given == NOON
