"""Watches of the configuration over the real docker-registry: each event once, and else silence."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import (
    Descriptor,
    delete_manifest,
    push_attestation,
    push_index,
    push_manifest,
)

REPOSITORY, TAG = "library/node", "22-slim"
HEAD = f"HEAD /v2/{REPOSITORY}/manifests/{TAG}"
SIGNS = ("✅", "⚠", "🔁", "🎉")
AMD64, ARM64 = "linux/amd64", "linux/arm64"
BUILT = {"1": "2025-04-01T10:00:00Z", "2": "2025-04-20T10:00:00Z", "3": "2025-05-20T10:00:00Z"}


async def built(registry: DockerRegistry, platform: str, build: str) -> Descriptor:
    """A platform's image, annotated as bashbrew does it."""
    pushed = await push_manifest(registry.url, REPOSITORY, None, platform, build=build)
    return replace(
        pushed,
        annotations={
            "org.opencontainers.image.created": BUILT[build],
            "org.opencontainers.image.revision": build * 40,
        },
    )


async def point(registry: DockerRegistry, *entries: Descriptor) -> str:
    return (await push_index(registry.url, REPOSITORY, TAG, entries)).digest


async def looked(registry: DockerRegistry) -> None:
    """Come back when the bot has looked at what is there now, and once more."""
    seen = registry.requests().count(HEAD)
    await registry.wait_for_request(HEAD, count=seen + 3, timeout_s=60)


async def no_news(registry: DockerRegistry, amd: Descriptor, arm: Descriptor) -> None:
    """Another order, an attestation, a new build of the other platform of the same sources."""
    await point(registry, arm, amd)
    await looked(registry)
    attestation = await push_attestation(registry.url, REPOSITORY, arm)
    await point(registry, arm, amd, attestation)
    await looked(registry)
    again = await push_manifest(registry.url, REPOSITORY, None, AMD64, build="again")
    await point(registry, replace(again, annotations=amd.annotations), arm)
    await looked(registry)


def with_block(config: Path, *lines: str) -> Path:
    text = config.read_text(encoding="utf-8").replace(
        "fast_s = 0.3", "fast_s = 0.3\nmin_s = 0.3\nmax_s = 0.3\nstanding_s = 0.3"
    )
    config.write_text("\n".join((text, "[[watch]]", *lines, "")), encoding="utf-8")
    return config


async def test_each_event_is_told_once_and_what_is_no_news_never(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    amd, arm = await built(registry, AMD64, "1"), await built(registry, ARM64, "1")
    await point(registry, amd, arm)
    config = with_block(
        write_config(registry.url),
        'images = ["node:22-slim"]',
        'platforms = ["arm64"]',
        'places = ["terminal"]',
        "rebuilds = true",
    )

    async with BotProcess(config) as bot:
        await looked(registry)
        await no_news(registry, amd, arm)
        assert bot.transcript == ""

        newer = await built(registry, AMD64, "2")
        await point(registry, newer, arm)
        await bot.wait_for("linux/arm64 is an older build than the other platforms")
        rebuilt = await built(registry, ARM64, "2")
        await point(registry, newer, rebuilt)
        await bot.wait_for("🔁 linux/arm64 was built anew: node:22-slim")
        await point(registry, newer)
        await bot.wait_for("⚠️ node:22-slim has lost linux/arm64")
        whole = await point(registry, newer, rebuilt)
        await bot.wait_for("✅ linux/arm64 is back: node:22-slim")
        await delete_manifest(registry.url, REPOSITORY, whole)
        await bot.wait_for("⚠️ node:22-slim is gone")
        await point(registry, newer, rebuilt)
        await bot.wait_for("(?s)is gone.*✅ linux/arm64 is back")
        await looked(registry)
        assert await bot.stop() == 0

    headlines = [line for line in bot.transcript.splitlines() if line.startswith(SIGNS)]
    assert len(headlines) == 6, bot.transcript


async def test_blocks_are_read_again_without_a_restart(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await point(registry, await built(registry, AMD64, "1"))
    plain = write_config(registry.url)
    text = plain.read_text(encoding="utf-8")
    good = ('images = ["node:22-slim"]', 'platforms = ["arm64"]', 'places = ["terminal"]')
    config = with_block(plain, 'images = ["Foo/bar"]', 'places = ["terminal"]', "[[watch]]", *good)

    async with BotProcess(config) as bot:
        await bot.wait_for_log("`watch` block 1, `images` item 1: ", timeout_s=60)
        await looked(registry)
        await bot.say("/list")
        await bot.wait_for("node:22-slim: missing linux/arm64, .*, from the configuration")

        await asyncio.to_thread(config.write_text, text, encoding="utf-8")
        bot.send(signal.SIGHUP)
        await bot.wait_for_log("restart_needed")
        while "Nothing is watched here" not in bot.transcript:
            await bot.say("/list")
            await bot.wait_for("(1 watch|Nothing is watched) here", after=bot.position)
        assert await bot.stop() == 0

    assert "✅" not in bot.transcript
