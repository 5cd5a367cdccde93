"""What the command line does with the images that files name, from opening to closing."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.app.wiring import looking, pacing_of
from bot.app.world import World
from bot.config import Settings
from bot.core.inventory import Inventory
from bot.core.reference import Reference
from bot.flows.survey import Finding, InTurn, Needs, all_there, survey
from bot.flows.wait import Progress, Waiting


def inventory_of(paths: Sequence[str], *, exclude: Sequence[str]) -> Inventory:
    """The images that files and folders name. Raises InvalidInput for a path that is none."""
    from bot.scan.folders import take_inventory

    return take_inventory(paths, exclude=exclude)


async def survey_images(
    settings: Settings,
    world: World,
    needs: Needs,
    *,
    timeout_s: float,
    tell: Callable[[Finding], None],
) -> list[Finding]:
    """One look at each image."""
    async with _in_turn(settings, world) as look:
        return await survey(look, needs, timeout_s=timeout_s, tell=tell)


async def wait_for_images(
    settings: Settings,
    world: World,
    needs: Needs,
    *,
    at_most: timedelta,
    tell: Callable[[Reference, Progress], None],
) -> list[Finding]:
    """Looks until every image has what it is needed for, or time is up."""
    async with _in_turn(settings, world) as look:
        waiting = Waiting(
            look=look,
            clock=world.clock,
            sleep=world.sleep,
            chance=world.chance,
            pacing=pacing_of(settings),
            timeout_s=settings.looks.timeout_s,
        )
        return await all_there(waiting, needs, at_most=at_most, tell=tell)


@asynccontextmanager
async def _in_turn(settings: Settings, world: World) -> AsyncIterator[InTurn]:
    async with looking(settings, world, by_operator=True) as eyes:
        yield InTurn(eyes.look, at_once=lambda registry: eyes.pace.capacity(registry, busy=0))
