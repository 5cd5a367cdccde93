"""Repeats a transaction that met another one."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from bot.core.errors import StoreConflict

if TYPE_CHECKING:
    from bot.ports.store import Store, Transaction

TRIES = 3

Answer = TypeVar("Answer")


async def in_transaction(
    store: "Store", work: "Callable[[Transaction], Awaitable[Answer]]"
) -> Answer:
    """What the work gives, committed; up to TRIES times as long as it ends in a StoreConflict.

    The work does nothing outside its transaction, because it may be done again.
    """
    for _ in range(TRIES - 1):
        try:
            async with store.transaction() as transaction:
                return await work(transaction)
        except StoreConflict:
            continue
    async with store.transaction() as transaction:
        return await work(transaction)
