"""Why a platform is missing and what to use now: each state, and each source that fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.advice import Advice
from bot.core.alternatives import Offer
from bot.core.errors import (
    Denied,
    MalformedAnswer,
    RateLimited,
    ServerTrouble,
    StoreError,
    TimedOut,
    TroubleKind,
)
from bot.core.estimate import OFFICIAL_BUILD, SHARED_INDEX, Basis
from bot.core.evidence import Source
from bot.core.library import parse_library
from bot.core.model import Observation, Place, Trouble
from bot.core.parents import Awaited
from bot.core.platform import Platform
from bot.core.reason import Freshness, ReasonCode
from bot.core.reference import Reference, parse_reference
from bot.flows.explain import MAX_LOOKS, Explainer
from bot.flows.look import Look
from bot.flows.question import Depth, Question
from bot.ports.official import KnownLibrary
from tests.support.decisions import AMD64, ARM64, NOW, S390X
from tests.support.planned_official import COMMIT, PlannedOfficial, library_text
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock
from tests.support.stores import TEAM

OLD = "1" * 40
NODE = parse_reference("node:22.15-bullseye-slim")
OWN = "arm64v8/node:22.15-bullseye-slim"
DEBIAN_OWN = "arm64v8/debian:bullseye-slim"
DEBIAN = parse_reference("debian:bullseye-slim")
TRIXIE = parse_reference("debian:trixie")
APP = parse_reference("ghcr.io/a/app:1.3")
ENTRIES = (
    ["22-bullseye-slim", "22.15-bullseye-slim", "22.15.0-bullseye-slim"],
    ["22-bookworm-slim", "22.15-bookworm-slim"],
)


class Scene:
    """A registry, docker-library and a question, each as a test plans it."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.registry = PlannedRegistry()
        self.official = PlannedOfficial(self.clock)
        self.look = Look(self.registry, clock=self.clock)
        self.explainer = Explainer(
            glance=self.glance, clock=self.clock, official=self.official, tags=self.tags
        )
        self.official.list("node", *ENTRIES)
        self.registry.plan(NODE.familiar, ["linux/amd64"])
        self.registry.plan(OWN, None)
        self.registry.plan("node:22.15-bookworm-slim", None)
        self.registry.plan("node:22-bullseye-slim", None)

    async def glance(
        self, reference: Reference, platforms: tuple[Platform, ...], *, place: Place
    ) -> Observation:
        return await self.look(
            reference, known=None, wanted=platforms, places=(place,), timeout_s=2
        )

    async def tags(self, reference: Reference, /, *, place: Place) -> tuple[str, ...]:
        return await self.registry.list_tags(reference, urgent=True)

    async def ask(self, reference: Reference = NODE, **changes: Any) -> Advice:
        [advice] = await self.ask_for([ARM64], reference, **changes)
        return advice

    async def ask_for(
        self, platforms: Sequence[Platform], reference: Reference = NODE, **changes: Any
    ) -> tuple[Advice, ...]:
        seen = await self.glance(reference, tuple(platforms), place=TEAM)
        self.registry.asked.clear()
        return await self.explainer(Question(reference, seen, TEAM, **changes), platforms)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def offers(advice: Advice) -> list[tuple[Offer, str]]:
    return [
        (each.candidate.offer, each.candidate.reference.familiar) for each in advice.alternatives
    ]


def failed_sources(advice: Advice) -> list[tuple[Source, TroubleKind | None]]:
    return [
        (gap.source, None if gap.trouble is None else gap.trouble.kind)
        for gap in advice.reason.gaps
    ]


# -- each state ------------------------------------------------------------------------------------


async def test_what_is_there_costs_no_other_look(scene: Scene) -> None:
    scene.registry.plan(NODE.familiar, [f"linux/arm64@{OLD}"])

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.PRESENT
    assert advice.reason.freshness is Freshness.MAY_BE_PREVIOUS
    assert advice.alternatives == ()
    assert scene.registry.asked == []


async def test_an_image_of_somebody_else_is_told_by_its_other_tags(scene: Scene) -> None:
    scene.registry.plan(APP.familiar, ["linux/amd64"])
    scene.registry.plan("ghcr.io/a/app:1.2", ["linux/amd64", "linux/arm64"])
    scene.registry.plan("ghcr.io/a/app:latest", ["linux/amd64"])
    scene.registry.tags["a/app"] = ["1.2", "1.3", "latest"]

    advice = await scene.ask(APP)

    assert advice.reason.code is ReasonCode.NOT_OFFICIAL
    assert advice.habit is not None
    assert [each.tag for each in advice.habit.seen] == ["latest", "1.2"]
    assert [each.tag for each in advice.habit.carrying] == ["1.2"]
    assert advice.estimates == ()
    assert offers(advice) == [(Offer.EMULATED, APP.familiar)]
    assert scene.official.asked == []


async def test_a_name_without_a_library_file_is_told_by_the_registry_alone(scene: Scene) -> None:
    reference = parse_reference("docker.io/library/nobody:1")
    scene.registry.plan("nobody:1", ["linux/amd64"])

    advice = await scene.ask(reference)

    assert advice.reason.code is ReasonCode.NOT_OFFICIAL
    assert advice.habit is None


async def test_a_tag_that_is_not_listed_any_more_is_not_looked_for(scene: Scene) -> None:
    scene.official.list("node", ["22-bullseye-slim", "22.16-bullseye-slim"])
    scene.registry.plan("node:22-bullseye-slim", [f"linux/arm64@{COMMIT}"])

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.UNLISTED
    assert advice.reason.is_retired
    assert advice.needs_a_word
    assert OWN not in scene.registry.asked
    assert offers(advice)[0] == (Offer.SAME_LINE, "node:22-bullseye-slim")


async def test_a_platform_that_is_not_planned_is_not_looked_for(scene: Scene) -> None:
    [advice] = await scene.ask_for([S390X])

    assert advice.reason.code is ReasonCode.NOT_PLANNED
    assert advice.estimates == ()
    assert scene.registry.asked == []


async def test_what_is_built_already_can_be_pulled_from_its_architecture(scene: Scene) -> None:
    scene.registry.plan(OWN, [f"linux/arm64@{COMMIT}"])

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.BUILT_PENDING_INDEX
    assert advice.estimates == (SHARED_INDEX,)
    assert offers(advice) == [(Offer.SAME_BITS, OWN)]
    assert scene.registry.asked == [OWN]


async def test_whoever_asks_why_hears_of_other_ways_too(scene: Scene) -> None:
    scene.registry.plan(OWN, [f"linux/arm64@{COMMIT}"])
    scene.registry.plan("node:22.15-bookworm-slim", [f"linux/arm64@{COMMIT}"])

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert offers(advice) == [
        (Offer.SAME_BITS, OWN),
        (Offer.OTHER_VARIANT, "node:22.15-bookworm-slim"),
        (Offer.EMULATED, NODE.familiar),
    ]


async def test_a_planned_build_that_is_nowhere_is_queued(scene: Scene) -> None:
    listed_at = NOW - timedelta(hours=1)
    scene.official.list("node", *ENTRIES, listed_at={"22.15-bullseye-slim": listed_at})
    scene.registry.plan("node:22-bullseye-slim", [f"linux/arm64@{OLD}"])

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.QUEUED
    assert advice.reason.evidence.listed_since == listed_at
    assert advice.estimates == (OFFICIAL_BUILD,)
    assert offers(advice) == [
        (Offer.SAME_LINE, "node:22-bullseye-slim"),
        (Offer.EMULATED, NODE.familiar),
    ]
    assert advice.alternatives[0].freshness is Freshness.MAY_BE_PREVIOUS
    assert not any("Dockerfile" in each for each in scene.official.asked)


async def test_own_waits_come_after_what_is_known_of_all_images(scene: Scene) -> None:
    async def waits(*_: object, **__: object) -> list[timedelta]:
        return [timedelta(minutes=40)] * 6

    scene.explainer.waits = waits

    advice = await scene.ask()

    general, own = advice.estimates
    assert general == OFFICIAL_BUILD
    assert (own.basis, own.sample) == (Basis.OWN_WAITS, 6)


async def test_the_next_run_is_told_of_what_is_on_its_way(scene: Scene) -> None:
    run_at = NOW + timedelta(minutes=80)

    async def next_run(reference: Reference, *, place: Place) -> datetime | None:
        return run_at if (reference, place) == (NODE, TEAM) else None

    scene.explainer.next_run = next_run

    queued = await scene.ask()
    scene.registry.plan(OWN, [f"linux/arm64@{COMMIT}"])
    built = await scene.ask()
    [not_planned] = await scene.ask_for([S390X])

    assert [each.reason.code for each in (queued, built, not_planned)] == [
        ReasonCode.QUEUED,
        ReasonCode.BUILT_PENDING_INDEX,
        ReasonCode.NOT_PLANNED,
    ]
    assert [each.next_run for each in (queued, built, not_planned)] == [run_at, run_at, None]


async def test_at_most_a_few_alternatives_are_looked_at(scene: Scene) -> None:
    variants = [[f"22.15-alpine3.{number}"] for number in range(20)]
    scene.official.list("node", *ENTRIES, *variants)
    for tag in ("alpine3.0", "alpine3.1", "bookworm-slim"):
        scene.registry.plan(f"node:22.15-{tag}", None)

    await scene.ask()

    assert len(scene.registry.asked) == 1 + MAX_LOOKS[Depth.ADVICE]


async def test_whoever_wants_the_reason_alone_costs_one_look(scene: Scene) -> None:
    advice = await scene.ask(depth=Depth.REASON)

    assert advice.reason.code is ReasonCode.QUEUED
    assert advice.estimates == (OFFICIAL_BUILD,)
    assert scene.registry.asked == [OWN]


async def test_whoever_wants_the_reason_alone_does_not_ask_for_other_tags(scene: Scene) -> None:
    scene.registry.plan(APP.familiar, ["linux/amd64"])

    advice = await scene.ask(APP, depth=Depth.REASON)

    assert advice.habit is None
    assert scene.registry.asked == []


async def test_platforms_are_explained_each_by_itself(scene: Scene) -> None:
    arm64, s390x, amd64 = await scene.ask_for([ARM64, S390X, AMD64])

    assert arm64.reason.code is ReasonCode.QUEUED
    assert s390x.reason.code is ReasonCode.NOT_PLANNED
    assert amd64.reason.code is ReasonCode.PRESENT
    assert scene.official.asked == ["node"]


# -- parents ---------------------------------------------------------------------------------------


def stage(
    scene: Scene, debian: Sequence[str] | None, *, changed_h: float = 1, text: str | None = None
) -> None:
    """A Dockerfile from debian, which changed lately and has this build."""
    scene.official.dockerfiles["0"] = text or "FROM debian:bullseye-slim\n"
    scene.official.list(
        "debian", ["bullseye-slim"], changed_at=NOW - timedelta(hours=changed_h), commit="d" * 40
    )
    scene.registry.plan(DEBIAN_OWN, debian)


async def test_a_parent_that_is_not_built_is_waited_for(scene: Scene) -> None:
    stage(scene, None)

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.WAITING_PARENT
    assert advice.reason.awaited == (Awaited(DEBIAN, NOW - timedelta(hours=1), missing=True),)
    [estimate] = advice.estimates
    assert estimate.low == OFFICIAL_BUILD.low + timedelta(hours=1)


async def test_a_parent_that_is_being_replaced_is_waited_for(scene: Scene) -> None:
    stage(scene, [f"linux/arm64@{OLD}"])

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.WAITING_PARENT
    assert not advice.reason.awaited[0].missing


async def test_parents_that_are_built_are_not_waited_for(scene: Scene) -> None:
    stage(scene, [f"linux/arm64@{'d' * 40}"])

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.QUEUED
    assert advice.reason.gaps == ()


async def test_a_parents_parent_is_waited_for_too(scene: Scene) -> None:
    scene.official.dockerfiles["0"] = "FROM buildpack-deps:trixie\n"
    scene.official.list("buildpack-deps", ["x"], ["trixie"], commit="b" * 40)
    scene.registry.plan("arm64v8/buildpack-deps:trixie", [f"linux/arm64@{'b' * 40}"])
    scene.official.dockerfiles["1"] = "FROM debian:trixie\n"
    scene.official.list("debian", ["trixie"], changed_at=NOW)
    scene.registry.plan("arm64v8/debian:trixie", None)

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert [each.reference for each in advice.reason.awaited] == [TRIXIE]


async def test_an_image_that_is_no_official_one_is_no_parent_to_wait_for(scene: Scene) -> None:
    scene.official.dockerfiles["0"] = "FROM mcr.microsoft.com/windows/nanoserver:1\n"

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.QUEUED
    assert scene.official.asked == ["node", "Dockerfile in 0"]


async def test_a_parent_that_is_not_built_for_the_platform_is_not_looked_at(scene: Scene) -> None:
    scene.official.dockerfiles["0"] = "FROM debian:bullseye-slim\n"
    scene.official.list("debian", ["bullseye-slim"], architectures="amd64")

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.QUEUED
    assert DEBIAN_OWN not in scene.registry.asked


async def test_a_finished_image_has_no_parent(scene: Scene) -> None:
    text = library_text(*ENTRIES).replace("GitRepo:", "Builder: oci-import\nGitRepo:")
    listed = replace(scene.official.libraries["node"].answer, value=parse_library(text))  # type: ignore[type-var]
    scene.official.libraries["node"] = KnownLibrary(listed)

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.QUEUED
    assert advice.reason.gaps == ()
    assert scene.official.asked == ["node"]


@pytest.mark.parametrize(
    "dockerfile",
    [
        pytest.param(None, id="not to be had"),
        pytest.param("FROM $WHATEVER\n", id="depends on who builds"),
    ],
)
async def test_parents_that_cannot_be_known_are_a_gap(scene: Scene, dockerfile: str | None) -> None:
    scene.official.dockerfiles["0"] = dockerfile

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.QUEUED
    assert failed_sources(advice) == [(Source.DOCKERFILE, None)]


async def test_of_many_parents_only_some_are_asked_for(scene: Scene) -> None:
    names = [f"parent-{number}" for number in range(20)]
    text = "".join(f"FROM {name}:1\n" for name in names)
    stage(scene, None, text=text)
    for name in names:
        scene.official.list(name, ["1"])
        scene.registry.plan(f"arm64v8/{name}:1", ["linux/arm64"])

    await scene.ask(depth=Depth.EVERYTHING)

    assert len([each for each in scene.official.asked if each.startswith("parent")]) == 6


# -- each source that fails ------------------------------------------------------------------------


async def test_a_tag_that_cannot_be_looked_at_is_not_explained(scene: Scene) -> None:
    scene.registry.plan(NODE.familiar, RateLimited("docker.io", "slower", http_status=429))

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.UNKNOWN
    assert failed_sources(advice) == [(Source.INDEX, TroubleKind.RATE_LIMITED)]
    assert scene.registry.asked == []
    assert scene.official.asked == []


async def test_without_the_library_file_the_reason_is_unknown_and_what_is_built_is_told(
    scene: Scene,
) -> None:
    scene.official.libraries.clear()
    scene.official.fail("node")
    scene.registry.plan(OWN, ["linux/arm64"])

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.UNKNOWN
    assert failed_sources(advice) == [(Source.LIBRARY, TroubleKind.RATE_LIMITED)]
    assert offers(advice) == [(Offer.SAME_BITS, OWN)]


async def test_a_kept_library_file_still_tells_what_is_planned(scene: Scene) -> None:
    scene.official.fail("node", Trouble(TroubleKind.UNREACHABLE))

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.QUEUED
    assert (Source.LIBRARY, TroubleKind.UNREACHABLE) in failed_sources(advice)


async def test_a_library_file_that_never_comes_is_given_up(scene: Scene) -> None:
    scene.explainer.library_within_s = 0.01
    scene.official.hangs.add("node")

    advice = await scene.ask()

    assert failed_sources(advice) == [(Source.LIBRARY, TroubleKind.TIMED_OUT)]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimited("docker.io", "slower"), TroubleKind.RATE_LIMITED),
        (ServerTrouble("docker.io", "500"), TroubleKind.SERVER_ERROR),
        (TimedOut("docker.io", "slow"), TroubleKind.TIMED_OUT),
        (Denied("docker.io", "401"), TroubleKind.DENIED),
        (MalformedAnswer("docker.io", "odd"), TroubleKind.MALFORMED),
    ],
)
async def test_without_the_architectures_tag_the_reason_is_unknown(
    scene: Scene, error: Exception, kind: TroubleKind
) -> None:
    scene.registry.plan(OWN, error)

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.UNKNOWN
    assert failed_sources(advice) == [(Source.ARCHITECTURE_TAG, kind)]


async def test_without_the_dockerfile_the_reason_is_unknown(scene: Scene) -> None:
    scene.official.dockerfiles["0"] = Trouble(TroubleKind.SERVER_ERROR, 500)

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.UNKNOWN
    assert failed_sources(advice) == [(Source.DOCKERFILE, TroubleKind.SERVER_ERROR)]


async def test_a_dockerfile_that_never_comes_is_given_up(scene: Scene) -> None:
    scene.explainer.ancestors_within_s = 0.01
    scene.official.hangs.add("0")

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert failed_sources(advice) == [(Source.DOCKERFILE, TroubleKind.TIMED_OUT)]


async def test_without_a_parents_library_file_the_reason_is_unknown(scene: Scene) -> None:
    stage(scene, None)
    scene.official.libraries.pop("debian")
    scene.official.fail("debian")

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert failed_sources(advice) == [(Source.LIBRARY, TroubleKind.RATE_LIMITED)]


async def test_alternatives_that_cannot_be_looked_at_are_not_offered(scene: Scene) -> None:
    trouble = ServerTrouble("docker.io", "500")
    scene.registry.plan("node:22.15-bookworm-slim", trouble)
    scene.registry.plan("node:22-bullseye-slim", trouble)

    advice = await scene.ask()

    assert advice.reason.code is ReasonCode.QUEUED
    assert offers(advice) == [(Offer.EMULATED, NODE.familiar)]


async def test_when_it_is_switched_off_nothing_is_asked(scene: Scene) -> None:
    scene.official.is_enabled = False

    advice = await scene.ask(depth=Depth.EVERYTHING)

    assert advice.reason.code is ReasonCode.UNKNOWN
    assert failed_sources(advice) == [(Source.LIBRARY, None)]
    assert offers(advice) == [(Offer.EMULATED, NODE.familiar)]
    assert scene.registry.asked == []
    assert scene.official.asked == []


async def test_an_error_of_the_store_is_what_the_asker_sees(scene: Scene) -> None:
    async def broken(*_: object, **__: object) -> Observation:
        raise StoreError("no")

    scene.explainer.glance = broken

    with pytest.raises(StoreError):
        await scene.ask()


async def test_whoever_is_stopped_stops_all_looks(scene: Scene) -> None:
    never = asyncio.Event()
    scene.registry.plan(OWN, never)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await scene.ask()

    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
