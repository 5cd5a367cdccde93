"""What the blocks want, and what is kept while they have mistakes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.app.configured import StandingOrders, plan_of
from bot.config import Loaded, load_forgiving
from bot.core.errors import ConfigurationError, StoreBusy
from bot.core.model import TERMINAL, Event, Place
from bot.core.platform import parse_platform
from bot.core.reference import parse_reference
from bot.flows.reconcile import Plan, Reconciled
from bot.ports import Terms
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
    plan, mistakes = plan_of(load(block('"node:22", "redis:7"')))

    wanted = Terms(frozenset({ARM64}), frozenset({Event.STALE}))
    assert plan.wanted == {(NODE, TERMINAL): wanted, (REDIS, TERMINAL): wanted}
    assert mistakes == ()


def test_two_blocks_about_the_same_want_what_both_say(load: Callable[..., Loaded]) -> None:
    one = block('"node:22"', 'platforms = ["arm64"]', "stale = false")
    other = block('"node:22"', 'platforms = ["amd64"]', "rebuilds = true")

    plan, _ = plan_of(load(one, other))

    assert plan.wanted == {
        (NODE, TERMINAL): Terms(frozenset({ARM64, AMD64}), frozenset({Event.STALE, Event.REPLACED}))
    }


def test_the_images_of_a_file_are_wanted(load: Callable[..., Loaded], tmp_path: Path) -> None:
    pinned = f"redis@sha256:{'0' * 64}"
    (tmp_path / "compose.yaml").write_text(
        "services:\n  a:\n    image: node:22\n  b:\n    image: busybox:1.37\n"
        f"  c:\n    image: {pinned}\n"
    )

    plan, mistakes = plan_of(load(block('"file:compose.yaml"')))

    assert set(plan.wanted) == {(NODE, TERMINAL), (BUSYBOX, TERMINAL)}
    assert mistakes == ()


BROKEN_FILES = {
    "missing": (None, "cannot be read: No such file or directory"),
    "not text": (b"\xff\xfe\x00", "cannot be read: not UTF-8"),
    "huge": (b"# " + b"x" * 1024 * 1024, "is larger than 1 MiB, which no such file is"),
    "without images": (b"services: {}\n", "names no image whose tag can change"),
}


@pytest.mark.parametrize(("body", "why"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_file_that_says_nothing_is_named_and_ends_no_watch_of_its_places(
    load: Callable[..., Loaded], tmp_path: Path, body: bytes | None, why: str
) -> None:
    if body is not None:
        (tmp_path / "compose.yaml").write_bytes(body)

    plan, mistakes = plan_of(load(block('"redis:7"'), block('"node:22", "file:compose.yaml"')))

    assert mistakes == (f"`watch` block 2, `images` item 2: compose.yaml {why}",)
    assert set(plan.wanted) == {(NODE, TERMINAL), (REDIS, TERMINAL)}
    assert plan.is_doubtful(BUSYBOX, TERMINAL)
    assert not plan.is_doubtful(BUSYBOX, ELSEWHERE)


def test_the_images_of_a_block_with_a_mistake_go_on(load: Callable[..., Loaded]) -> None:
    bad = block('"node:22", "Foo/bar"', 'platforms = ["arm99"]')

    plan, _ = plan_of(load(bad))

    assert plan.is_doubtful(NODE, ELSEWHERE)
    assert not plan.is_doubtful(BUSYBOX, TERMINAL)


def test_without_images_the_places_of_a_block_with_a_mistake_go_on(
    load: Callable[..., Loaded],
) -> None:
    plan, _ = plan_of(load(block('"Foo/bar"', places='"terminal", "irc:x"')))

    assert plan.is_doubtful(NODE, TERMINAL)
    assert not plan.is_doubtful(NODE, ELSEWHERE)


def test_a_block_that_says_nothing_at_all_ends_no_watch(load: Callable[..., Loaded]) -> None:
    plan, _ = plan_of(load("[[watch]]\nimages = 5"))

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


async def test_what_the_database_did_not_take_is_tried_again(
    load: Callable[..., Loaded], file: Path
) -> None:
    noted = Noted(failures=1)
    standing = orders(noted, load, file, block('"node:22"'))

    async def story() -> None:
        await noted.next()
        assert await noted.next() == {"node:22"}

    await run_with(standing, story)
