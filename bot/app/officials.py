"""What the running bot does about official images, beyond answering."""

from bot.app.foyer import Foyer
from bot.app.wiring import explainer_of, sight_of
from bot.config import Settings
from bot.flows.early import NOTHING_EARLY, Early
from bot.flows.listed import Listed


def listed_of(bot: Foyer) -> Listed | None:
    """The verb that ends watches of tags that are listed no longer; None if nothing is read."""
    if not bot.official.is_enabled:
        return None
    sight = sight_of(bot.store, bot.eyes, bot.settings, bot.world)
    return Listed(
        bot.store,
        official=bot.official,
        sight=sight,
        explain=explainer_of(sight, bot.world, official=bot.official),
        clock=bot.world.clock,
        bells=bot.bells,
    )


def early_of(settings: Settings, listed: Listed | None) -> Early:
    """Which tags are looked at for the sake of others."""
    if listed is None:
        return NOTHING_EARLY
    return Early(enabled=True, tells=settings.official.built_alerts, planned=listed.planned)
