"""What signals make the running bot do."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from bot.app.configured import StandingOrders


class Signalled(Protocol):
    """A running bot, as far as signals concern it."""

    stopped: asyncio.Event
    orders: StandingOrders | None

    def stop(self) -> None:
        """Finish what is under way, then end."""
        ...


@contextmanager
def signals(bot: Signalled) -> Iterator[None]:
    """While the block runs SIGINT and SIGTERM stop the bot; a second one ends the process.

    SIGHUP has it reload, unless it comes because the bot's terminal is gone.
    """
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if bot.stopped.is_set():
            os._exit(130)
        bot.stop()

    def on_hangup() -> None:
        if sits_in_terminal and _terminal_is_gone():
            on_signal()
        elif bot.orders is not None:
            bot.orders.reload()

    sits_in_terminal = not _terminal_is_gone()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _terminal_is_gone() -> bool:
    """Whether standard input is no terminal, or one that has been closed."""
    try:
        os.tcgetpgrp(0)
    except OSError:
        return True
    return False
