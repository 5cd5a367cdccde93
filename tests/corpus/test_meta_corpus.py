"""Real records of docker-library's build system: read, cut, and followed through a day."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.core.build_records import BuildRecords, by_source, cut, read_build, read_source
from bot.core.library import Build
from bot.core.progress import Stage, progress_of
from bot.official.members import Members

META = Path(os.environ["ARCHBELL_CORPUS"]) / "meta"
DAY = sorted(META.glob("builds.2023-10-27.*.json"))
NAMES = frozenset({"docker", "golang", "ghost", "ruby", "mongo-express"})


def members_of(path: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    members = Members(found.__setitem__)
    text = path.read_bytes()
    for start in range(0, len(text), 1_000):
        members.take(text[start : start + 1_000])
    members.end()
    return found


def records(sources: Path, builds: Path) -> BuildRecords:
    read = {key: read_source(key, each, names=NAMES) for key, each in members_of(sources).items()}
    good = {key: source for key, source in read.items() if source is not None}
    assert len(good) == len(read)
    known = [read_build(key, each) for key, each in members_of(builds).items()]
    made = [build for build in known if build is not None]
    assert len(made) == len(known)
    return BuildRecords(NAMES, "c" * 40, cut(good), by_source(made))


@pytest.mark.parametrize("path", sorted(META.glob("[sb]*.json")), ids=lambda path: path.name)
def test_real_files_are_taken_apart_as_json_does_it(path: Path) -> None:
    assert members_of(path) == json.loads(path.read_text(encoding="utf-8"))


def test_sources_of_later_years_are_read_too() -> None:
    path = META / "sources.2024-06-20.excerpt.8e59f198.json"

    read = [read_source(key, each, names=NAMES) for key, each in members_of(path).items()]

    assert all(source is not None and source.names for source in read)


def test_builds_in_the_present_shape_are_read() -> None:
    path = META / "builds.fixture-modern-format.json"
    content = members_of(path)

    read = [read_build(key, each) for key, each in content.items()]
    sources = [
        read_source(each["build"]["sourceId"], each["source"], names=NAMES)
        for each in content.values()
    ]

    assert all(build is not None for build in read)
    assert all(source is not None for source in sources)


# What became of docker:24.0.7 on that day, a cycle of the build system after the other.
Q, B, W = Stage.UNFINISHED, Stage.FINISHED, Stage.WAITING


@pytest.mark.parametrize(
    ("moment", "cli", "dind", "git"),
    [
        pytest.param(0, Q, W, W, id="cli queued"),
        pytest.param(1, B, Q, W, id="cli done, dind queued"),
        pytest.param(2, B, B, Q, id="dind done, git queued"),
        pytest.param(3, B, B, B, id="all done"),
    ],
)
@pytest.mark.parametrize("architecture", ["amd64", "arm64v8"])
def test_a_chain_of_builds_is_followed(
    moment: int, cli: Stage, dind: Stage, git: Stage, architecture: str
) -> None:
    [path] = META.glob("sources.2023-10-27.*.json")
    known = records(path, DAY[moment])
    commits = {commit for source in known.sources.values() for commit in source.commits}
    builds = [
        Build(architecture, "https://github.com/docker-library/docker", "x", commit, ".", "x")
        for commit in commits
    ]

    stages = {
        tag: progress_of(known, f"docker:24.0.7-{tag}", builds) for tag in ("cli", "dind", "git")
    }

    assert {tag: progress.stage for tag, progress in stages.items()} == {
        "cli": cli,
        "dind": dind,
        "git": git,
    }
    for progress in stages.values():
        assert bool(progress.parents) == (progress.stage is W)
        assert (progress.build is not None) == (progress.stage in {Q, B})
