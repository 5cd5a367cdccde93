"""A store over another one, some of whose calls fail because a test says so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from bot.ports.store import Store, Transaction

WITHIN_S = 30.0
Condition = Callable[..., bool]


def _always(*_: Any, **__: Any) -> bool:
    return True


@dataclass(slots=True)
class _Trouble:
    error: Exception
    times: int
    when: Condition


class TroubledStore:
    """calls lists what was called, as "targets.record", in order and with the failed ones.

    Once its transaction is committed, "targets.record:committed" follows.
    """

    def __init__(self, store: Store) -> None:
        self.calls: list[str] = []
        self._store = store
        self._troubles: dict[str, _Trouble] = {}
        self._called = asyncio.Event()

    def will_fail(
        self, call: str, error: Exception, *, times: int = 1_000_000, when: Condition = _always
    ) -> None:
        """Let the next calls raise, those whose arguments fulfil the condition."""
        self._troubles[call] = _Trouble(error, times, when)

    async def wait_for(self, call: str, *, count: int = 1) -> None:
        """Return when that was called so often."""
        async with asyncio.timeout(WITHIN_S):
            while self.calls.count(call) < count:
                self._called.clear()
                await self._called.wait()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        own: list[str] = []
        async with self._store.transaction() as inner:
            yield cast("Transaction", _Troubled(inner, self, own))
        for call in own:
            self._note(f"{call}:committed")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        async with self._store.reading() as inner:
            yield cast("Transaction", _Troubled(inner, self, []))

    def meet(self, call: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Note a call and raise what is planned for it."""
        self._note(call)
        trouble = self._troubles.get(call)
        if trouble is None or not trouble.times or not trouble.when(*arguments, **named):
            return
        trouble.times -= 1
        raise trouble.error

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self._called.set()


class _Troubled:
    """A transaction, or with a name one of its tables; own lists the calls that went well."""

    def __init__(self, inner: Any, store: TroubledStore, own: list[str], name: str = "") -> None:
        self._inner, self._store, self._own, self._name = inner, store, own, name

    def __getattr__(self, attribute: str) -> Any:
        inner = getattr(self._inner, attribute)
        if attribute == "news":
            return inner
        if not self._name:
            return _Troubled(inner, self._store, self._own, attribute)

        async def call(*arguments: Any, **named: Any) -> Any:
            name = f"{self._name}.{attribute}"
            self._store.meet(name, arguments, named)
            answer = await inner(*arguments, **named)
            self._own.append(name)
            return answer

        return call
