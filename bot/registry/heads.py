"""Which registries can be asked by HEAD, as far as they have shown it."""

from datetime import datetime, timedelta

from bot.ports.surroundings import Clock

TRIED_AGAIN_AFTER = timedelta(hours=24)
"""A GET may count as a pull, so a registry that failed HEADs is given another chance."""


class HeadSupport:
    """What each registry made of our HEADs of manifests."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._proven: set[str] = set()
        self._useless_since: dict[str, datetime] = {}

    def worked(self, registry: str) -> None:
        """A HEAD told a digest: from now on its 404 means that there is nothing."""
        self._proven.add(registry)

    def failed(self, registry: str) -> None:
        """A HEAD was refused, told no digest, or did not see what a GET found."""
        self._proven.discard(registry)
        self._useless_since[registry] = self._clock()

    def are_proven(self, registry: str) -> bool:
        """Whether a 404 to a HEAD can be believed."""
        return registry in self._proven

    def are_useless(self, registry: str) -> bool:
        """Whether only GETs are worth sending."""
        since = self._useless_since.get(registry)
        if since is not None and self._clock() - since >= TRIED_AGAIN_AFTER:
            del self._useless_since[registry]
            return False
        return since is not None
