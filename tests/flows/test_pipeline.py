"""What the build system and GitHub are asked, by whom, and what becomes of it when they fail."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.core.errors import StoreBusy, TroubleKind
from bot.core.estimate import OFFICIAL_BUILD
from bot.core.evidence import Evidence, Failed, Said, Source
from bot.core.model import Observation, Place, Trouble
from bot.core.platform import Platform
from bot.core.progress import Stage
from bot.core.reason import Reason, ReasonCode
from bot.core.reference import Reference, parse_reference
from bot.flows.explain import Explainer
from bot.flows.look import Look
from bot.flows.pipeline import EVERY_S, Pipeline, keep_records_for_ever
from bot.flows.question import Depth, Question
from bot.store.database import SqlStore
from tests.support.build_system import BuildSystem
from tests.support.decisions import AMD64, ARM64, NOW, missing, present
from tests.support.listings import listing
from tests.support.planned_official import PlannedOfficial
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock
from tests.support.stores import TEAM, add, new_watch
from tests.support.troubled_store import TroubledStore

NODE = parse_reference("node:22")
LIMITED = Trouble(TroubleKind.RATE_LIMITED, 429)
READ_AT = NOW - timedelta(minutes=40)


class Scene:
    """node:22 is listed for arm64 upon debian, which is queued; the registry has amd64."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.official = PlannedOfficial(self.clock)
        self.official.list("node", ["22"])
        self.official.dockerfiles["0"] = "FROM scratch\n"
        self.system = BuildSystem()
        self.debian = self.system.source("debian:trixie")
        self.node = self.system.source("node:22", upon={"debian:trixie": self.debian})
        self.registry = PlannedRegistry()
        self.registry.plan("node:22", ["linux/amd64"])
        self.registry.plan("arm64v8/node:22", None)
        self.look = Look(self.registry, clock=self.clock)
        self.explainer = Explainer(glance=self.glance, clock=self.clock, official=self.official)

    async def glance(
        self, reference: Reference, platforms: tuple[Platform, ...], *, place: Place
    ) -> Observation:
        return await self.look(
            reference, known=None, wanted=platforms, places=(place,), timeout_s=2
        )

    def record(self) -> None:
        """Have the build system's present records read."""
        self.official.records = Said(self.system.records("node"), READ_AT)

    async def reason(self, depth: Depth = Depth.EVERYTHING) -> Reason:
        seen = await self.glance(NODE, (ARM64,), place=TEAM)
        [advice] = await self.explainer(Question(NODE, seen, TEAM, depth), [ARM64])
        return advice.reason


@pytest.fixture
def scene() -> Scene:
    return Scene()


# -- what they say ---------------------------------------------------------------------------------


async def test_a_parent_that_is_on_record_costs_no_dockerfile(scene: Scene) -> None:
    build = scene.system.queue(scene.debian, "arm64v8")
    scene.record()

    reason = await scene.reason()

    assert reason.code is ReasonCode.WAITING_PARENT
    assert [(each.reference.familiar, each.build) for each in reason.awaited] == [
        ("debian:trixie", build)
    ]
    assert scene.official.asked == ["node", "records of node"]


async def test_a_build_on_record_costs_no_dockerfile(scene: Scene) -> None:
    scene.system.finish(scene.debian, "arm64v8")
    build = scene.system.queue(scene.node, "arm64v8")
    scene.record()

    reason = await scene.reason()

    assert reason.code is ReasonCode.QUEUED
    progress = reason.evidence.known_progress
    assert progress is not None
    assert (progress.stage, progress.build) == (Stage.UNFINISHED, build)
    assert (reason.gaps, scene.official.asked) == ((), ["node", "records of node"])


async def test_what_is_not_on_record_is_told_by_the_dockerfile(scene: Scene) -> None:
    scene.system.sources.pop(scene.node)
    scene.record()

    reason = await scene.reason()

    assert reason.evidence.known_progress is not None
    assert reason.evidence.known_progress.stage is Stage.NOT_TAKEN_UP
    assert "Dockerfile in 0" in scene.official.asked


async def test_at_watch_nothing_is_read_for_it(scene: Scene) -> None:
    build = scene.system.queue(scene.node, "arm64v8")
    scene.record()

    reason = await scene.reason(Depth.ADVICE)

    assert reason.evidence.known_progress is not None
    assert reason.evidence.known_progress.build == build
    assert scene.official.asked == ["node"]


async def test_whoever_wants_the_reason_alone_is_told_without(scene: Scene) -> None:
    scene.record()
    scene.official.merges["node:22"] = Said(NOW, NOW)

    reason = await scene.reason(Depth.REASON)

    assert (reason.evidence.progress, reason.evidence.merged) == (None, None)


async def test_waits_count_from_the_merge(scene: Scene) -> None:
    merged_at = NOW - timedelta(hours=3)
    scene.official.list("node", ["22"], listed_at={"22": NOW})
    scene.official.merges["node:22"] = Said(merged_at, NOW)

    reason = await scene.reason()

    assert reason.evidence.planned_since == merged_at
    assert OFFICIAL_BUILD.between(merged_at)[0] == NOW - timedelta(hours=2)


async def test_what_is_there_or_built_is_not_asked_after(scene: Scene) -> None:
    scene.record()
    scene.registry.plan("arm64v8/node:22", ["linux/arm64"])

    reason = await scene.reason()

    assert reason.code is ReasonCode.BUILT_PENDING_INDEX
    assert scene.official.asked == ["node"]


# -- what fails ------------------------------------------------------------------------------------


async def test_a_source_that_fails_is_a_gap_and_the_others_still_tell(scene: Scene) -> None:
    scene.official.records = Failed(NOW, LIMITED)
    scene.official.merges["node:22"] = Failed(NOW, LIMITED)

    reason = await scene.reason()

    assert reason.code is ReasonCode.QUEUED
    assert [gap.source for gap in reason.gaps] == [Source.BUILD_RECORDS, Source.MERGE]
    assert "Dockerfile in 0" in scene.official.asked


async def test_a_source_that_never_answers_is_given_up(scene: Scene) -> None:
    scene.record()
    scene.official.hangs |= {"records", "merges"}
    scene.explainer.pipeline_within_s = 0.01

    reason = await scene.reason()

    assert [gap.trouble for gap in reason.gaps] == [Trouble(TroubleKind.TIMED_OUT)] * 2


@pytest.mark.parametrize("reference", ["ghcr.io/a/b:1", "node@sha256:" + "a" * 64])
async def test_what_can_be_no_official_tag_is_not_asked_after(scene: Scene, reference: str) -> None:
    evidence = Evidence(parse_reference(reference), ARM64, present(AMD64))
    pipeline = Pipeline(scene.official, clock=scene.clock, within_s=5)

    assert await pipeline.known(evidence, may_ask=True) == evidence


@pytest.mark.parametrize("trouble", [None, LIMITED], ids=["fresh", "kept"])
async def test_records_of_other_images_say_nothing(scene: Scene, trouble: Trouble | None) -> None:
    scene.official.records = Said(scene.system.records("debian"), READ_AT, trouble)

    reason = await scene.reason()

    assert reason.evidence.progress == (None if trouble is None else Failed(READ_AT, LIMITED))
    assert len(reason.gaps) == (trouble is not None)


async def test_without_a_library_file_the_records_are_of_no_use(scene: Scene) -> None:
    scene.record()
    evidence = Evidence(NODE, ARM64, present(AMD64), Failed(NOW, LIMITED), missing())
    pipeline = Pipeline(scene.official, clock=scene.clock, within_s=5)

    known = await pipeline.known(evidence, may_ask=True)
    listed = replace(evidence, library=Said(listing("22"), NOW))

    assert known.progress is None
    assert (await pipeline.known(listed, may_ask=True)).progress is not None


# -- reading them in time --------------------------------------------------------------------------


@pytest.fixture
async def troubled(store: SqlStore) -> TroubledStore:
    await add(store, new_watch(NODE, platforms=[ARM64]))
    await add(store, new_watch(parse_reference("python:3"), platforms=[ARM64]))
    await add(store, new_watch(parse_reference("ghcr.io/a/b:1"), platforms=[ARM64]))
    return TroubledStore(store)


async def test_the_records_of_what_is_waited_for_are_read_in_every_round(
    scene: Scene, troubled: TroubledStore
) -> None:
    scene.record()
    rounds: list[float] = []

    async def sleep(delay_s: float) -> None:
        rounds.append(delay_s)
        if len(rounds) == 2:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await keep_records_for_ever(troubled, scene.official, sleep=sleep)

    assert scene.official.asked == ["records of node, python"] * 2
    assert rounds == [EVERY_S] * 2


async def test_a_round_that_fails_is_logged_and_followed_by_another(
    scene: Scene, troubled: TroubledStore
) -> None:
    rounds: list[float] = []

    async def sleep(delay_s: float) -> None:
        rounds.append(delay_s)
        if len(rounds) == 1:
            troubled.will_fail("listings.awaited", RuntimeError("a bug"))
        if len(rounds) == 3:
            raise TimeoutError

    troubled.will_fail("listings.awaited", StoreBusy("busy"))
    with capture_logs() as logs, pytest.raises(TimeoutError):
        await keep_records_for_ever(troubled, scene.official, sleep=sleep)

    assert [line["event"] for line in logs] == ["records_failed"] * 3
