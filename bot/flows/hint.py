"""Has a tag looked at now, because a registry says that something was pushed there."""

from bot.core.pushed import Pushed
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.ports import Clock, Store, Transaction


class Hinter:
    """What is pushed is not believed, only looked at; where nobody watches nothing is written."""

    def __init__(self, store: Store, *, bells: Bells, clock: Clock) -> None:
        self._store = store
        self._bells = bells
        self._clock = clock

    async def __call__(self, pushed: Pushed) -> bool:
        """Make the tag due, also while it is looked at; whether anybody watches it.

        Until a look has shown the digest that was pushed, or a few looks have not, the tag is
        looked at again and again: registries tell of a push before the tag has moved. Raises
        StoreError.
        """
        if not await self._is_watched(pushed):
            return False

        async def work(transaction: Transaction) -> bool:
            return await transaction.targets.hint(
                pushed.reference, digest=pushed.digest, now=self._clock()
            )

        hinted = await in_transaction(self._store, work)
        if hinted:
            self._bells.looks.ring()
        return hinted

    async def _is_watched(self, pushed: Pushed) -> bool:
        """Asked without waiting for those who write: most of what is pushed nobody watches."""
        async with self._store.reading() as transaction:
            known = await transaction.targets.find(pushed.reference, now=self._clock())
        return known is not None and known.due_at is not None
