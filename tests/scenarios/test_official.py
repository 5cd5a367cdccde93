"""What the command line says of an official image, over docker-library's files on this machine."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.estimate import MIN_WAITS
from bot.core.reference import parse_reference
from bot.store.database import open_store
from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import NOTHING_OUTSIDE
from tests.support.command_line import Ended, archbell
from tests.support.planned_official import library_text
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry
from tests.support.source_server import SourceServer, source_server
from tests.support.stores import AMD64, ARM64, add, at, look_and_record, missing, new_watch, present

TAG = "22.15-bullseye-slim"
NODE = f"node:{TAG}"
OUTSIDE = dict.fromkeys(NOTHING_OUTSIDE, "")


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        registry.push_index("library/node", TAG, ["linux/amd64"])
        registry.knows("arm64v8/node")
        yield registry


@pytest.fixture
async def sources() -> AsyncIterator[SourceServer]:
    async with source_server() as sources:
        sources.files["/library/node"] = library_text([TAG, "22-bullseye-slim"])
        yield sources


@pytest.fixture
def config(write_config: WriteConfig, registry: ScriptedRegistry, sources: SourceServer) -> Path:
    path = write_config(registry.url)
    with path.open("a") as file:
        file.write(
            f'[official]\nlibrary_url = "{sources.library_url}"\n'
            f'dockerfile_url = "{sources.dockerfile_url}"\nallow_private = true\n'
        )
    return path


async def run(config: Path, *words: str) -> Ended:
    ended = await archbell("--config", config, *words, environment=OUTSIDE)
    assert "Traceback" not in ended.errors
    return ended


async def test_why_tells_scripts_all_that_is_known(
    config: Path, registry: ScriptedRegistry, sources: SourceServer
) -> None:
    registry.push_index("arm64v8/node", TAG, ["linux/arm64"])

    ended = await run(config, "why", NODE, "arm64", "--json")

    shown = json.loads(ended.output)
    assert ended.code == 1
    assert shown["platforms"] == {"linux/arm64": "absent"}
    reason = shown["reasons"]["linux/arm64"]
    assert reason["code"] == "built_pending_index"
    assert reason["planned"] == ["linux/amd64", "linux/arm64"]
    assert [each["high"] for each in reason["expected_s"]] == [10_800]
    assert reason["alternatives"][0]["image"] == f"arm64v8/{NODE}"
    assert [each["subject"] for each in reason["checked"]] == [NODE, "node", f"arm64v8/{NODE}"]
    assert sources.requests == ["/library/node"]


async def test_why_says_it_in_words_too(config: Path) -> None:
    ended = await run(config, "why", NODE, "s390x")

    assert ended.code == 1
    assert "docker-library does not build this tag for linux/s390x" in ended.output
    assert f"archbell watch {NODE} s390x --anyway" in ended.output


async def seen_before(database: Path, tags: int) -> None:
    """The bot has seen so many tags of node, whose arm64 came two hours after their amd64."""
    async with open_store(f"sqlite:///{database}") as store:
        for number in range(tags):
            reference, begun = parse_reference(f"node:{number}"), at(100_000 * number)
            await add(store, new_watch(reference, observation=missing(begun), due_at=begun))
            for seen in (
                present(AMD64, seen_at=begun + timedelta(hours=1)),
                present(AMD64, ARM64, of="c", seen_at=begun + timedelta(hours=3)),
            ):
                await look_and_record(store, seen, now=seen.observed_at)


async def test_why_rests_on_what_the_bot_has_seen_where_it_has_kept_a_database(
    config: Path,
) -> None:
    await seen_before(config.parent / "bot.db", tags=MIN_WAITS)

    words = await run(config, "why", NODE, "arm64")
    scripts = await run(config, "why", NODE, "arm64", "--json")

    assert (
        "Usually 1-5 h after it is listed, up to 2 days when a base image is new; this "
        "repository's last 5 tags: 2 h after the first platform."
    ) in words.output
    expected = json.loads(scripts.output)["reasons"]["linux/arm64"]["expected_s"]
    assert [(each["basis"], each["high"], each["sample"]) for each in expected] == [
        ("official_images", 18_000, 0),
        ("own_waits", 7_200, MIN_WAITS),
    ]


async def test_why_makes_no_database(config: Path) -> None:
    await run(config, "why", NODE, "arm64")

    assert not (config.parent / "bot.db").exists()


async def test_wait_does_not_wait_for_what_is_not_built(config: Path) -> None:
    ended = await run(config, "wait", NODE, "s390x")

    assert ended.code == 4
    assert "docker-library does not build this tag for linux/s390x" in ended.output


async def test_wait_ends_at_once_for_files_that_name_what_is_not_built(
    config: Path, registry: ScriptedRegistry, tmp_path: Path
) -> None:
    registry.push_index("library/redis", "8", ["linux/amd64"])
    files = tmp_path / "files"
    (files / "old").mkdir(parents=True)
    (files / "Dockerfile").write_text(f"FROM {NODE}\n")
    (files / "old" / "Dockerfile").write_text("FROM redis:8\n")

    ended = await run(config, "wait", "--scan", str(files), "s390x", "--exclude", "old")
    shown = await run(config, "wait", "--scan", str(files), "s390x", "--exclude", "old", "--json")

    assert (ended.code, shown.code) == (4, 4)
    why = "docker-library does not build this tag for linux/s390x; it is for amd64 and arm64."
    assert f"{NODE}: {why}" in ended.output
    assert "redis" not in ended.output
    [image] = json.loads(shown.output)["images"]
    assert image["reasons"]["linux/s390x"] == {"code": "not_planned", "sentences": [why]}


async def test_check_says_why_and_still_ends_with_1(config: Path) -> None:
    ended = await run(config, "check", NODE, "arm64")

    assert ended.code == 1
    assert "linux/arm64 is planned: its build is queued, running or failing." in ended.output


async def test_check_says_so_when_docker_library_cannot_be_reached(config: Path) -> None:
    ended = await archbell(
        "--config",
        config,
        "check",
        NODE,
        "arm64",
        environment={**OUTSIDE, "ARCHBELL_OFFICIAL__LIBRARY_URL": "http://127.0.0.1:9/library"},
    )

    assert ended.code == 1
    assert "docker-library's file of node could not be read (it cannot be reached)" in ended.output


async def test_watch_is_refused_for_what_is_not_built_unless_somebody_insists(
    config: Path,
) -> None:
    refused = await run(config, "watch", NODE, "s390x")
    insisted = await run(config, "watch", NODE, "s390x", "--anyway")

    assert (refused.code, insisted.code) == (1, 0)
    assert insisted.output.startswith(f"👀 Watching {NODE} for linux/s390x (#1).")
