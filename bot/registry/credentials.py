"""Who we are to a registry, and for which of its repositories."""

from base64 import b64encode
from fnmatch import fnmatchcase

import structlog

from bot.net.secret import Secret
from bot.net.settings import RegistrySettings

_log = structlog.get_logger(__name__)


class CredentialBook:
    """The configured logins. One that was refused is not sent again while this process lives:
    registries count failed logins and ban for them.
    """

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def find(self, settings: RegistrySettings, repository: str) -> Secret | None:
        """The Basic header for a repository; None to stay anonymous there."""
        if settings.username is None or settings.host in self._refused:
            return None
        patterns = settings.repositories
        if patterns and not any(fnmatchcase(repository, pattern) for pattern in patterns):
            return None
        password = settings.password.reveal() if settings.password is not None else ""
        return Secret("Basic " + b64encode(f"{settings.username}:{password}".encode()).decode())

    def refuse(self, settings: RegistrySettings) -> None:
        """Never send this registry's login again."""
        self._refused.add(settings.host)
        _log.warning("login_refused", registry=settings.host)

    def is_refused(self, settings: RegistrySettings) -> bool:
        """Whether the registry's login was refused before."""
        return settings.host in self._refused
