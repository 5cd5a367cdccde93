"""Examines everything at the same time, nothing for longer than it may take."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.app.configuration import Checked, check_configuration
from bot.app.doctor.chats import Examination, chat_examinations, late_chat_finding
from bot.app.doctor.finding import Finding, fault, warning, well
from bot.app.doctor.machine import clock_finding, database_findings
from bot.app.doctor.posts import late_post_finding, post_examinations
from bot.app.doctor.registries import late_finding, registry_finding
from bot.app.logins import logins_of
from bot.app.wiring import proxy_of, registry_settings
from bot.app.world import World, program_version
from bot.config import Settings
from bot.core.errors import ConfigurationError
from bot.core.reference import DOCKER_HUB
from bot.net.pace import Pace
from bot.net.sessions import Sessions
from bot.registry.greeting import Greeter, Greeting
from bot.registry.transport import Transport

AT_MOST_S = 10.0

Tell = Callable[[str], None]
"""Told the subject of each examination that is over."""


class Late(Protocol):
    """What to tell of a subject that took too long."""

    def __call__(self, subject: str, /, *, seconds: float) -> Finding:
        """The finding."""
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """Where to find the configuration, and the world to examine it in."""

    path: Path | None
    environ: Mapping[str, str]
    world: World
    at_most_s: float = AT_MOST_S


async def examine(going: Round, tell: Tell) -> list[Finding]:
    """Everything there is to say, in the order in which it is to be read."""
    try:
        checked = check_configuration(going.path, going.environ)
    except ConfigurationError as error:
        return [
            *(fault("configuration", mistake, _MEND) for mistake in error.mistakes),
            warning("everything else", "not examined", "mend the configuration first"),
        ]
    settings = checked.settings
    async with asyncio.TaskGroup() as group, _greeter(settings, going) as greeter:
        database = group.create_task(_database(settings, going, tell))
        greetings = [
            group.create_task(_greeting(greeter, host, going, tell)) for host in _hosts(settings)
        ]
        chats = [
            group.create_task(_asked(service, ask, going, tell, late=late_chat_finding))
            for service, ask in chat_examinations(settings).items()
        ]
        posts = [
            group.create_task(_asked(subject, ask, going, tell, late=late_post_finding))
            for subject, ask in post_examinations(settings).items()
        ]
        heard = [await greeting for greeting in greetings]
        found = [
            *_configuration_findings(checked),
            *await database,
            clock_finding([greeting for greeting in heard if greeting is not None]),
        ]
    for host, greeting in zip(_hosts(settings), heard, strict=True):
        found.append(_about_registry(host, greeting, settings, going))
    told = [finding for chat in chats for finding in chat.result()]
    return [
        *found,
        *(told or [well("chats", "none is configured: the bot talks in the terminal it runs in")]),
        *(finding for post in posts for finding in post.result()),
    ]


_MEND = "mend it, then archbell config check"


def _configuration_findings(checked: Checked) -> list[Finding]:
    source = checked.path or "no file is given, so the defaults hold"
    return [
        well("configuration", f"{source}, no mistakes"),
        *(_as_finding(sentence) for sentence in checked.warnings),
    ]


def _as_finding(sentence: str) -> Finding:
    says, _, cure = sentence.partition("; ")
    return warning("configuration", says, cure)


def _hosts(settings: Settings) -> list[str]:
    return list(dict.fromkeys([*(block.host for block in settings.registry), DOCKER_HUB]))


async def _database(settings: Settings, going: Round, tell: Tell) -> list[Finding]:
    try:
        async with asyncio.timeout(going.at_most_s):
            return await database_findings(settings)
    except TimeoutError:
        cure = "see that the database's server, or disk, answers at all"
        return [fault("database", f"no answer within {going.at_most_s:g} s", cure)]
    finally:
        tell("database")


async def _greeting(greeter: Greeter, host: str, going: Round, tell: Tell) -> Greeting | None:
    """None if it took too long."""
    try:
        async with asyncio.timeout(going.at_most_s):
            return await greeter.greet(host)
    except TimeoutError:
        return None
    finally:
        tell(host)


def _about_registry(
    host: str, greeting: Greeting | None, settings: Settings, going: Round
) -> Finding:
    is_configured = host in {block.host for block in settings.registry}
    is_needed = is_configured or not settings.registry
    if greeting is None:
        return late_finding(host, seconds=going.at_most_s, is_needed=is_needed)
    return registry_finding(greeting, is_configured=is_configured, is_needed=is_needed)


async def _asked(
    subject: str, ask: Examination, going: Round, tell: Tell, *, late: Late
) -> list[Finding]:
    try:
        async with asyncio.timeout(going.at_most_s):
            return await ask()
    except TimeoutError:
        return [late(subject, seconds=going.at_most_s)]
    finally:
        tell(subject)


@asynccontextmanager
async def _greeter(settings: Settings, going: Round) -> AsyncIterator[Greeter]:
    """With the logins that the bot would have, which may be fewer than the operator's own."""
    world, registries = going.world, registry_settings(settings)
    logins = logins_of(settings, by_operator=False, environ=going.environ, clock=world.clock)
    pace = Pace(registries, clock=world.clock, sleep=world.sleep, chance=world.chance)
    async with Sessions(
        registries, user_agent=f"archbell/{program_version()}", proxy=proxy_of(settings)
    ) as sessions:
        transport = Transport(sessions, pace, sleep=world.sleep, chance=world.chance)
        yield Greeter(transport, registries, keys=logins.keys, clock=world.clock)
