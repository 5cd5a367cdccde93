"""Has tags looked at now, because registries say that something was pushed there."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.errors import StoreError
from bot.core.pushed import Pushed
from bot.core.reference import Reference
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.log import Log
from bot.ports.figures import NO_FIGURES, Figures, Heard
from bot.ports.store import News, Store, Transaction
from bot.ports.surroundings import Clock, Sleep
from bot.ports.targets import KnownTarget

MAX_WAITING = 10_000
MAX_BATCH = 100
AGAIN_AFTER_S = 1.0

log = Log(__name__)


@dataclass(slots=True)
class _Waiting:
    """The newest that was pushed to a tag, and how often each hook has told of the tag."""

    pushed: Pushed
    told: Counter[str] = field(default_factory=Counter)


class Hinter:
    """Takes hints at once and writes them down in batches; where nobody watches nothing is written.

    What is pushed is not believed, only looked at. Until a look has shown the digest that was
    pushed, or a few looks have not, the tag is looked at again and again: registries tell of a push
    before the tag has moved. What waits is lost with the process, not with the database; a tag
    whose hint is lost is looked at when it is due anyway.
    """

    def __init__(
        self,
        store: Store,
        *,
        bells: Bells,
        clock: Clock,
        sleep: Sleep,
        figures: Figures = NO_FIGURES,
        at_most: int = MAX_WAITING,
    ) -> None:
        self._store = store
        self._bells = bells
        self._clock = clock
        self._sleep = sleep
        self._figures = figures
        self._at_most = at_most
        self._waiting: dict[Reference, _Waiting] = {}
        self._some = asyncio.Event()
        self._closing = False

    def put(self, pushed: Pushed, *, hook: str) -> bool:
        """Have a tag looked at soon, as a hook has told; False if too many wait already."""
        waiting = self._waiting.get(pushed.reference)
        if waiting is None:
            if len(self._waiting) >= self._at_most:
                return False
            waiting = self._waiting[pushed.reference] = _Waiting(pushed)
        waiting.pushed = pushed
        waiting.told[hook] += 1
        self._some.set()
        return True

    def close(self) -> None:
        """Let run() end once nothing waits, or the database does not take it."""
        self._closing = True
        self._some.set()

    async def run(self) -> None:
        """Write hints down until closed."""
        while self._waiting or not self._closing:
            await self._some.wait()
            if not self._closing:
                self._some.clear()
            while batch := self._take():
                if not await self._keep(batch):
                    if self._closing:
                        return
                    await self._sleep(AGAIN_AFTER_S)

    def _take(self) -> Mapping[Reference, _Waiting]:
        """Some of what waits, the longest first."""
        some = list(self._waiting)[:MAX_BATCH]
        return {reference: self._waiting.pop(reference) for reference in some}

    async def _keep(self, batch: Mapping[Reference, _Waiting]) -> bool:
        """Write a batch down; if the database does not take it, it waits again."""
        try:
            hinted = await self._write(batch)
        except StoreError as error:
            log.error("hints_not_kept", hints=len(batch), error=str(error))
            self._give_back(batch)
            return False
        except Exception:
            # A hint that cannot be written must not stop those that come after it.
            log.exception("hints_not_kept", hints=len(batch))
            self._count(batch, Heard.FAILED)
            return True
        watched = {reference: batch[reference] for reference in hinted}
        self._count(watched, Heard.HINTED)
        self._count({tag: each for tag, each in batch.items() if tag not in watched})
        return True

    def _count(self, batch: Mapping[Reference, _Waiting], how: Heard = Heard.UNWATCHED) -> None:
        for waiting in batch.values():
            for hook in waiting.told.elements():
                self._figures.heard(hook, how)

    async def _write(self, batch: Mapping[Reference, _Waiting]) -> frozenset[Reference]:
        """Which of these tags somebody watches; they are due now, also while they are looked at."""
        watched, listed = await self._concerned(batch)
        if not watched and not listed:
            return frozenset()

        async def work(transaction: Transaction) -> frozenset[Reference]:
            now = self._clock()
            for reference in listed:
                await transaction.patterns.hint(reference, now=now)
            return frozenset(listed) | frozenset(
                [
                    target.reference
                    for target in watched
                    if await transaction.targets.hint(
                        target.reference, digest=batch[target.reference].pushed.digest, now=now
                    )
                ]
            )

        hinted = await in_transaction(self._store, work)
        self._bells.ring(News.LOOKS)
        return hinted

    async def _concerned(
        self, batch: Mapping[Reference, _Waiting]
    ) -> tuple[list[KnownTarget], list[Reference]]:
        """What is watched of these tags, and those in whose repositories new ones are waited for.

        In the order in which rows are locked; asked without waiting for those who write.
        """
        now, repositories = self._clock(), {each: replace(each, tag=None) for each in batch}
        async with self._store.reading() as transaction:
            known = [await transaction.targets.find(reference, now=now) for reference in batch]
            followed = await transaction.patterns.followed(frozenset(repositories.values()))
        watched = [target for target in known if target is not None and target.due_at is not None]
        listed = sorted(tag for tag, repository in repositories.items() if repository in followed)
        return sorted(watched, key=lambda target: target.id), listed

    def _give_back(self, batch: Mapping[Reference, _Waiting]) -> None:
        """Before those that came meanwhile, which are newer where they are about the same tag."""
        newer = self._waiting
        self._waiting = dict(batch)
        for reference, waiting in newer.items():
            if reference in self._waiting:
                waiting.told += self._waiting[reference].told
            self._waiting[reference] = waiting
