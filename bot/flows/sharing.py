"""Keeps processes in step about how registries want to be treated."""

import structlog

from bot.core.errors import StoreError
from bot.flows.bells import Bell
from bot.ports import Clock, RegistryState, SharedCourtesy, Store

log = structlog.get_logger(__name__)


class Sharing:
    """Writes what this process has been told by registries, and reads what others have.

    Within a second at most; at once where the bell is rung for what others write.
    """

    def __init__(self, store: Store, *, courtesy: SharedCourtesy, bell: Bell, clock: Clock) -> None:
        self._store = store
        self._courtesy = courtesy
        self._bell = bell
        self._clock = clock
        self._unsaved: dict[str, RegistryState] = {}

    async def run(self) -> None:
        """Share until cancelled."""
        while True:
            try:
                await self.share()
            except StoreError as error:
                log.error("registries_not_shared", error=str(error))
            await self._bell.listen(until=None, now=self._clock())

    async def share(self) -> None:
        """Write and read once. Raises StoreError; what could not be written is kept till it can."""
        self._unsaved |= {state.registry: state for state in self._courtesy.changes()}
        if self._unsaved:
            async with self._store.transaction() as transaction:
                await transaction.registries.save(list(self._unsaved.values()))
            self._unsaved = {}
        async with self._store.reading() as transaction:
            self._courtesy.learn(await transaction.registries.load())
