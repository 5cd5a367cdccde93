"""The figures of a bot that polls a thousand tags are those of the registry's own log."""

import asyncio
import re
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.seeding import REGISTRY, name_of, seed
from bot.app.roles import Role
from bot.app.running import assembled
from bot.app.world import World
from bot.config import Settings, load_settings
from tests.scenarios.conftest import WriteConfig
from tests.support.chat_config import with_lines
from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import push_index, push_manifest

TARGETS, THERE = 1000, 100
"""So many tags are watched, and so many of them exist: those of one repository."""
CONCURRENCY = 8
WITHIN_S = 150
pytestmark = pytest.mark.timeout(240)

Figures = dict[str, Counter[str]]


async def figures_at(address: str) -> Figures:
    """Of each counter the values by its last label: by status, or by outcome."""
    async with aiohttp.ClientSession() as session, session.get(f"{address}/metrics") as answer:
        text = await answer.text()
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            label = sample.labels.get("status") or sample.labels.get("outcome") or ""
            found.setdefault(sample.name, Counter())[label] += int(sample.value)
    return found


def answered(registry: DockerRegistry) -> Counter[str]:
    """How often the registry's log has each class of status."""
    return Counter(f"{status // 100}xx" for _, status in registry.answers())


async def fill(registry: DockerRegistry) -> None:
    [repository] = {name_of(number)[0] for number in range(1, THERE + 1)}
    amd64 = await push_manifest(registry.url, repository, None, "linux/amd64")
    for number in range(1, THERE + 1):
        await push_index(registry.url, repository, name_of(number)[1], [amd64])
    registry.clear_requests()


def settings_for(config: Path) -> Settings:
    config = with_lines(config, "[server]", "enabled = true", "port = 0")
    config.write_text(config.read_text().replace('"docker.io"', f'"{REGISTRY}"'))
    slow = {"ARCHBELL_SCHEDULE__FAST_S": "3600", "ARCHBELL_SCHEDULE__MIN_S": "3600"}
    return load_settings(config, slow)


async def test_a_thousand_polled_tags_are_counted_as_the_registry_counts_them(
    docker_registry_factory: StartRegistry, write_config: WriteConfig, tmp_path: Path
) -> None:
    registry = await docker_registry_factory()
    await fill(registry)
    await asyncio.to_thread(seed, tmp_path / "bot.db", TARGETS)
    settings = settings_for(write_config(registry.url, f"concurrency = {CONCURRENCY}"))
    roles = frozenset({Role.LOOKS, Role.WEB})
    async with assembled(settings, World(), roles=roles) as bot, asyncio.TaskGroup() as group:
        running = group.create_task(bot.run())
        address = await bot.served_at()
        async with asyncio.timeout(WITHIN_S):
            meanwhile = await compared_until_the_end(registry, address)
        at_the_end = await figures_at(address)
        bot.stop()
        await running

    # What is under way at the moment of the question is in the log and not yet in the figures.
    for before, counted, after in meanwhile:
        assert before - CONCURRENCY <= counted <= after
    assert len(meanwhile) > 1, "asked while it was polling"
    requests = at_the_end["archbell_registry_requests_total"]
    assert {status: count for status, count in requests.items() if count} == answered(registry)
    assert looks(at_the_end) == {"present": THERE, "tag_missing": TARGETS - THERE}
    assert sum(at_the_end["archbell_look_duration_seconds_count"].values()) == TARGETS
    assert len(heads_of_tags(registry)) == TARGETS
    assert sum(at_the_end["archbell_targets_due"].values()) == 0
    assert sum(at_the_end["archbell_due_lag_seconds"].values()) == 0


async def compared_until_the_end(
    registry: DockerRegistry, address: str
) -> list[tuple[int, int, int]]:
    """Requests in the log, in the figures a moment later, and in the log once more, and so on."""
    found: list[tuple[int, int, int]] = []
    while True:
        before = answered(registry).total()
        figures = await figures_at(address)
        counted = figures.get("archbell_registry_requests_total", Counter()).total()
        found.append((before, counted, answered(registry).total()))
        if looks(figures).total() >= TARGETS:
            return found
        await asyncio.sleep(0.5)


def looks(figures: Figures) -> Counter[str]:
    return figures.get("archbell_looks_total", Counter())


def heads_of_tags(registry: DockerRegistry) -> set[str]:
    """The tags that were asked for."""
    pattern = re.compile(r"HEAD /v2/team/image-\d+/manifests/(\d+)")
    return {found[1] for found in map(pattern.fullmatch, registry.requests()) if found}
