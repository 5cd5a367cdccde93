"""Logging: one line for each action, for people on a terminal, as JSON for everything else."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

LEVELS: Mapping[int, int] = {0: logging.WARNING, 1: logging.INFO}
"""What is told for how many -v; from two on everything is."""


def log_to_stderr(*, verbose: int, quiet: bool = False, stream: TextIO | None = None) -> None:
    """Send the log to standard error: warnings, or more with each -v; quiet: errors alone.

    What libraries and Python itself have to say comes out in the same form, but never below a
    warning: the finer levels of HTTP and chat libraries show URLs and headers, which hold tokens.
    """
    stream = stream or sys.stderr
    level = logging.ERROR if quiet else LEVELS.get(verbose, logging.DEBUG)
    renderer = _renderer(stream)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *_COMMON,
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        # Making a logger anew for each line would cost every look some microseconds.
        cache_logger_on_first_use=True,
    )
    _route_libraries(stream, renderer)


_COMMON: tuple[Processor, ...] = (structlog.processors.TimeStamper(fmt="iso", utc=True),)


def _renderer(stream: TextIO) -> tuple[Processor, ...]:
    if stream.isatty():
        # The usual renderer of exceptions shows the local variables of each frame.
        plain = structlog.dev.plain_traceback
        return (structlog.dev.ConsoleRenderer(exception_formatter=plain),)
    return (
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    )


def _route_libraries(stream: TextIO, renderer: tuple[Processor, ...]) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, *_COMMON, _as_library],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each.formatter, type(formatter))]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _as_library(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A constant event name; what the library says is a field, as is the library."""
    record: logging.LogRecord = event["_record"]
    return {**event, "event": "library_said", "library": record.name, "message": event["event"]}
