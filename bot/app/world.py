"""The process around the program: time, chance, event loop."""

import asyncio
import gc
import random
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from bot.log import Log
from bot.ports.surroundings import Chance, Clock, Sleep

log = Log(__name__)
Answer = TypeVar("Answer")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class World:
    """Time, sleep, chance and fresh names; tests give their own."""

    clock: Clock = _utc_now
    sleep: Sleep = asyncio.sleep
    chance: Chance = random.random
    new_id: Callable[[], str] = _new_id


def program_version() -> str:
    """The installed version, or that of the checkout."""
    try:
        return version("archbell")
    except PackageNotFoundError:
        return "0.0.0"


def execute(main: Callable[[], Coroutine[Any, Any, Answer]], *, for_long: bool = False) -> Answer:
    """Run a coroutine function in a fresh event loop; for_long: on uvloop where there is one."""
    factory = _fast_loop() if for_long else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        log.debug("uvloop_absent")
        return None
    return uvloop.new_event_loop


def spare_the_collector() -> None:
    """Have the garbage collector leave alone what a long-running program has loaded by now.

    A look makes thousands of small values that live for a moment; at Python's own settings the
    search for cycles among them, and through all modules, took a sixth of the time of all looks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
