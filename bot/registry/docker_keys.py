"""docker's logins as a source of ours: from its config.json, and from the helpers it names."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.log import Log
from bot.ports.surroundings import Clock
from bot.registry.credentials import Credential, Lack
from bot.registry.docker_config import DockerConfig, server_url
from bot.registry.helper import HelperTrouble, ask_helper

LASTS_AT_LEAST = timedelta(minutes=5)
"""A helper's login that is refused when it is younger was never good; an older one has expired."""
RETRY_AFTER = timedelta(minutes=5)
"""When a helper that failed is asked again."""
_log = Log(__name__)

Found = Credential | Lack | None


class DockerKeys:
    """bot.registry.credentials.Keys over a config.json.

    registries: whose logins may be fetched; None for any. A helper is asked once and its answer
    kept, until it is refused at an age at which it may have expired. environment: for helpers.
    """

    def __init__(
        self,
        config: DockerConfig,
        *,
        registries: frozenset[str] | None,
        environment: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._config = config
        self._registries = registries
        self._environment = environment
        self._clock = clock
        self._kept: dict[str, tuple[Found, datetime]] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, registry: str) -> Found:
        """The registry's login; None if there is none, UNAVAILABLE if its helper failed."""
        if self._registries is not None and registry not in self._registries:
            return None
        helper = self._config.helper_of(registry)
        if helper is None:
            return self._config.auths.get(registry)
        async with self._asking[registry]:
            kept = self._kept.get(registry)
            if kept is None or self._is_to_be_retried(*kept):
                kept = (await self._ask(helper, registry), self._clock())
                self._kept[registry] = kept
        return kept[0]

    def forget_expired(self, registry: str) -> bool:
        """Whether the helper's login, just refused, is old enough to have expired; forget it then.

        Logins of the file itself do not expire.
        """
        kept = self._kept.get(registry)
        if kept is None or self._clock() - kept[1] < LASTS_AT_LEAST:
            return False
        del self._kept[registry]
        return True

    def _is_to_be_retried(self, found: Found, asked_at: datetime) -> bool:
        return found is Lack.UNAVAILABLE and self._clock() - asked_at >= RETRY_AFTER

    async def _ask(self, helper: str, registry: str) -> Found:
        try:
            return await ask_helper(helper, server_url(registry), environment=self._environment)
        except HelperTrouble as trouble:
            _log.warning("credential_helper_failed", registry=registry, trouble=str(trouble))
            return Lack.UNAVAILABLE
