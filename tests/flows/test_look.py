"""One look, over a registry on a real socket: what it makes of every kind of tag and trouble."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest

from bot.core.access import LoginScope, Permits
from bot.core.errors import Denied, RegistryError, ServerTrouble, TroubleKind
from bot.core.model import Entry, Observation, Status, Trouble
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.look import Look
from bot.flows.remembered import (
    MAX_REMEMBERED_CONFIGS,
    MAX_REMEMBERED_FAILURES,
    MAX_REMEMBERED_TAGS,
    Configs,
    Shown,
    Undated,
)
from bot.net.sessions import Timeouts
from bot.ports.registry import FetchedManifest, ManifestAbsent
from bot.registry.client import RegistryClient
from tests.support.images import MediaTypes
from tests.support.registry_client import NOW, Connection, connected, no_chance, reference_to
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.stores import TEAM

APP = "team/app"
TAG = reference_to("registry.test/team/app:1")
HEAD = "HEAD /v2/team/app/manifests/1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
S390X, RISCV = Platform("linux", "s390x"), Platform("linux", "riscv64")
OCI, DOCKER = MediaTypes.OCI, MediaTypes.DOCKER
NOWHERE = f"sha256:{'0' * 64}"


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as served:
        yield served


@pytest.fixture
async def connection(registry: ScriptedRegistry) -> AsyncIterator[Connection]:
    timeouts = Timeouts(connect_s=2, read_s=2, total_s=5)
    async with connected(registry.settings(), timeouts=timeouts) as opened:
        yield opened


@pytest.fixture
def look(connection: Connection) -> Look:
    return Look(connection.client, clock=connection.clock)


def head(digest: str) -> str:
    return f"HEAD /v2/team/app/manifests/{digest}"


def get(digest: str) -> str:
    return f"GET /v2/team/app/manifests/{digest}"


def entry(
    digest: str,
    platform: str | None = None,
    *,
    media_type: str = OCI.manifest,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An entry of an index; platform as os/architecture, None: it says nothing about it."""
    names = dict(zip(("os", "architecture"), (platform or "").split("/"), strict=False))
    return {
        "mediaType": media_type,
        "digest": digest,
        "size": 7,
        **({"platform": names} if platform else {}),
        **({"annotations": dict(annotations)} if annotations else {}),
    }


def push_index(
    registry: ScriptedRegistry,
    tag: str | None,
    *entries: dict[str, Any],
    media_type: str = OCI.index,
) -> str:
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries)}
    return registry.push_manifest(APP, tag, content, media_type)


def push_nameless(registry: ScriptedRegistry, *platforms: str) -> list[dict[str, Any]]:
    """Images whose index entries do not say what they are for."""
    return [entry(registry.push_image(APP, None, platform)) for platform in platforms]


# -- indexes --------------------------------------------------------------------------------------


async def test_of_an_index_only_the_wanted_child_is_asked_for(
    registry: ScriptedRegistry, look: Look
) -> None:
    pushed = registry.push_index(APP, "1", ["linux/amd64", "linux/arm64"])
    child = pushed.children["linux/arm64"]

    seen = await look(TAG, known=None, wanted={ARM64})

    assert (seen.status, seen.digest, seen.trouble) == (Status.PRESENT, pushed.digest, None)
    assert seen.entries == {
        AMD64: Entry(pushed.children["linux/amd64"]),
        ARM64: Entry(child, reachable=True),
    }
    assert registry.requests == [HEAD, get(pushed.digest), head(child)]


async def test_dockers_list_is_an_index_too(registry: ScriptedRegistry, look: Look) -> None:
    child = registry.push_image(APP, None, "linux/arm64")
    listed = entry(child, "linux/arm64", media_type=DOCKER.manifest)
    push_index(registry, "1", listed, media_type=DOCKER.index)

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.offers(ARM64) == Entry(child, reachable=True)


async def test_a_platform_that_is_not_listed_is_absent_and_asks_for_no_child(
    registry: ScriptedRegistry, look: Look
) -> None:
    pushed = registry.push_index(APP, "1", ["linux/amd64"])

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.is_clear
    assert seen.offers(ARM64) is None
    assert registry.requests == [HEAD, get(pushed.digest)]


async def test_an_empty_index_is_a_tag_without_platforms(
    registry: ScriptedRegistry, look: Look
) -> None:
    digest = push_index(registry, "1")

    seen = await look(TAG, known=None, wanted={ARM64})

    assert (seen.status, seen.digest, seen.entries) == (Status.PRESENT, digest, {})


async def test_attestations_are_no_platforms(registry: ScriptedRegistry, look: Look) -> None:
    image = registry.push_image(APP, None, "linux/amd64")
    marks = {"vnd.docker.reference.type": "attestation-manifest"}
    push_index(
        registry,
        "1",
        entry(image, "linux/amd64"),
        entry(NOWHERE, "unknown/unknown", annotations=marks),
        entry(NOWHERE, "unknown/unknown"),
    )

    seen = await look(TAG, known=None, wanted=())

    assert list(seen.entries) == [AMD64]


async def test_of_two_entries_for_a_platform_the_first_counts(
    registry: ScriptedRegistry, look: Look
) -> None:
    first = registry.push_image(APP, None, "linux/arm64", build="1")
    second = registry.push_image(APP, None, "linux/arm64", build="2")
    push_index(registry, "1", entry(first, "linux/arm64"), entry(second, "linux/arm64"))

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.offers(ARM64) == Entry(first, reachable=True)


async def test_what_the_publisher_says_of_a_build_is_kept(
    registry: ScriptedRegistry, look: Look
) -> None:
    child = registry.push_image(APP, None, "linux/arm64")
    annotations = {
        "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
        "org.opencontainers.image.revision": "f00d",
    }
    push_index(registry, "1", entry(child, "linux/arm64", annotations=annotations))

    seen = await look(TAG, known=None, wanted=())

    assert seen.entries[ARM64].created == datetime(2026, 1, 1, tzinfo=UTC)
    assert seen.entries[ARM64].revision == "f00d"


# -- looking again --------------------------------------------------------------------------------


async def test_an_unchanged_tag_costs_one_head_and_keeps_what_is_known(
    registry: ScriptedRegistry, look: Look, connection: Connection
) -> None:
    registry.push_index(APP, "1", ["linux/amd64", "linux/arm64"])
    known = await look(TAG, known=None, wanted={ARM64})
    registry.clear()
    connection.clock.forward(60)

    seen = await look(TAG, known=known, wanted={ARM64, S390X})

    assert seen.entries == known.entries
    assert seen.observed_at == NOW + timedelta(seconds=60)
    assert registry.requests == [HEAD]


async def test_a_child_served_before_is_not_asked_for_when_the_index_grows(
    registry: ScriptedRegistry, look: Look
) -> None:
    registry.push_index(APP, "1", ["linux/arm64"])
    known = await look(TAG, known=None, wanted={ARM64})
    grown = registry.push_index(APP, "1", ["linux/arm64", "linux/s390x"])
    registry.clear()

    seen = await look(TAG, known=known, wanted={ARM64})

    assert seen.offers(ARM64) is not None
    assert registry.requests == [HEAD, get(grown.digest)]


async def test_a_listed_child_that_is_not_served_does_not_count_until_it_is(
    registry: ScriptedRegistry, look: Look
) -> None:
    pushed = registry.push_index(APP, "1", ["linux/amd64", "linux/arm64"])
    child = pushed.children["linux/arm64"]
    registry.delete(APP, child)

    dangling = await look(TAG, known=None, wanted={ARM64})
    registry.push_image(APP, None, "linux/arm64")
    registry.clear()
    arrived = await look(TAG, known=dangling, wanted={ARM64})

    assert dangling.listed(ARM64) == (ARM64, Entry(child, reachable=False))
    assert dangling.offers(ARM64) is None
    assert arrived.offers(ARM64) == Entry(child, reachable=True)
    assert registry.requests == [HEAD, head(child)]


async def test_a_child_that_cannot_be_asked_for_makes_all_unknown_and_nothing_absent(
    registry: ScriptedRegistry, look: Look
) -> None:
    pushed = registry.push_index(APP, "1", ["linux/amd64", "linux/arm64"])
    busy = Answer(503, headers={"Retry-After": "30"})
    registry.will_answer(busy, to=head(pushed.children["linux/arm64"]))

    seen = await look(TAG, known=None, wanted={ARM64})

    retry_at = NOW + timedelta(seconds=30)
    assert seen.status is Status.UNKNOWN
    assert seen.trouble == Trouble(TroubleKind.OVERLOADED, 503, retry_at)
    assert seen.entries == {}


async def test_a_tag_that_came_is_present_and_one_that_went_is_missing(
    registry: ScriptedRegistry, look: Look
) -> None:
    registry.knows(APP)

    before = await look(TAG, known=None, wanted={ARM64})
    registry.push_index(APP, "1", ["linux/arm64"])
    there = await look(TAG, known=before, wanted={ARM64})
    registry.delete(APP, "1")
    after = await look(TAG, known=there, wanted={ARM64})

    assert [seen.status for seen in (before, there, after)] == [
        Status.TAG_MISSING,
        Status.PRESENT,
        Status.TAG_MISSING,
    ]
    assert after.entries == {}


# -- for places that may not use the operator's login --------------------------------------------


@pytest.fixture
def anonymous_look(connection: Connection) -> Look:
    """For registry.test there is a login that nobody but the terminal may use."""
    permits = Permits({TAG.registry: LoginScope()})
    return Look(connection.client, clock=connection.clock, permits=permits)


async def test_what_only_the_login_has_seen_is_read_anew_before_it_counts_as_unchanged(
    registry: ScriptedRegistry, look: Look, anonymous_look: Look
) -> None:
    pushed = registry.push_index(APP, "1", ["linux/arm64"])
    known = await look(TAG, known=None, wanted={ARM64})
    registry.clear()

    first = await anonymous_look(TAG, known=known, wanted={AMD64}, places=[TEAM])
    second = await anonymous_look(TAG, known=first, wanted={AMD64}, places=[TEAM])

    assert first.digest == second.digest == pushed.digest
    assert registry.requests == [HEAD, get(pushed.digest), HEAD]


async def test_a_tag_that_nobody_has_seen_yet_is_read_by_strangers_too(
    registry: ScriptedRegistry, anonymous_look: Look
) -> None:
    registry.push_index(APP, "1", ["linux/arm64"])

    seen = await anonymous_look(TAG, known=None, wanted={ARM64}, places=[TEAM])

    assert seen.offers(ARM64) is not None


def test_of_tags_shown_only_the_newest_are_remembered() -> None:
    shown = Shown()
    seen = Observation(Status.PRESENT, NOW, NOWHERE)
    for number in range(MAX_REMEMBERED_TAGS + 1):
        shown.add(replace(TAG, tag=str(number)), seen)

    assert not shown.includes(replace(TAG, tag="0"), seen)
    assert shown.includes(replace(TAG, tag="1"), seen)


# -- when images were built, where the index does not say ---------------------------------------

MONDAY, FRIDAY = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC)


def push_dated(registry: ScriptedRegistry, **built_at: datetime | None) -> dict[Platform, str]:
    """A tag with the images of these architectures, whose configs alone say when they were built.

    The same time makes the same image.
    """
    images = {
        Platform("linux", name): registry.push_image(
            APP, None, f"linux/{name}", created=when.isoformat() if when else None
        )
        for name, when in built_at.items()
    }
    push_index(registry, "1", *(entry(each, str(name)) for name, each in images.items()))
    return images


async def look_at_ages(look: Look, known: Observation | None = None) -> Observation:
    return await look.with_ages(TAG, known=known, wanted={ARM64}, ages={ARM64}, places=())


def times(seen: Observation) -> dict[Platform, datetime | None]:
    return {platform: entry.created for platform, entry in seen.entries.items()}


def blobs(registry: ScriptedRegistry) -> int:
    return sum("/blobs/" in line for line in registry.requests)


async def test_each_image_is_asked_when_it_was_built_and_after_that_only_the_tag(
    registry: ScriptedRegistry, look: Look
) -> None:
    push_dated(registry, amd64=FRIDAY, arm64=MONDAY)

    first = await look_at_ages(look)
    spent = len(registry.requests)
    registry.clear()
    second = await look_at_ages(look, first)

    assert times(first) == {AMD64: FRIDAY, ARM64: MONDAY}
    assert spent == 3 + 2 * 2
    assert registry.requests == [HEAD]
    assert second.entries is first.entries


async def test_of_a_changed_index_only_new_images_are_asked(
    registry: ScriptedRegistry, look: Look, connection: Connection
) -> None:
    push_dated(registry, amd64=MONDAY, arm64=MONDAY)
    known = await look_at_ages(look)
    images = push_dated(registry, amd64=FRIDAY, arm64=MONDAY)
    registry.clear()

    # Another process knows the times only from what was stored.
    seen = await look_at_ages(Look(connection.client, clock=connection.clock), known)

    assert times(seen) == {AMD64: FRIDAY, ARM64: MONDAY}
    assert seen.digest is not None
    assert registry.requests[:3] == [HEAD, get(seen.digest), get(images[AMD64])]
    assert (len(registry.requests), blobs(registry)) == (4, 1)


async def test_a_time_that_was_read_for_one_look_serves_another_with_no_request(
    registry: ScriptedRegistry, look: Look
) -> None:
    push_dated(registry, amd64=FRIDAY, arm64=MONDAY)
    unaware = await look(TAG, known=None, wanted={ARM64})
    await look_at_ages(look)
    registry.clear()

    seen = await look_at_ages(look, unaware)

    assert times(unaware) == {AMD64: None, ARM64: None}
    assert times(seen) == {AMD64: FRIDAY, ARM64: MONDAY}
    assert registry.requests == [HEAD]


async def test_no_image_is_asked_where_nobody_compares_it(
    registry: ScriptedRegistry, look: Look
) -> None:
    created = {"org.opencontainers.image.created": MONDAY.isoformat()}
    arm64, amd64 = (registry.push_image(APP, None, f"linux/{each}") for each in ("arm64", "amd64"))
    windows = entry(registry.push_image(APP, None, "windows/amd64"), "windows/amd64")
    spent = []
    for entries in (
        [entry(arm64, "linux/arm64"), windows],
        [entry(amd64, "linux/amd64"), entry(NOWHERE, "linux/s390x")],
        [entry(each, f"linux/{each[-5:]}x", annotations=created) for each in (arm64, amd64)],
        [
            entry(arm64, "linux/arm64", annotations=created),
            entry(amd64, "linux/amd64", annotations=created),
        ],
    ):
        push_index(registry, "1", *entries)
        registry.clear()
        await look_at_ages(look)
        spent.append([line for line in registry.requests if line.startswith("GET")])

    assert [len(each) for each in spent] == [1, 1, 1, 1]


async def test_a_config_without_a_time_is_asked_for_once(
    registry: ScriptedRegistry, look: Look
) -> None:
    push_dated(registry, amd64=None, arm64=MONDAY)
    known = await look_at_ages(look)
    registry.clear()

    seen = await look_at_ages(look, known)

    assert times(seen) == {AMD64: None, ARM64: MONDAY}
    assert registry.requests == [HEAD]


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        pytest.param(Answer(404), 0, id="not served"),
        pytest.param(Answer(403), 0, id="denied"),
        pytest.param(Answer(200, body=b"garbage"), 0, id="garbage"),
        pytest.param(Answer(503), 2, id="server trouble"),
    ],
)
async def test_a_time_that_cannot_be_had_is_unknown_and_the_look_is_clear(
    registry: ScriptedRegistry, look: Look, answer: Answer, again: int
) -> None:
    images = push_dated(registry, amd64=FRIDAY, arm64=MONDAY)
    registry.will_answer(answer, to=get(images[AMD64]))
    registry.will_answer(answer, to=get(images[AMD64]))

    seen = await look_at_ages(look)
    registry.clear()
    next_one = await look_at_ages(look, seen)

    assert (seen.status, seen.trouble) == (Status.PRESENT, None)
    assert times(seen) == {AMD64: None, ARM64: MONDAY}
    assert seen.offers(ARM64) is not None
    assert len(registry.requests) == 1 + again
    assert times(next_one)[AMD64] == (FRIDAY if again else None)


async def test_a_look_whose_time_is_up_while_it_reads_times_is_clear(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    images = push_dated(registry, amd64=FRIDAY, arm64=MONDAY)

    class TooSlow(RegistryClient):
        async def fetch_manifest(
            self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
        ) -> FetchedManifest | ManifestAbsent:
            if digest == images[AMD64]:
                raise TimeoutError
            return await super().fetch_manifest(reference, digest, urgent=urgent, login=login)

    slow = TooSlow(
        connection.sessions,
        connection.pace,
        [registry.settings()],
        clock=connection.clock,
        sleep=connection.clock.sleep,
        chance=no_chance,
    )

    seen = await look_at_ages(Look(slow, clock=connection.clock))

    assert seen.is_clear
    assert times(seen) == {AMD64: None, ARM64: MONDAY}


async def test_many_images_are_asked_over_several_looks_each_within_its_requests(
    registry: ScriptedRegistry, look: Look
) -> None:
    names = ["amd64", "s390x", "riscv64", "ppc64le", "386", "loong64", "mips64le", "arm64"]
    push_dated(registry, **dict.fromkeys(names, MONDAY))

    first = await look_at_ages(look)
    spent = len(registry.requests)
    second = await look_at_ages(look, first)

    assert times(first)[ARM64] == MONDAY
    assert sum(when is not None for when in times(first).values()) == 6
    assert spent == 3 + 12
    assert set(times(second).values()) == {MONDAY}


# -- single images --------------------------------------------------------------------------------


async def test_a_single_images_platform_is_in_its_config(
    registry: ScriptedRegistry, look: Look
) -> None:
    digest = registry.push_image(APP, "1", "linux/arm64")

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.entries == {ARM64: Entry(digest, reachable=True)}
    assert [line.split("/")[0] for line in registry.requests] == ["HEAD ", "GET ", "GET "]
    assert "/blobs/" in registry.requests[-1]


async def test_a_config_is_fetched_once_for_ever(registry: ScriptedRegistry, look: Look) -> None:
    registry.push_image(APP, "1", "linux/arm64")
    registry.push_image(APP, "2", "linux/arm64")
    await look(TAG, known=None, wanted={ARM64})
    registry.clear()

    seen = await look(reference_to("registry.test/team/app:2"), known=None, wanted={ARM64})

    assert seen.offers(ARM64) is not None
    assert not any("/blobs/" in line for line in registry.requests)


async def test_a_single_image_was_created_when_its_config_says(
    registry: ScriptedRegistry, look: Look
) -> None:
    config = b'{"os":"linux","architecture":"arm64","created":"2026-01-01T00:00:00Z"}'
    pointer = {"mediaType": OCI.config, "digest": registry.push_blob(APP, config), "size": 1}
    content = {"schemaVersion": 2, "config": pointer, "layers": []}
    registry.push_manifest(APP, "1", content, OCI.manifest)

    seen = await look(TAG, known=None, wanted=())

    assert seen.entries[ARM64].created == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(None, id="no config"),
        pytest.param(b"not json", id="no json"),
        pytest.param(b"{}", id="no platform in it"),
    ],
)
async def test_a_single_image_without_a_usable_config_makes_no_sense(
    registry: ScriptedRegistry, look: Look, config: bytes | None
) -> None:
    digest = NOWHERE if config is None else registry.push_blob(APP, config)
    pointer = {"mediaType": OCI.config, "digest": digest, "size": 1}
    content = {"schemaVersion": 2, "config": pointer, "layers": []}
    registry.push_manifest(APP, "1", content, OCI.manifest)

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.trouble == Trouble(TroubleKind.MALFORMED)


# -- entries that name no platform ----------------------------------------------------------------


async def test_an_entry_that_names_no_platform_is_looked_into(
    registry: ScriptedRegistry, look: Look
) -> None:
    [nameless] = push_nameless(registry, "linux/arm64")
    digest = push_index(registry, "1", nameless)

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.entries == {ARM64: Entry(nameless["digest"], reachable=True)}
    assert registry.requests[:3] == [HEAD, get(digest), get(nameless["digest"])]
    assert len(registry.requests) == 4


async def test_what_a_nameless_child_is_for_is_remembered_but_not_that_it_is_served(
    registry: ScriptedRegistry, look: Look
) -> None:
    [nameless] = push_nameless(registry, "linux/arm64")
    push_index(registry, "1", nameless)
    await look(TAG, known=None, wanted={ARM64})
    registry.delete(APP, nameless["digest"])
    registry.clear()

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.listed(ARM64) == (ARM64, Entry(nameless["digest"], reachable=False))
    assert registry.requests[2:] == [head(nameless["digest"])]


@pytest.mark.parametrize("kind", ["not served", "artifact", "index"])
async def test_a_nameless_entry_that_is_no_image_is_left_out(
    registry: ScriptedRegistry, look: Look, kind: str
) -> None:
    artifact = {
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.cncf.helm", "digest": NOWHERE, "size": 1},
        "layers": [],
    }
    digest = {
        "not served": NOWHERE,
        "artifact": registry.push_manifest(APP, None, artifact, OCI.manifest),
        "index": push_index(registry, None),
    }[kind]
    image = registry.push_image(APP, None, "linux/amd64")
    push_index(registry, "1", entry(digest), entry(image, "linux/amd64"))

    seen = await look(TAG, known=None, wanted={AMD64})

    assert list(seen.entries) == [AMD64]


async def test_a_look_spends_twelve_requests_at_most_and_the_next_one_gets_further(
    registry: ScriptedRegistry, look: Look
) -> None:
    platforms = ["arm64", "amd64", "s390x", "riscv64", "ppc64le", "386", "loong64"]
    nameless = push_nameless(registry, *(f"linux/{name}" for name in platforms))
    push_index(registry, "1", *nameless)

    first = await look(TAG, known=None, wanted={ARM64})
    spent = len(registry.requests)
    second = await look(TAG, known=None, wanted={ARM64})

    assert first.trouble == Trouble(TroubleKind.TOO_LARGE)
    assert spent == 2 + 12
    assert second.offers(ARM64) is not None
    assert len(second.entries) == len(platforms)


# -- indexes within indexes -----------------------------------------------------------------------


def nested(registry: ScriptedRegistry, *entries: dict[str, Any]) -> dict[str, Any]:
    return entry(push_index(registry, None, *entries), media_type=OCI.index)


async def test_a_nested_index_counts_in_its_place(registry: ScriptedRegistry, look: Look) -> None:
    inner = registry.push_image(APP, None, "linux/arm64", build="inner")
    outer = registry.push_image(APP, None, "linux/arm64", build="outer")
    push_index(
        registry,
        "1",
        nested(registry, nested(registry, entry(inner, "linux/arm64"))),
        entry(outer, "linux/arm64"),
        entry(registry.push_image(APP, None, "linux/amd64"), "linux/amd64"),
    )

    seen = await look(TAG, known=None, wanted={ARM64})

    assert list(seen.entries) == [ARM64, AMD64]
    assert seen.offers(ARM64) == Entry(inner, reachable=True)


async def test_a_nested_index_that_is_not_served_hides_nothing_else(
    registry: ScriptedRegistry, look: Look
) -> None:
    image = registry.push_image(APP, None, "linux/amd64")
    push_index(registry, "1", entry(NOWHERE, media_type=OCI.index), entry(image, "linux/amd64"))

    seen = await look(TAG, known=None, wanted={AMD64, ARM64})

    assert seen.is_clear
    assert list(seen.entries) == [AMD64]


async def test_a_nested_index_that_is_an_image_after_all_is_left_out(
    registry: ScriptedRegistry, look: Look
) -> None:
    image = registry.push_image(APP, None, "linux/arm64")
    push_index(registry, "1", entry(image, media_type=OCI.index))

    seen = await look(TAG, known=None, wanted={ARM64})

    assert (seen.status, seen.entries) == (Status.PRESENT, {})


async def test_indexes_nested_too_deep_are_refused(registry: ScriptedRegistry, look: Look) -> None:
    deep = nested(registry, nested(registry, nested(registry)))
    push_index(registry, "1", deep)

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen.trouble == Trouble(TroubleKind.TOO_LARGE)


# -- trouble --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "trouble"),
    [
        pytest.param(Answer(403), Status.DENIED, Trouble(TroubleKind.DENIED, 403), id="denied"),
        pytest.param(
            Answer(429, headers={"Retry-After": "60"}),
            Status.UNKNOWN,
            Trouble(TroubleKind.RATE_LIMITED, 429, NOW + timedelta(seconds=60)),
            id="rate limited",
        ),
        pytest.param(
            Answer(garbage=b"\x00\r\n\r\n"),
            Status.UNKNOWN,
            Trouble(TroubleKind.MALFORMED),
            id="garbage",
        ),
    ],
)
async def test_trouble_is_an_observation_and_no_exception(
    registry: ScriptedRegistry, look: Look, answer: Answer, status: Status, trouble: Trouble
) -> None:
    registry.knows(APP)
    registry.will_answer(answer)

    seen = await look(TAG, known=None, wanted={ARM64})

    assert seen == Observation(status, NOW, trouble=trouble)


@pytest.mark.parametrize(
    ("body", "media_type", "kind"),
    [
        pytest.param(b"[]", OCI.index, TroubleKind.MALFORMED, id="no manifest"),
        pytest.param(
            b'{"manifests":[],"config":{}}', OCI.index, TroubleKind.MALFORMED, id="ambiguous"
        ),
        pytest.param(
            b'{"schemaVersion":1,"fsLayers":[]}', "text/plain", TroubleKind.UNSUPPORTED, id="old"
        ),
    ],
)
async def test_a_document_of_no_use_is_trouble_of_its_kind(
    registry: ScriptedRegistry, look: Look, body: bytes, media_type: str, kind: TroubleKind
) -> None:
    registry.push_manifest(APP, "1", body, media_type)

    seen = await look(TAG, known=None, wanted={ARM64})

    assert (seen.status, seen.trouble) == (Status.UNKNOWN, Trouble(kind))


async def test_a_look_that_takes_too_long_is_given_up(
    registry: ScriptedRegistry, look: Look
) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(never=True))

    seen = await look(TAG, known=None, wanted={ARM64}, timeout_s=0.1)

    assert seen == Observation(Status.UNKNOWN, NOW, trouble=Trouble(TroubleKind.TIMED_OUT))


@pytest.mark.parametrize(
    ("first", "seen"),
    [
        pytest.param(
            ServerTrouble("registry.test", "answered 503", http_status=503),
            Observation(Status.UNKNOWN, NOW, trouble=Trouble(TroubleKind.SERVER_ERROR, 503)),
            id="trouble",
        ),
        pytest.param(
            Denied("registry.test", "not permitted", http_status=403),
            Observation(Status.DENIED, NOW, trouble=Trouble(TroubleKind.DENIED, 403)),
            id="denied",
        ),
    ],
)
async def test_a_look_whose_time_is_up_during_another_attempt_tells_what_the_first_one_got(
    connection: Connection, first: RegistryError, seen: Observation
) -> None:
    class TriesAgain(RegistryClient):
        async def fetch_tag(self, *_: object, **__: object) -> NoReturn:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as cut:
                raise cut from first
            raise AssertionError("nothing sets the event")

    registry = TriesAgain(
        connection.sessions,
        connection.pace,
        clock=connection.clock,
        sleep=connection.clock.sleep,
        chance=no_chance,
    )
    look = Look(registry, clock=connection.clock)

    assert await look(TAG, known=None, wanted={ARM64}, timeout_s=0.01) == seen


def test_of_images_without_a_time_only_the_newest_are_remembered_and_by_repository() -> None:
    undated = Undated()
    for number in range(MAX_REMEMBERED_FAILURES + 1):
        undated.add(TAG, str(number), login=False)

    assert not undated.includes(TAG, "0", login=False)
    assert undated.includes(TAG, "1", login=False)
    assert not undated.includes(TAG, "1", login=True)
    assert not undated.includes(reference_to("registry.test/team/other:1"), "1", login=False)


def test_of_configs_only_the_newest_are_remembered() -> None:
    configs = Configs()
    for number in range(MAX_REMEMBERED_CONFIGS + 1):
        configs.remember(str(number), (ARM64, None))

    assert configs.get("0") is None
    assert configs.get("1") == (ARM64, None)
