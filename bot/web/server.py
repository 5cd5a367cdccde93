"""The bot's own web server."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.core.errors import CannotListen
from bot.log import Log

MAX_BODY_BYTES = 1_000_000
SHUTDOWN_S = 3.0

log = Log(__name__)


@asynccontextmanager
async def serving(routes: Sequence[web.RouteDef], *, host: str, port: int) -> AsyncIterator[str]:
    """Answer these routes while the block runs; gives the address. Raises CannotListen."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, logger=_errors())
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = _address(runner)
        log.info("serving", address=address)
        yield address
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "see [server] host and port in the configuration"
        ) from error
    finally:
        await runner.cleanup()


def _errors() -> logging.Logger:
    """Where aiohttp tells of what went wrong here."""
    logger = logging.getLogger(__name__)
    logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    """Not what strangers send that is no HTTP, or break off: they must not fill the log."""
    raised = record.exc_info[1] if record.exc_info else None
    return not isinstance(raised, (HttpProcessingError, web.RequestPayloadError, ConnectionError))


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
