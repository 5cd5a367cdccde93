"""The bot's figures, brought up to date when somebody asks for them."""

from bot.config import Settings
from bot.ports.registry import Courtesy
from bot.ports.store import Store
from bot.ports.surroundings import Clock
from bot.web.figures import PrometheusFigures


def new_figures(settings: Settings, *, version: str) -> PrometheusFigures:
    """Figures that begin at nothing, with room for every configured registry."""
    from prometheus_client import CollectorRegistry

    hosts = [block.host for block in settings.registry]
    return PrometheusFigures(CollectorRegistry(), hosts=hosts, version=version)


async def page_of(
    figures: PrometheusFigures, store: Store, courtesy: Courtesy, *, clock: Clock
) -> bytes:
    """Everything counted so far, and the queues as they are now. Raises StoreError."""
    now = clock()
    async with store.reading() as transaction:
        backlog = await transaction.backlogs.count(now=now)
        kept = await transaction.registries.load()
    figures.note_queues(backlog, now=now)
    # What is kept is a second old at most, and tells what other processes know as well.
    states = {state.registry: state for state in (*courtesy.states(), *kept)}
    figures.note_registries(states.values(), now=now)
    return figures.exposition()
