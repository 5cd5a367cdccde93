"""The log: structlog, loaded by the first line that is written.

Loading it takes a third as long as everything that one look needs, and most looks write nothing.
"""

import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

Prepare = Callable[[], None]
DEBUG = 10
"""As the standard library's logging counts."""

_pending: list[Prepare] = []


class Log:
    """One module's logger: a constant name of what happened, and values as fields."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def is_detailed(self) -> bool:
        """Whether debug() writes anything; asked where it is called often with fields that cost."""
        return bool(self._logger.is_enabled_for(DEBUG))

    def debug(self, event: str, **fields: object) -> None:
        """For whoever follows every step."""
        self._logger.debug(event, **fields)

    def info(self, event: str, **fields: object) -> None:
        """Something a person may act on."""
        self._logger.info(event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something that should not be so; the bot goes on."""
        self._logger.warning(event, **fields)

    def error(self, event: str, **fields: object) -> None:
        """Something that failed, and was expected to fail at times."""
        self._logger.error(event, **fields)

    def exception(self, event: str, **fields: object) -> None:
        """Something that failed unexpectedly: with the traceback of what is being handled."""
        self._logger.exception(event, **fields)  # noqa: LOG004 - its caller is in the handler

    @cached_property
    def _logger(self) -> Any:
        import structlog

        while _pending:
            _pending.pop()()
        return structlog.get_logger(self._name)


def before_the_first_line(prepare: Prepare) -> None:
    """Have this done before structlog is used: at once if it is loaded already."""
    _pending.clear()
    if "structlog" in sys.modules:
        prepare()
    else:
        _pending.append(prepare)
