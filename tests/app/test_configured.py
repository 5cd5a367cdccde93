"""What the blocks want, and what is kept while they have mistakes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.configured import StandingOrders, plan_of
from bot.app.image_files import MOST_TOLD
from bot.config import Loaded, load_forgiving
from bot.core.errors import ConfigurationError, StoreBusy
from bot.core.model import TERMINAL, Event, Place
from bot.core.platform import Platform, parse_platform
from bot.core.reference import parse_reference
from bot.flows.reconcile import Plan, Reconciled
from bot.ports.configured import Terms
from tests.support.stores import NOW

ARM64, AMD64 = parse_platform("arm64"), parse_platform("amd64")
NODE, BUSYBOX, REDIS = map(parse_reference, ("node:22", "busybox:1.37", "redis:7"))
ELSEWHERE = Place("slack", "C1")


def block(images: str, *more: str, places: str = '"terminal"') -> str:
    return "\n".join(("[[watch]]", f"images = [{images}]", f"places = [{places}]", *more, ""))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture
def load(file: Path) -> Callable[..., Loaded]:
    def write_and_load(*blocks: str) -> Loaded:
        file.write_text("\n".join(blocks), encoding="utf-8")
        return load_forgiving(file, {})

    return write_and_load


def test_each_image_is_wanted_in_each_place(load: Callable[..., Loaded]) -> None:
    plan, mistakes, _ = plan_of(load(block('"node:22", "redis:7"')))

    wanted = Terms(frozenset({ARM64}), frozenset({Event.STALE}))
    assert plan.wanted == {(NODE, TERMINAL): wanted, (REDIS, TERMINAL): wanted}
    assert mistakes == ()


def test_what_is_wanted_knows_the_names_of_its_blocks(load: Callable[..., Loaded]) -> None:
    one = block('"node:22", "node:22.*"', 'name = "shop"')
    other = block('"node:22"', 'name = "till"')

    plan, _, _ = plan_of(load(one, other, block('"redis:7"')))

    assert plan.called == {
        (NODE, TERMINAL): ("shop", "till"),
        (replace(NODE, tag=None), "22.*", TERMINAL): ("shop",),
        (REDIS, TERMINAL): (),
    }


def test_two_blocks_about_the_same_want_what_both_say(load: Callable[..., Loaded]) -> None:
    one = block('"node:22"', 'platforms = ["arm64"]', "stale = false")
    other = block('"node:22"', 'platforms = ["amd64"]', "rebuilds = true")

    plan, _, _ = plan_of(load(one, other))

    assert plan.wanted == {
        (NODE, TERMINAL): Terms(frozenset({ARM64, AMD64}), frozenset({Event.STALE, Event.REPLACED}))
    }


def test_the_images_of_a_file_are_wanted(load: Callable[..., Loaded], tmp_path: Path) -> None:
    pinned = f"redis@sha256:{'0' * 64}"
    (tmp_path / "compose.yaml").write_text(
        "services:\n  a:\n    image: node:22\n  b:\n    image: busybox:1.37\n"
        f"  c:\n    image: {pinned}\n"
    )

    plan, mistakes, _ = plan_of(load(block('"file:compose.yaml"')))

    assert set(plan.wanted) == {(NODE, TERMINAL), (BUSYBOX, TERMINAL)}
    assert mistakes == ()


BROKEN_FILES = {
    "missing": (None, ": not read: it cannot be read"),
    "not text": (b"\xff\xfe\x00", ": not read: it is not UTF-8 text"),
    "huge": (b"# " + b"x" * 1024 * 1024, ": not read: it is larger than such files are"),
    "no YAML": (b"services:\n  a: {image: [\n", ":3: not read: it is no valid YAML"),
    "template": (
        b"services:\n  a:\n    image: {{ .a }}:{{ .b }}\n",
        ":3: not read: it is a template: name the file that it is rendered to",
    ),
    "without images": (b"services: {}\n", ": names no image whose tag can change"),
}


@pytest.mark.parametrize(("body", "why"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_file_that_says_nothing_is_named_and_ends_no_watch_of_its_places(
    load: Callable[..., Loaded], tmp_path: Path, body: bytes | None, why: str
) -> None:
    if body is not None:
        (tmp_path / "compose.yaml").write_bytes(body)

    plan, mistakes, _ = plan_of(load(block('"redis:7"'), block('"node:22", "file:compose.yaml"')))

    assert mistakes == (f"`watch` block 2, `images` item 2: compose.yaml{why}",)
    assert set(plan.wanted) == {(NODE, TERMINAL), (REDIS, TERMINAL)}
    assert plan.is_doubtful(BUSYBOX, TERMINAL)
    assert not plan.is_doubtful(BUSYBOX, ELSEWHERE)


def watched_in(
    load: Callable[..., Loaded], tmp_path: Path, name: str, body: str
) -> dict[str, frozenset[Platform]]:
    (tmp_path / name).write_text(body)
    plan, mistakes, gaps = plan_of(load(block(f'"file:{name}"', 'platforms = ["arm64"]')))
    assert (mistakes, gaps) == ((), ())
    return {reference.familiar: terms.platforms for (reference, _), terms in plan.wanted.items()}


DOCKERFILE = """\
ARG MAJOR=22
FROM --platform=$BUILDPLATFORM golang:1.25 AS build
FROM node:${MAJOR}-slim AS base
FROM --platform=linux/amd64 redis:7
FROM base
COPY --from=build /a /a
COPY --from=busybox:1.37 /bin/sh /bin/sh
"""


def test_a_dockerfile_is_read_as_builders_read_it(
    load: Callable[..., Loaded], tmp_path: Path
) -> None:
    assert watched_in(load, tmp_path, "Dockerfile", DOCKERFILE) == {
        "node:22-slim": {ARM64},
        "redis:7": {AMD64},
        "busybox:1.37": {ARM64},
    }


COMPOSE = """\
x-usual: &usual
  image: node:${NODE:-22}
services:
  a: {<<: *usual}
  b:
    image: "busybox:${BUSYBOX}"
  c:
    image: redis:7
    platform: linux/amd64
  d:
    image: mine:1
    build: .
"""


@pytest.mark.parametrize("name", ["compose.yaml", "stack.yaml"])
def test_a_compose_file_is_read_as_compose_reads_it(
    load: Callable[..., Loaded], tmp_path: Path, name: str
) -> None:
    (tmp_path / ".env").write_text("BUSYBOX=1.37\n")

    assert watched_in(load, tmp_path, name, COMPOSE) == {
        "node:22": {ARM64},
        "busybox:1.37": {ARM64},
        "redis:7": {AMD64},
    }


def test_a_manifest_is_read_as_a_cluster_reads_it(
    load: Callable[..., Loaded], tmp_path: Path
) -> None:
    pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, image: node:22}\n"
    note = "---\napiVersion: v1\nkind: ConfigMap\ndata:\n  image: redis:7\n"

    assert watched_in(load, tmp_path, "a.yaml", pod + note) == {"node:22": {ARM64}}


def test_what_only_the_builder_runs_is_no_mistake(
    load: Callable[..., Loaded], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM --platform=$BUILDPLATFORM node:22\nFROM scratch\n")

    plan, mistakes, gaps = plan_of(load(block('"file:Dockerfile"')))

    assert (plan.wanted, mistakes, gaps) == ({}, (), ())


def test_a_name_that_the_file_leaves_open_is_told_and_ends_no_watch_of_its_places(
    load: Callable[..., Loaded], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nFROM node:22\n")

    plan, mistakes, gaps = plan_of(load(block('"file:Dockerfile"')))

    assert set(plan.wanted) == {(NODE, TERMINAL)}
    assert mistakes == ()
    assert gaps == (
        "`watch` block 1, `images` item 1: Dockerfile:2: not watched: "
        "the file alone does not say which image is meant",
    )
    assert plan.is_doubtful(BUSYBOX, TERMINAL)
    assert not plan.is_doubtful(BUSYBOX, ELSEWHERE)


def test_of_very_many_names_that_a_file_leaves_open_some_are_told(
    load: Callable[..., Loaded], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM ${BASE}\n" * (MOST_TOLD + 3))

    _, _, gaps = plan_of(load(block('"file:Dockerfile"')))

    assert len(gaps) == MOST_TOLD + 1
    assert gaps[-1].endswith("Dockerfile: and 3 more like that")


def test_the_images_of_a_block_with_a_mistake_go_on(load: Callable[..., Loaded]) -> None:
    bad = block('"node:22", "Foo/bar"', 'platforms = ["arm99"]')

    plan, _, _ = plan_of(load(bad))

    assert plan.is_doubtful(NODE, ELSEWHERE)
    assert not plan.is_doubtful(BUSYBOX, TERMINAL)


def test_without_images_the_places_of_a_block_with_a_mistake_go_on(
    load: Callable[..., Loaded],
) -> None:
    plan, _, _ = plan_of(load(block('"Foo/bar"', places='"terminal", "irc:x"')))

    assert plan.is_doubtful(NODE, TERMINAL)
    assert not plan.is_doubtful(NODE, ELSEWHERE)


def test_a_block_that_says_nothing_at_all_ends_no_watch(load: Callable[..., Loaded]) -> None:
    plan, _, _ = plan_of(load("[[watch]]\nimages = 5"))

    assert plan.is_doubtful(NODE, ELSEWHERE)


class Noted:
    """A reconciler that only notes what it was asked for; it fails as often as it is told."""

    def __init__(self, *, failures: int = 0) -> None:
        self.plans: list[Plan] = []
        self.asked = asyncio.Event()
        self._failures = failures

    async def __call__(self, plan: Plan) -> Reconciled:
        self.plans.append(plan)
        self.asked.set()
        if len(self.plans) <= self._failures:
            raise StoreBusy("busy")
        return Reconciled()

    async def next(self) -> set[str]:
        """The images of the next plan."""
        await self.asked.wait()
        self.asked.clear()
        return {reference.familiar for reference, _ in self.plans[-1].wanted}


def orders(noted: Noted, load: Callable[..., Loaded], file: Path, *blocks: str) -> StandingOrders:
    return StandingOrders(
        load(*blocks),
        load=lambda: load_forgiving(file, {}),
        reconcile=noted,
        clock=lambda: NOW,
        every_s=0.01,
    )


async def run_with(standing: StandingOrders, story: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(standing.run())
        await story()
        running.cancel()


async def test_a_reload_reads_the_blocks_again(load: Callable[..., Loaded], file: Path) -> None:
    noted = Noted()
    standing = orders(noted, load, file, block('"node:22"'))

    async def story() -> None:
        assert await noted.next() == {"node:22"}
        load(block('"redis:7"'))
        standing.reload()
        assert await noted.next() == {"redis:7"}
        with pytest.raises(ConfigurationError):
            load("no toml")
        standing.reload()
        assert await noted.next() == {"redis:7"}, "what was read before holds"

    await run_with(standing, story)


async def test_a_file_that_has_changed_is_read_again(
    load: Callable[..., Loaded], file: Path, tmp_path: Path
) -> None:
    noted = Noted()
    named = tmp_path / "Dockerfile"
    named.write_text("FROM node:22\n")
    standing = orders(noted, load, file, block('"file:Dockerfile"'))

    async def story() -> None:
        assert await noted.next() == {"node:22"}
        fresh = tmp_path / "fresh"
        fresh.write_text("FROM redis:7\n")
        fresh.replace(named)
        assert await noted.next() == {"redis:7"}

    await run_with(standing, story)


async def test_a_compose_file_is_read_again_when_its_values_have_changed(
    load: Callable[..., Loaded], file: Path, tmp_path: Path
) -> None:
    noted = Noted()
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'node:${NODE:-22}'}}\n")
    standing = orders(noted, load, file, block('"file:compose.yaml"'))

    async def story() -> None:
        assert await noted.next() == {"node:22"}
        fresh = tmp_path / "fresh"
        fresh.write_text("NODE=24\n")
        fresh.replace(tmp_path / ".env")
        assert await noted.next() == {"node:24"}

    await run_with(standing, story)


async def test_what_the_database_did_not_take_is_tried_again(
    load: Callable[..., Loaded], file: Path
) -> None:
    noted = Noted(failures=1)
    standing = orders(noted, load, file, block('"node:22"'))

    async def story() -> None:
        await noted.next()
        assert await noted.next() == {"node:22"}

    await run_with(standing, story)
