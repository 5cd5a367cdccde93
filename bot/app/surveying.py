"""What the command line does with the images that files name, from opening to closing."""

from collections.abc import Callable, Sequence

from bot.app.wiring import Eyes, looking
from bot.app.world import World
from bot.config import Settings
from bot.core.inventory import Inventory
from bot.flows.survey import Finding, InTurn, Needs, survey


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
    async with looking(settings, world, by_operator=True) as eyes:
        return await survey(in_turn(eyes), needs, timeout_s=timeout_s, tell=tell)


def in_turn(eyes: Eyes) -> InTurn:
    """Looks at many images, of which each registry gets no more at once than it takes."""
    return InTurn(eyes.look, at_once=lambda registry: eyes.pace.capacity(registry, busy=0))
