"""The bot as a process that kills itself with SIGKILL at a chosen point.

Run as `python -m tests.support.killable CONFIG POINT`. POINT is `TABLE.METHOD:WHEN`; WHEN is before
or after (the call), uncommitted or committed (its transaction). Or `print:before`, `print:after`.
What records looks and settles deliveries counts only when it is about an alert.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bot.app.running import assembled
from bot.app.signals import signals
from bot.app.world import World
from bot.config import load_settings
from bot.ports.store import News, Store, Transaction
from tests.support.bot_process import NOTHING_OUTSIDE


class Fuse:
    """Burns once, at one point."""

    def __init__(self, point: str) -> None:
        self._point = point

    def pass_by(self, point: str) -> None:
        if point == self._point:
            print(f"killed at {point}", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)


def _is_about_an_alert(point: str, arguments: tuple[Any, ...], answer: Any) -> bool:
    """Whether a call counts; answer is None before the call."""
    if point == "targets.record":
        return any(result.decision.alerts for result in arguments[0])
    if point == "outbox.sent":
        return bool(arguments[0].alerts)
    if point == "outbox.claim":
        return any(delivery.alerts for delivery in answer or ())
    return bool(answer != [])


class _Table:
    def __init__(self, name: str, table: Any, fuse: Fuse, done: list[str]) -> None:
        self._name, self._table, self._fuse, self._done = name, table, fuse, done

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = getattr(self._table, method)

        async def watched(*arguments: Any, **named: Any) -> Any:
            point = f"{self._name}.{method}"
            if _is_about_an_alert(point, arguments, None):
                self._fuse.pass_by(f"{point}:before")
            answer = await call(*arguments, **named)
            if _is_about_an_alert(point, arguments, answer):
                self._fuse.pass_by(f"{point}:after")
                self._done.append(point)
            return answer

        return watched


class _Transaction:
    def __init__(self, inner: Transaction, fuse: Fuse, done: list[str]) -> None:
        self._inner, self._fuse, self._done = inner, fuse, done

    @property
    def news(self) -> frozenset[News]:
        return self._inner.news

    def __getattr__(self, table: str) -> _Table:
        return _Table(table, getattr(self._inner, table), self._fuse, self._done)


class KillingStore:
    """A store whose calls pass the fuse."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        return self._store.reading()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        done: list[str] = []
        async with self._store.transaction() as inner:
            yield cast("Transaction", _Transaction(inner, self._fuse, done))
            for point in done:
                self._fuse.pass_by(f"{point}:uncommitted")
        for point in done:
            self._fuse.pass_by(f"{point}:committed")


class KillingOutput:
    """Standard output that passes the fuse around each message that is a ✅ alert."""

    def __init__(self, fuse: Fuse) -> None:
        self._stream, self._fuse = sys.stdout, fuse

    def write(self, text: str) -> int:
        if "✅" not in text:
            return self._stream.write(text)
        self._fuse.pass_by("print:before")
        written = self._stream.write(text)
        self._stream.flush()
        self._fuse.pass_by("print:after")
        return written

    def flush(self) -> None:
        self._stream.flush()


async def run(config: Path, fuse: Fuse) -> None:
    async with assembled(load_settings(config, NOTHING_OUTSIDE), World()) as bot:
        bot.store = KillingStore(bot.store, fuse)
        with signals(bot):
            await bot.run()


if __name__ == "__main__":
    fuse = Fuse(sys.argv[2])
    sys.stdout = cast("Any", KillingOutput(fuse))
    asyncio.run(run(Path(sys.argv[1]), fuse))
