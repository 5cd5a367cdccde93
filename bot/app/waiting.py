"""Waits of the command line, for one image or for many, from opening to closing."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.app.surveying import in_turn
from bot.app.wiring import Eyes, explainer_at_hand, knowing, looking, pacing_of
from bot.app.world import World
from bot.config import Settings
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.survey import Finding, Needs, all_there
from bot.flows.wait import Looking, Progress, Waiting


async def wait_until_there(
    settings: Settings,
    world: World,
    reference: Reference,
    platforms: Sequence[Platform],
    *,
    at_most: timedelta,
    tell: Callable[[Progress], None],
) -> Progress:
    """Looks without a store until all platforms are there, will not come, or time is up."""
    async with _waiting(settings, world, look_of=lambda eyes: eyes.look) as waiting:
        return await waiting.until_there(reference, platforms, at_most=at_most, tell=tell)


async def wait_for_images(
    settings: Settings,
    world: World,
    needs: Needs,
    *,
    at_most: timedelta,
    tell: Callable[[Reference, Progress], None],
) -> list[Finding]:
    """Looks until every image has what it is needed for, one never will, or time is up."""
    async with _waiting(settings, world, look_of=in_turn) as waiting:
        return await all_there(waiting, needs, at_most=at_most, tell=tell)


@asynccontextmanager
async def _waiting(
    settings: Settings, world: World, *, look_of: Callable[[Eyes], Looking]
) -> AsyncIterator[Waiting]:
    async with (
        looking(settings, world, by_operator=True) as eyes,
        knowing(settings, world) as official,
    ):
        look = look_of(eyes)
        yield Waiting(
            look=look,
            clock=world.clock,
            sleep=world.sleep,
            chance=world.chance,
            pacing=pacing_of(settings),
            timeout_s=settings.looks.timeout_s,
            explain=explainer_at_hand(eyes, world, look=look, official=official),
        )
