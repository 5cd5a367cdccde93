"""What keeps the bot from its work, as whoever supervises it wants to know."""

import asyncio
from collections.abc import Callable, Iterable

from bot.core.errors import StoreError
from bot.core.message.english.trouble import resting_sentence, silent_database_sentence
from bot.ports.store import Store
from bot.ports.surroundings import Clock

ANSWERS_WITHIN_S = 3.0


class Readiness:
    """Asked anew each time: the database, the chats, and the registries of the configuration.

    Others may be left alone without anybody being told: strangers choose them.
    """

    def __init__(
        self,
        store: Store,
        *,
        chats: Callable[[], tuple[str, ...]],
        registries: Iterable[str],
        clock: Clock,
        answers_within_s: float = ANSWERS_WITHIN_S,
    ) -> None:
        self._store = store
        self._chats = chats
        self._registries = frozenset(registries)
        self._clock = clock
        self._answers_within_s = answers_within_s

    async def __call__(self) -> tuple[str, ...]:
        """A sentence for each trouble; none if the bot can do its work."""
        try:
            async with asyncio.timeout(self._answers_within_s):
                resting = await self._resting()
        except StoreError as error:
            return (str(error), *self._chats())
        except TimeoutError:
            return (silent_database_sentence(self._answers_within_s), *self._chats())
        return (*self._chats(), *resting)

    async def _resting(self) -> list[str]:
        async with self._store.reading() as transaction:
            states = await transaction.registries.load()
        now = self._clock()
        return [
            resting_sentence(state.registry, state.parked_until, now=now)
            for state in states
            if state.registry in self._registries
            and state.parked_until is not None
            and state.parked_until > now
        ]
