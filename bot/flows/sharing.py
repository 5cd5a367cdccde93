"""Keeps processes in step about how registries want to be treated."""

from bot.core.errors import StoreError
from bot.flows.bells import Bell
from bot.log import Log
from bot.ports.registry import SharedCourtesy
from bot.ports.store import Store
from bot.ports.surroundings import Clock

log = Log(__name__)


class Sharing:
    """Writes what this process has been told by registries, and reads what others have.

    Within a second at most; at once where the bell is rung for what others write.
    """

    def __init__(self, store: Store, *, courtesy: SharedCourtesy, bell: Bell, clock: Clock) -> None:
        self._store = store
        self._courtesy = courtesy
        self._bell = bell
        self._clock = clock

    async def run(self) -> None:
        """Share until cancelled."""
        while True:
            try:
                await self.share()
            except StoreError as error:
                log.error("registries_not_shared", error=str(error))
            except Exception:
                # A bug in one round must not keep parkings from everybody for good.
                log.exception("registries_not_shared")
            await self._bell.listen(until=None, now=self._clock())

    async def share(self) -> None:
        """Write and read once. Raises StoreError; what could not be written comes next time."""
        if states := self._courtesy.changes():
            async with self._store.transaction() as transaction:
                await transaction.registries.save(states)
            self._courtesy.saved(states)
        async with self._store.reading() as transaction:
            self._courtesy.learn(await transaction.registries.load())
