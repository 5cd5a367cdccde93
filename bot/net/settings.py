"""How one registry may be reached, as a value."""

from dataclasses import dataclass
from pathlib import Path

from bot.net.secret import Secret


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """What the operator says about a registry; every default suits a public one nobody configured.

    host: as references name it, with its port. endpoint: the URL it really is reached at, None for
    the usual one. allow_private, plain_http and ca_file hold for the endpoint and the auth_hosts
    alone. auth_hosts: `host` (the scheme's usual port) or `host:port` of token services that may
    see the credentials. repositories: patterns (`team/*`) that the credentials are for, as
    bot.core.access reads them; empty means all. concurrency: None for the default. rate: requests a
    second, None for the default, 0 for no limit at all.
    """

    host: str
    endpoint: str | None = None
    plain_http: bool = False
    allow_private: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password: Secret | None = None
    concurrency: int | None = None
    rate: float | None = None
    auth_hosts: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
