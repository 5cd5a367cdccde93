"""What the build system says of a missing platform, and since when it is planned."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.core.build_records import BuildRecords
from bot.core.errors import StoreError, TroubleKind
from bot.core.evidence import Answer, Evidence, Failed, Said, library_of
from bot.core.library import official_image
from bot.core.model import Trouble
from bot.core.progress import Progress, progress_of
from bot.log import Log
from bot.ports.official import Official
from bot.ports.surroundings import Clock, Sleep

if TYPE_CHECKING:
    from bot.ports.store import Store

EVERY_S = 60

log = Log(__name__)


class Pipeline:
    """Asks the sources that somebody has switched on; one that is too slow has failed.

    within_s: how long to wait for each of the two at most.
    """

    def __init__(self, official: Official, *, clock: Clock, within_s: float) -> None:
        self._official = official
        self._clock = clock
        self._within_s = within_s

    async def known(self, evidence: Evidence, *, may_ask: bool) -> Evidence:
        """The evidence about a tag that is listed, with what they say.

        may_ask: the records may be read anew, which takes a while.
        """
        image, tag = evidence.image, evidence.reference.tag
        if image is None or tag is None:
            return evidence
        records = await self._records(image.name, may_ask=may_ask)
        merged = await self._merged_at(image.name, tag, evidence.listed_since)
        progress = progress_in(records, evidence, f"{image.name}:{tag}")
        return replace(evidence, progress=progress, merged=merged)

    async def _records(self, name: str, *, may_ask: bool) -> Answer[BuildRecords]:
        try:
            async with asyncio.timeout(self._within_s):
                return await self._official.build_records((name,), may_ask=may_ask)
        except TimeoutError:
            return self._too_slow()

    async def _merged_at(
        self, name: str, tag: str, listed_at: datetime | None
    ) -> Answer[datetime | None]:
        try:
            async with asyncio.timeout(self._within_s):
                return await self._official.merged_at(name, tag, listed_at=listed_at)
        except TimeoutError:
            return self._too_slow()

    def _too_slow(self) -> Failed:
        return Failed(self._clock(), Trouble(TroubleKind.TIMED_OUT))


def progress_in(records: Answer[BuildRecords], evidence: Evidence, tag: str) -> Answer[Progress]:
    """What the records say of the evidence's platform; tag: as they name it."""
    if not isinstance(records, Said):
        return records
    library, image = library_of(evidence.library), evidence.image
    if library is None or image is None:
        return None
    if image.name not in records.value.names:  # nobody waited for it when they were read
        return None if records.trouble is None else Failed(records.at, records.trouble)
    builds = library.builds_of(evidence.reference.tag or "", evidence.platform)
    return Said(progress_of(records.value, tag, builds), records.at, records.trouble)


async def keep_records_for_ever(store: "Store", official: Official, *, sleep: Sleep) -> None:
    """Have the records of what is waited for read whenever it is time, until cancelled."""
    while True:
        try:
            async with store.reading() as transaction:
                awaited = await transaction.listings.awaited()
            images = (official_image(tag.reference) for tag in awaited)
            names = {image.name for image in images if image is not None}
            await official.build_records(names, may_ask=True)
        except StoreError as error:
            log.error("records_failed", error=str(error))
        except Exception:
            # A mistake in one reading must not end all later ones.
            log.exception("records_failed")
        await sleep(EVERY_S)
