"""A build followed by the build system's own records, through the running bot and in a shell."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.scenarios.conftest import WriteConfig
from tests.support.bot_process import NOTHING_OUTSIDE
from tests.support.build_system import BuildSystem
from tests.support.command_line import archbell
from tests.support.official_day import official_day
from tests.support.planned_official import library_text
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import scripted_registry
from tests.support.source_server import source_server
from tests.support.stores import NOW

META = ["/meta/commits.json", "/meta/sources.json", "/meta/builds.json"]
CHANGES = "/api/repos/docker-library/official-images/commits"
SETTINGS = ["build_records = true", 'github_api_url = "{source}/api"']
MERGED_AT = NOW - timedelta(hours=1)
OUTSIDE = dict.fromkeys(NOTHING_OUTSIDE, "")
WHY = "/why node:22 arm64"


def merged(sha: str) -> dict[str, str | bytes]:
    """What GitHub says of a tag that came with the file's only change."""
    date = MERGED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        CHANGES: json.dumps([{"sha": sha, "commit": {"committer": {"date": date}}}]),
        f"{CHANGES}/{sha}/pulls": json.dumps([{"merged_at": date}]),
        f"/git/docker-library/official-images/{sha}/library/node": library_text(["22"]),
    }


class Tree:
    """node:22 upon debian:trixie."""

    def __init__(self) -> None:
        self.system = BuildSystem()
        self.debian = self.system.source("debian:trixie")
        self.node = self.system.source("node:22", upon={"debian:trixie": self.debian})


@pytest.fixture
def tree() -> Tree:
    return Tree()


async def test_why_follows_a_build_by_the_build_systems_records(tmp_path: Path, tree: Tree) -> None:
    parent = tree.system.queue(tree.debian, "arm64v8")
    async with official_day(
        tmp_path, at=NOW, repositories=["arm64v8/node"], settings=SETTINGS
    ) as day:
        day.source.files |= {"/library/node": library_text(["22"])}
        day.source.files |= tree.system.files() | merged("8" * 40)
        day.registry.push_index("library/node", "22", ["linux/amd64"])

        waiting = await day.ask(WHY, about="waits for")

        assert f"debian:trixie (build {parent[:12]} is queued, running or failing)" in waiting
        assert "Usually 2-6 h after it is merged" in waiting
        assert "between 13:00 UTC and 17:00 UTC" in waiting
        assert "Checked at 12:00 UTC: docker-library's build records of node." in waiting

        build = tree.system.queue(tree.node, "arm64v8")
        tree.system.finish(tree.debian, "arm64v8")
        day.source.files |= tree.system.files()
        day.time.move_to(NOW + timedelta(hours=1))
        queued = await day.ask(WHY, about="is planned")

        assert (
            f"linux/arm64 is planned, merged at 11:00 UTC: its build {build[:12]} is queued, "
            "running or failing since 13:00 UTC."
        ) in queued

        tree.system.finish(tree.node, "arm64v8")
        day.source.files |= tree.system.files()
        day.time.move_to(NOW + timedelta(hours=2))
        finished = await day.ask(WHY, about="is finished")

        assert f"its build {build[:12]} is finished since 14:00 UTC" in finished
        assert "The tag usually follows within 3 h." in finished

        day.source.will_answer(Answer(500), to=META[2], times=9)
        day.time.move_to(NOW + timedelta(hours=3))
        kept = await day.ask(WHY, about="could not be read anew")

        assert "build records of node could not be read anew (its server is in trouble" in kept
        assert "I go by the copy of 14:00 UTC" in kept
        assert not [path for path in day.source.requests if "Dockerfile" in path]


async def test_what_is_waited_for_is_read_before_anybody_asks(tmp_path: Path, tree: Tree) -> None:
    tree.system.queue(tree.debian, "arm64v8")
    async with official_day(
        tmp_path, at=NOW, repositories=["arm64v8/node"], settings=SETTINGS[:1]
    ) as day:
        day.source.files |= {"/library/node": library_text(["22"])} | tree.system.files()
        day.registry.push_index("library/node", "22", ["linux/amd64"])
        await day.ask("/watch node:22 arm64", about="Watching node:22")

        day.time.move_to(NOW + timedelta(minutes=5))
        await day.source.until_asked(META[-1])
        await day.ask(WHY, about="waits for debian:trixie")

        assert [path for path in day.source.requests if path in META] == META


async def test_a_shell_is_told_what_is_on_record(write_config: WriteConfig, tree: Tree) -> None:
    tree.system.finish(tree.node, "amd64")
    build = tree.system.queue(tree.node, "arm64v8")
    async with scripted_registry() as registry, source_server() as source:
        registry.push_index("library/node", "22", ["linux/amd64"])
        registry.knows("arm64v8/node")
        source.files |= {"/library/node": library_text(["22"])}
        source.files |= tree.system.files() | merged("8" * 40)
        config = write_config(registry.url)
        with config.open("a") as file:
            file.write(
                f'[official]\nlibrary_url = "{source.library_url}"\n'
                f'dockerfile_url = "{source.dockerfile_url}"\nallow_private = true\n'
                f'build_records = true\nbuild_records_url = "{source.url}/meta"\n'
                f'github_api_url = "{source.url}/api"\n'
            )

        ended = await archbell(
            "--config", config, "why", "node:22", "arm64", "--json", environment=OUTSIDE
        )

    reason = json.loads(ended.output)["reasons"]["linux/arm64"]
    assert reason["code"] == "queued"
    assert reason["merged_at"] == MERGED_AT.isoformat()
    assert reason["build"] == {
        "stage": "unfinished",
        "id": build,
        "since": None,
        "finished": ["linux/amd64"],
        "list_commit": tree.system.list_commit,
        "checked_at": reason["build"]["checked_at"],
    }
    assert reason["not_learnt"] == []
