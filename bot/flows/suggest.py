"""Finds the tags that somebody may have meant by one that does not exist."""

import asyncio
from typing import Protocol

from bot.core.access import Access
from bot.core.errors import RegistryError
from bot.core.model import Place
from bot.core.nearest import nearest_tags
from bot.core.reference import Reference
from bot.flows.look import Look
from bot.log import Log
from bot.ports.registry import Registry

TIMEOUT_S = 3.0

log = Log(__name__)


class Suggesting(Protocol):
    """Gives existing tags of a repository, the likeliest first; none if there is nothing to say."""

    async def __call__(self, reference: Reference, /, *, place: Place) -> tuple[Reference, ...]:
        """What may have been meant by a reference that a place has named."""
        ...


class Suggest:
    """Suggesting by the registry's own list of tags; whatever goes wrong, there is an answer."""

    def __init__(self, registry: Registry, look: Look, *, timeout_s: float = TIMEOUT_S) -> None:
        self._registry = registry
        self._look = look
        self._timeout_s = timeout_s

    async def __call__(self, reference: Reference, /, *, place: Place) -> tuple[Reference, ...]:
        """The tags nearest to the reference's."""
        tags = await self.tags_of(reference, place=place)
        # Thousands of comparisons take longer than anybody else should have to wait.
        found = await asyncio.to_thread(nearest_tags, reference.tag or "", tags)
        return tuple(reference.with_tag(tag) for tag in found)

    async def tags_of(self, reference: Reference, /, *, place: Place) -> tuple[str, ...]:
        """The tags of the repository, as far as the place may see them; none if that fails."""
        login = self._look.access(reference, (place,)) is Access.LOGIN
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._registry.list_tags(reference, urgent=True, login=login)
        except (RegistryError, TimeoutError) as error:
            log.debug("no_suggestion", registry=reference.registry, error=type(error).__name__)
            return ()


async def suggest_nothing(
    reference: Reference,  # noqa: ARG001
    /,
    *,
    place: Place,  # noqa: ARG001
) -> tuple[Reference, ...]:
    """Suggesting where registries are not asked."""
    return ()
