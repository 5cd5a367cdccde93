"""A program is told: the bot as a process, a registry, and a receiver of webhooks."""

import asyncio
from base64 import b64encode

import pytest
from standardwebhooks import Webhook

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.canaries import canary
from tests.support.chat_config import WITHIN_S, with_lines
from tests.support.command_line import archbell
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import scripted_registry
from tests.support.webhook_receiver import webhook_receiver

NODE = "library/node"
BOTH = ["linux/amd64", "linux/arm64"]
pytestmark = pytest.mark.timeout(240)


async def test_a_program_is_told_once_though_its_first_answer_fails(
    write_config: WriteConfig,
) -> None:
    async with scripted_registry() as registry, webhook_receiver() as receiver:
        registry.push_index(NODE, "22", ["linux/amd64"])
        config = with_lines(
            write_config(registry.url),
            "[[webhook]]",
            'name = "nightly"',
            f'url = "{receiver.url}/in"',
            f'secret = "{canary("hook")}"',
            "allow_private = true",
        )
        unknown = await archbell("--config", config, "watch", "node:22", "--place", "webhook:daily")
        made = await archbell("--config", config, "watch", "node:22", "--place", "webhook:nightly")
        receiver.answers.append(Answer(503))
        async with BotProcess(config) as bot:
            digest = registry.push_index(NODE, "22", BOTH).digest
            async with asyncio.timeout(WITHIN_S):
                await receiver.until(lambda: len(receiver.posted) == 2)
            assert await bot.stop() == 0

    first, again = receiver.posted
    assert (unknown.code, made.code) == (2, 0)
    assert "no [[webhook]] block of that name" in unknown.errors
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    for posted in receiver.posted:
        Webhook(b64encode(canary("hook").encode()).decode()).verify(
            posted.body, dict(posted.headers)
        )
    [alert] = again.content["alerts"]
    assert alert["event"] == "appeared"
    assert alert["image"] == "node:22"
    assert alert["platform"] == "linux/arm64"
    assert alert["there"] == ["amd64", "arm64"]
    assert alert["digest"].startswith("sha256:")
    assert alert["digest"] != digest
    assert receiver.url not in bot.log + bot.transcript
