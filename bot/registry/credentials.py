"""Who we are to a registry, and for which of its repositories."""

from base64 import b64encode
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

from bot.core.access import covers
from bot.log import Log
from bot.net.secret import Secret
from bot.net.settings import RegistrySettings

IDENTITY_USER = "<token>"
"""The user name by which docker marks a secret as an identity token.

Source: docker-credential-helpers, README, "Development".
"""
_log = Log(__name__)


class Kind(Enum):
    """What a secret is: for Basic, to be exchanged for tokens (OAuth 2), or a token itself."""

    PASSWORD = auto()
    IDENTITY_TOKEN = auto()
    REGISTRY_TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Credential:
    """A login; source names where it comes from, for the sentence that says what to mend."""

    kind: Kind
    user: str
    secret: Secret
    source: str

    @property
    def header(self) -> str:
        """The Authorization header: Bearer for a registry token, else Basic."""
        if self.kind is Kind.REGISTRY_TOKEN:
            return f"Bearer {self.secret.reveal()}"
        pair = f"{self.user}:{self.secret.reveal()}"
        return "Basic " + b64encode(pair.encode()).decode()

    @property
    def is_for_registry(self) -> bool:
        """Whether it may be shown to a registry itself, not only to its token service."""
        return self.kind is not Kind.IDENTITY_TOKEN


class Lack(Enum):
    """Why there is no login where there should be one."""

    REFUSED = auto()
    UNAVAILABLE = auto()


class Keys(Protocol):
    """Logins kept elsewhere than in our own configuration."""

    async def find(self, registry: str) -> Credential | Lack | None:
        """The registry's login; None if there is none, UNAVAILABLE if nobody can tell."""
        ...

    def forget_expired(self, registry: str) -> bool:
        """Whether a login just refused is one that was good once; find() then fetches another."""
        ...


class CredentialBook:
    """The logins of all registries; a [[registry]] block's own goes before docker's.

    One that was refused is not sent again while this process lives: registries count failed
    logins and ban for them.
    """

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys
        self._refused: dict[str, frozenset[Credential]] = {}
        self._renewed: dict[str, Credential] = {}
        self._lacks: dict[str, Lack] = {}

    async def find(self, settings: RegistrySettings, repository: str) -> Credential | None:
        """The login for a repository; None to stay anonymous there."""
        if not covers(settings.repositories, repository):
            return None
        host = settings.host
        found = _own(settings) or (await self._keys.find(host) if self._keys else None)
        if isinstance(found, Credential):
            found = self._renewed.get(host) or found
            if found in self._refused.get(host, ()):
                found = Lack.REFUSED
        if isinstance(found, Lack):
            self._lacks[host] = found
            return None
        self._lacks.pop(host, None)
        return found

    def refuse(self, settings: RegistrySettings, credential: Credential) -> None:
        """Never send this login again."""
        host = settings.host
        known = self._refused.get(host, frozenset())
        if credential in known:
            return
        self._refused[host] = known | {credential}
        self._renewed.pop(host, None)
        if self._keys is not None and _own(settings) is None and self._keys.forget_expired(host):
            _log.info("login_expired", registry=host, source=credential.source)
            return
        self._lacks[host] = Lack.REFUSED
        _log.warning("login_refused", registry=host, source=credential.source)

    def renew(self, settings: RegistrySettings, credential: Credential, secret: Secret) -> None:
        """Use this secret from now on: the registry has issued it in place of the former one."""
        self._renewed[settings.host] = replace(credential, secret=secret)

    def lack(self, settings: RegistrySettings, repository: str) -> Lack | None:
        """Why find() gave nothing for a repository, if it should have given something."""
        return self._lacks.get(settings.host) if covers(settings.repositories, repository) else None


def password(user: str, secret: str, *, source: str) -> Credential:
    """A user's password, or, by docker's convention for the name, an identity token."""
    kind = Kind.IDENTITY_TOKEN if user == IDENTITY_USER else Kind.PASSWORD
    return Credential(kind, user, Secret(secret), source)


def _own(settings: RegistrySettings) -> Credential | None:
    if settings.username is None:
        return None
    secret = settings.password or Secret("")
    source = f'the [[registry]] block with host = "{settings.host}"'
    return Credential(Kind.PASSWORD, settings.username, secret, source)
