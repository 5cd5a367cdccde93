"""Logging: where the log goes, and how much of it."""

import logging
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import TextIO

from bot.log import before_the_first_line

LEVELS: Mapping[int, int] = {0: logging.WARNING, 1: logging.INFO}
"""What is told for how many -v; from two on everything is."""


def log_to_stderr(*, verbose: int, quiet: bool = False, stream: TextIO | None = None) -> None:
    """Send the log to standard error: warnings, or more with each -v; quiet: errors alone.

    What libraries and Python itself have to say comes out in the same form, but never below a
    warning: the finer levels of HTTP and chat libraries show URLs and headers, which hold tokens.
    """
    out = stream or sys.stderr
    level = logging.ERROR if quiet else LEVELS.get(verbose, logging.DEBUG)

    def configure() -> None:
        from bot.app.log_lines import write_lines

        write_lines(out, level)

    before_the_first_line(configure)
    _route_libraries(out)


class _AsOurLines(logging.Formatter):
    """The form of our own lines, loaded by the first thing a library says."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def format(self, record: logging.LogRecord) -> str:
        return self._form.format(record)

    @cached_property
    def _form(self) -> logging.Formatter:
        from bot.app.log_lines import form_of_libraries

        return form_of_libraries(self._stream)


def _route_libraries(stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_AsOurLines(stream))
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each.formatter, _AsOurLines)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
