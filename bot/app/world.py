"""The process around the program: time, chance, event loop, logging."""

import asyncio
import logging
import random
import secrets
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import structlog

from bot.ports import Chance, Clock, Sleep

log = structlog.get_logger(__name__)
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


def execute(main: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
    """Run a coroutine function in a fresh event loop, on uvloop where there is one."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    try:
        import uvloop
    except ImportError:
        log.debug("uvloop_absent")
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def log_to_stderr(*, verbose: int) -> None:
    """Set logging up for a process that talks to a person: warnings, or more with each -v."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not sys.stderr.isatty():
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
