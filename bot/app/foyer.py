"""What a running bot has, for whoever makes a part of it."""

from dataclasses import dataclass

from bot.app.wiring import Eyes
from bot.app.world import World
from bot.config import Settings
from bot.flows.bells import Bells
from bot.flows.lineage import Lineage
from bot.ports.official import Official
from bot.ports.store import Store


@dataclass(frozen=True, slots=True)
class Foyer:
    """What the page and docker-library's part stand on."""

    settings: Settings
    world: World
    store: Store
    eyes: Eyes
    bells: Bells
    official: Official
    lineage: Lineage
