"""One transaction's connection."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.store import News
from bot.store.translation import bindable, translated

NewToken = Callable[[], str]
"""Gives a short text that is never given twice, for leases and deliveries."""


class Session:
    """Executes statements within one transaction; raises only StoreErrors.

    After an error the transaction can only be rolled back. news collects what others will want to
    know once it is committed.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        database: str,
        new_token: NewToken,
        read_only: bool = False,
    ) -> None:
        self._connection = connection
        self._database = database
        self.new_token = new_token
        self.read_only = read_only
        self.dialect = connection.dialect.name
        self.news: set[News] = set()

    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Run one statement, once for each of the parameters; a result has all its rows already."""
        with translated(self._database), bindable(self._database):
            return await self._connection.execute(statement, parameters)

    async def execute_each(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]]
    ) -> None:
        """Run one statement once for each of the parameters, which may be none."""
        if parameters:
            await self.execute(statement, parameters)
