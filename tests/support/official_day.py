"""A day of an official image: the bot in this process, and all that it talks to on real sockets.

async with official_day(tmp_path, at=NOW) as day:
    day.source.files["/library/node"] = "Maintainers: …"
    day.registry.push_index("library/node", "22.15-bullseye-slim", ["linux/amd64"])
    answer = await day.ask("/why node:22.15-bullseye-slim arm64")
    day.time.move_to(LATER)
    await day.told("🔨 linux/arm64 is built")
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.app.running import Bot, assembled
from bot.app.world import World
from bot.config import load_settings
from tests.support.chat_config import GROUP, WITHIN_S, with_telegram
from tests.support.movable_time import MovableTime
from tests.support.registry_client import no_chance
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.source_server import SourceServer, source_server
from tests.support.telegram_server import TelegramServer, telegram_server

ADA = 7


@dataclass(frozen=True, slots=True)
class OfficialDay:
    """See the module."""

    bot: Bot
    time: MovableTime
    registry: ScriptedRegistry
    source: SourceServer
    telegram: TelegramServer

    @property
    def texts(self) -> list[str]:
        """Everything that the bot has said, in order."""
        return self.telegram.chats[GROUP].texts

    async def ask(self, command: str, *, about: str) -> str:
        """The answer to a command: the next message that holds these words."""
        before = len(self.texts)
        await self.telegram.say(command, chat=GROUP, user=ADA)
        return await self._said(about, after=before)

    async def told(self, words: str) -> str:
        """The first message with these words, whenever it was or will be sent."""
        return await self._said(words, after=0)

    async def _said(self, words: str, *, after: int) -> str:
        def found() -> list[str]:
            return [text for text in self.texts[after:] if words in text]

        try:
            async with asyncio.timeout(WITHIN_S):
                await self.telegram.until(found)
        except TimeoutError:
            raise AssertionError(
                f"{words!r} was not said; after it: {self.texts[after:]}"
            ) from None
        return found()[0]


@asynccontextmanager
async def official_day(
    folder: Path, *, at: datetime, repositories: Sequence[str] = (), settings: Sequence[str] = ()
) -> AsyncIterator[OfficialDay]:
    """The running bot at that time of day; fails if it asks for a repository not named here.

    settings: lines below [official], then others; {source} is the address of its source.
    """
    time = MovableTime(at)
    async with (
        scripted_registry() as registry,
        source_server() as source,
        telegram_server() as telegram,
    ):
        for repository in repositories:
            registry.knows(repository)
        telegram.add_chat(GROUP)
        telegram.names[ADA] = "Ada"
        config = _write_config(folder, registry, source, settings)
        world = World(clock=time, sleep=time.sleep, chance=no_chance)
        loaded = load_settings(with_telegram(config, telegram), {})
        async with assembled(loaded, world) as bot, asyncio.TaskGroup() as group:
            running = group.create_task(bot.run())
            await bot.served_at()
            try:
                yield OfficialDay(bot, time, registry, source, telegram)
            finally:
                bot.stop()
            await running


def _write_config(
    folder: Path, registry: ScriptedRegistry, source: SourceServer, settings: Sequence[str]
) -> Path:
    path = folder / "config.toml"
    lines = [
        *("[database]", 'url = "sqlite:///bot.db"'),
        *("[schedule]", "jitter = 0"),
        *("[delivery]", "group_within_s = 0"),
        "[official]",
        f'library_url = "{source.library_url}"',
        f'dockerfile_url = "{source.dockerfile_url}"',
        f'build_records_url = "{source.url}/meta"',
        "allow_private = true",
        *(line.replace("{source}", source.url) for line in settings),
        "[[registry]]",
        'host = "docker.io"',
        f'endpoint = "{registry.url}"',
        *("plain_http = true", "allow_private = true", "rate = 0", "concurrency = 50"),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
