"""Which registries may be asked, and where they really are."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from yarl import URL

from bot.core.errors import EgressRefused, UnlistedRegistry
from bot.core.reference import DOCKER_HUB
from bot.net.egress import is_public_host
from bot.net.settings import RegistrySettings

WELL_KNOWN = frozenset(
    {
        DOCKER_HUB,
        "gcr.io",
        "ghcr.io",
        "lscr.io",
        "mcr.microsoft.com",
        "public.ecr.aws",
        "quay.io",
        "registry.gitlab.com",
        "registry.k8s.io",
    }
)
WELL_KNOWN_DOMAINS = (".gcr.io", ".pkg.dev")
"""Google gives each region a host; nobody else has names in these domains."""
REACHED_AT = {DOCKER_HUB: "registry-1.docker.io"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registry and the URL it is reached at, without /v2. registry: as references write it."""

    settings: RegistrySettings
    base: URL
    registry: str = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "registry", self.settings.host)
        object.__setattr__(self, "prefix", str(self.base).rstrip("/"))


def endpoint_of(settings: RegistrySettings) -> Endpoint:
    """Where a registry is reached, by its settings."""
    if settings.endpoint is not None:
        return Endpoint(settings, URL(settings.endpoint))
    scheme = "http" if settings.plain_http else "https"
    return Endpoint(settings, URL(f"{scheme}://{REACHED_AT.get(settings.host, settings.host)}"))


class RegistryPolicy:
    """The well-known registries, those of the configuration and, if the operator says so, any."""

    def __init__(
        self, registries: Iterable[RegistrySettings] = (), *, allow_any_public: bool = False
    ) -> None:
        self._configured = {settings.host: endpoint_of(settings) for settings in registries}
        self._allow_any_public = allow_any_public

    def find(self, registry: str) -> Endpoint:
        """Where to ask. Raises UnlistedRegistry, or EgressRefused for hosts that look private."""
        configured = self._configured.get(registry)
        if configured is not None:
            return configured
        if not is_public_host(_without_port(registry)):
            raise EgressRefused(
                registry,
                "not a public address: if it is yours, add it to the configuration "
                "as a [[registry]] with allow_private",
            )
        if not (self._allow_any_public or _is_well_known(registry)):
            raise UnlistedRegistry(
                registry,
                "not one of the registries that may be asked: add it to the configuration as a "
                "[[registry]], or set allow_any_public_registry",
            )
        return self._public(registry)

    def _public(self, registry: str) -> Endpoint:
        try:
            return endpoint_of(RegistrySettings(registry))
        except ValueError:
            # An address spelt in a way that only some resolvers understand, such as 127.1.
            raise EgressRefused(registry, "not a host that can be asked") from None


def _is_well_known(registry: str) -> bool:
    return registry in WELL_KNOWN or registry.endswith(WELL_KNOWN_DOMAINS)


def _without_port(registry: str) -> str:
    if registry.startswith("["):
        return registry[1:].partition("]")[0]
    return registry.partition(":")[0]
