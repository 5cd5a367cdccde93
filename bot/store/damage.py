"""Rows that make no sense, because somebody else or a failing disk wrote them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Row

from bot.log import Log

Value = TypeVar("Value")

log = Log(__name__)


def readable(
    rows: Iterable[Row[Any]], read: Callable[[Row[Any]], Value], *, table: str
) -> Iterator[Value]:
    """What rows say; one that makes no sense is logged and left out, so that it stops no other."""
    for row in rows:
        try:
            value = read(row)
        except Exception:
            # Whatever is wrong with it: all others must still be looked at, told and ended.
            log.exception("row_not_readable", table=table, id=row.id)
            continue
        yield value
