"""Whether a chat service lets the bot in."""

from collections.abc import Callable

from bot.log import Log

log = Log(__name__)


class Standing:
    """Open until the service turns the bot away; what is wrong is kept for /status and health."""

    def __init__(self, service: str, *, ring: Callable[[], None]) -> None:
        self._service = service
        self._ring = ring
        self.trouble: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages can be handed over."""
        return self.trouble is None

    def close(self, trouble: str) -> None:
        """The service turns us away; messages wait."""
        if self.trouble != trouble:
            log.error("chat_paused", service=self._service, trouble=trouble)
        self.trouble = trouble

    def open(self) -> None:
        """It lets us in; what waited can go."""
        if self.trouble is not None:
            log.info("chat_resumed", service=self._service)
        self.trouble = None
        self._ring()
