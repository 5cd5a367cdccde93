"""What watches without being asked: the configuration's watches, and new tags that fit patterns."""

from collections.abc import Callable

from bot.app.configured import StandingOrders
from bot.app.wiring import Eyes, pacing_of
from bot.app.world import World
from bot.config import Loaded, Settings
from bot.flows.bells import Bells
from bot.flows.discover import Discoverer
from bot.flows.follow import Follower
from bot.flows.reconcile import Reconciler
from bot.ports.store import Store


def orders_of(
    loaded: Loaded, load: Callable[[], Loaded], *, store: Store, bells: Bells, world: World
) -> StandingOrders:
    """Keeps the watches as the configuration wants them; load() reads it again."""
    reconcile = Reconciler(store, clock=world.clock, bells=bells)
    return StandingOrders(loaded, load=load, reconcile=reconcile, clock=world.clock)


def discoverer_of(
    settings: Settings, world: World, *, store: Store, eyes: Eyes, bells: Bells
) -> Discoverer:
    """Finds new tags."""
    return Discoverer(
        store=store,
        registry=eyes.registry,
        look=eyes.look,
        courtesy=eyes.pace,
        bells=bells,
        clock=world.clock,
        chance=world.chance,
        pacing=pacing_of(settings),
        timeout_s=settings.looks.timeout_s,
        lease_s=settings.looks.lease_s,
        expires_in=settings.watch_for,
    )


def follower_of(settings: Settings, world: World, *, eyes: Eyes) -> Follower:
    """Does what people say about patterns."""
    return Follower(
        registry=eyes.registry,
        look=eyes.look,
        clock=world.clock,
        most=settings.limits.watches_per_chat,
    )
