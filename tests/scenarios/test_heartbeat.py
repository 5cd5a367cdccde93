"""The sign of life of the bot as a process."""

import asyncio
from pathlib import Path

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess


async def until(path: Path, *, exists: bool) -> None:
    async with asyncio.timeout(30):
        while path.exists() != exists:  # noqa: ASYNC110, ASYNC240  another process makes it
            await asyncio.sleep(0.02)


async def test_the_configured_file_is_there_while_the_bot_runs(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    config = write_config("http://127.0.0.1:1")
    environment = {"ARCHBELL_HEALTH__HEARTBEAT_FILE": "heartbeat"}

    async with BotProcess(config, environment=environment) as bot:
        await until(tmp_path / "heartbeat", exists=True)
        code = await bot.stop()

    assert code == 0
    await until(tmp_path / "heartbeat", exists=False)
