"""Every command, typed into the bot as a process."""

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image

EXCHANGES = [
    ("/watch node:22 arm64 arm/v7", r"👀 Watching node:22 for linux/arm64 and linux/arm/v7 \(#1\)"),
    ("/watch node:22 arm64", r"Already watching node:22"),
    ("/watch node:22 amd64", r"node:22 has linux/amd64"),
    ("/watch node:23 arm64", r"no tag node:23"),
    ("/watch node:22 amd64 keep", r"node:22"),
    ("/check node:22 arm64", r"node:22 has no linux/arm64"),
    ("/why #1", r"node:22"),
    ("/why #99", r"#99"),
    ("/why node:22 arm64", r"node:22"),
    ("/list", r"watches here"),
    ("/mute #1", r"quiet until"),
    ("/mute 8h", r"quiet until"),
    ("/unmute", r"not quiet any more"),
    ("/mute #99", r"#99"),
    ("/status", r"Up for"),
    ("/unwatch node:22 arm/v7", r"Stopped #1: node:22 for linux/arm/v7"),
    ("/unwatch #99", r"#99"),
    ("/unwatch", r"Which image"),
    ("/watch", r"Which image"),
    ("/unwatch all", r"stops \d watches here"),
    ("/unwatch all yes", r"Stopped"),
    ("/watch localhost/a/b:c arm64", r"Not watching"),
    ("/watch 127.0.0.1:5000/a:c arm64", r"Not watching"),
    ("/help", r"I tell you when"),
]


async def test_every_command_is_answered(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])

    async with BotProcess(write_config(registry.url)) as bot:
        for line, answer in EXCHANGES:
            before = bot.position
            await bot.say(line)
            await bot.wait_for(answer, after=before)
        await bot.end_input()
        assert await bot.stop() == 0

    assert "Traceback" not in bot.log
    assert "mistake of mine" not in bot.transcript
