"""Several questions at the same time, of which a failed one fails all."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(asked: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The answers in the order of the questions. Raises what the first failed one raised."""
    try:
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(each) for each in asked]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [each.result() for each in asking]
