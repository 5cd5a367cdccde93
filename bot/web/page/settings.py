"""What the page is told about itself."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.model import Place
from bot.net.secret import Secret
from bot.web.page.callers import Network


@dataclass(frozen=True, slots=True)
class PageSettings:
    """token: signs people in; without it the page only shows, and to this machine alone.

    must_sign_in: others see nothing. prefix: the path under which it lies, without a slash at its
    end. places: where watches may be made for. session: how long somebody stays signed in.
    """

    token: Secret | None = None
    must_sign_in: bool = False
    prefix: str = ""
    places: tuple[Place, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    session: timedelta = timedelta(hours=12)
    checks_a_minute: int = 10

    @property
    def can_sign_in(self) -> bool:
        """Whether anybody can do more than look."""
        return self.token is not None
