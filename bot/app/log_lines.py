"""Log lines: one for each action, for people on a terminal, as JSON for everything else."""

import logging
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

_COMMON: tuple[Processor, ...] = (structlog.processors.TimeStamper(fmt="iso", utc=True),)


def write_lines(stream: TextIO, level: int) -> None:
    """Have our own lines from this level on written to the stream."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *_COMMON,
            *_renderer(stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        # Making a logger anew for each line would cost every look some microseconds.
        cache_logger_on_first_use=True,
    )


def form_of_libraries(stream: TextIO) -> logging.Formatter:
    """What gives a library's record the form of our lines on that stream."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, *_COMMON, _as_library],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_renderer(stream),
        ],
    )


def _renderer(stream: TextIO) -> tuple[Processor, ...]:
    if stream.isatty():
        # The usual renderer of exceptions shows the local variables of each frame.
        plain = structlog.dev.plain_traceback
        return (structlog.dev.ConsoleRenderer(exception_formatter=plain),)
    return (
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    )


def _as_library(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A constant event name; what the library says is a field, as is the library."""
    record: logging.LogRecord = event["_record"]
    return {**event, "event": "library_said", "library": record.name, "message": event["event"]}
