"""Ends watches whose time is over, with a message and a way to go on."""

from bot.core.errors import StoreError
from bot.core.message.english.alerts import render_expired
from bot.flows.bells import Bells
from bot.log import Log
from bot.ports.store import Store
from bot.ports.surroundings import Clock, Sleep

EVERY_S = 15
MAX_AT_ONCE = 100

log = Log(__name__)


async def expire(store: Store, *, clock: Clock, bells: Bells) -> int:
    """End what has expired, each with its notice, in one transaction; how many there were."""
    now = clock()
    async with store.transaction() as transaction:
        expired = await transaction.watches.expired(now=now, limit=MAX_AT_ONCE)
        for watch in expired:
            await transaction.outbox.post(watch.place, render_expired(watch, now=now), now=now)
        if expired:
            await transaction.watches.end([watch.id for watch in expired], why="expired", now=now)
    if expired:
        bells.deliveries.ring()
        log.info("watches_expired", watches=len(expired))
    return len(expired)


async def expire_for_ever(store: Store, *, clock: Clock, sleep: Sleep, bells: Bells) -> None:
    """Look for expired watches until cancelled."""
    while True:
        try:
            while await expire(store, clock=clock, bells=bells) == MAX_AT_ONCE:
                pass
        except StoreError as error:
            log.error("expiry_failed", error=str(error))
        except Exception:
            # One round's bug must not keep every other watch for ever.
            log.exception("expiry_failed")
        await sleep(EVERY_S)
