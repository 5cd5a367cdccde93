from dataclasses import replace

import pytest

from bot.core.library import Build
from bot.core.platform import Platform
from bot.core.progress import MAX_PARENTS, Progress, Stage, UnfinishedParent, progress_of
from bot.core.reference import parse_reference
from tests.support.build_system import LIST_COMMIT, BuildSystem
from tests.support.decisions import NOW
from tests.support.planned_official import COMMIT

BUILD = Build("arm64v8", "https://github.com/a/b", "refs/heads/main", COMMIT, ".", "Dockerfile")
ARM = "arm64v8"
DEBIAN = parse_reference("debian:trixie")


class Tree:
    """node upon buildpack-deps upon debian."""

    def __init__(self) -> None:
        self.system = BuildSystem()
        self.debian = self.system.source("debian:trixie")
        self.deps = self.system.source("buildpack-deps:trixie", upon={"debian:trixie": self.debian})
        self.node = self.system.source("node:22", upon={"buildpack-deps:trixie": self.deps})

    def progress(self, tag: str = "node:22", build: Build = BUILD) -> Progress:
        return progress_of(self.system.records("node"), tag, [build])


@pytest.fixture
def tree() -> Tree:
    return Tree()


def test_a_tag_that_is_not_on_record_was_not_taken_up(tree: Tree) -> None:
    assert tree.progress("node:23") == Progress(Stage.NOT_TAKEN_UP, LIST_COMMIT)


def test_a_tag_that_moves_to_another_commit_was_not_taken_up(tree: Tree) -> None:
    tree.system.finish(tree.node, ARM)

    progress = tree.progress(build=replace(BUILD, git_commit="d" * 40))

    assert progress.stage is Stage.NOT_TAKEN_UP


def test_another_architecture_is_no_help(tree: Tree) -> None:
    tree.system.finish(tree.node, "amd64")
    tree.system.finish(tree.deps, ARM)

    assert tree.progress().stage is Stage.NOT_RECORDED
    assert tree.progress(build=replace(BUILD, architecture="amd64")).stage is Stage.FINISHED


def test_the_platforms_that_are_built_of_the_same_source_are_told(tree: Tree) -> None:
    tree.system.sources[tree.node]["arches"]["loong64"] = {"tags": [], "parents": {}}
    for architecture in ("amd64", "loong64"):
        tree.system.finish(tree.node, architecture)
    waiting = tree.progress()
    tree.system.queue(tree.node, ARM)

    assert waiting.finished == tree.progress().finished == (Platform("linux", "amd64"),)


def test_a_build_that_is_not_finished_is_named(tree: Tree) -> None:
    build = tree.system.queue(tree.node, ARM)
    records = replace(tree.system.records("node"), since={(tree.node, ARM): NOW})

    progress = progress_of(records, "node:22", [BUILD])

    assert progress == Progress(Stage.UNFINISHED, LIST_COMMIT, build, NOW)


def test_parents_are_waited_for_down_to_the_one_that_is_being_built(tree: Tree) -> None:
    build = tree.system.queue(tree.debian, ARM)
    records = replace(tree.system.records("node"), since={(tree.debian, ARM): NOW})

    progress = progress_of(records, "node:22", [BUILD])

    assert progress.stage is Stage.WAITING
    assert progress.parents == (
        UnfinishedParent(parse_reference("buildpack-deps:trixie")),
        UnfinishedParent(DEBIAN, build, NOW),
    )


def test_a_parent_that_is_finished_is_not_waited_for(tree: Tree) -> None:
    tree.system.finish(tree.debian, ARM)

    assert [each.reference.familiar for each in tree.progress().parents] == [
        "buildpack-deps:trixie"
    ]


def test_a_parent_that_is_not_built_for_the_architecture_is_not_waited_for(tree: Tree) -> None:
    tree.system.sources[tree.deps]["arches"].pop(ARM)

    assert tree.progress().stage is Stage.NOT_RECORDED


def test_parents_in_a_circle_end_the_search(tree: Tree) -> None:
    arches = tree.system.sources[tree.debian]["arches"]
    arches[ARM]["parents"] = {"node:22": {"sourceId": tree.node}}

    assert len(tree.progress().parents) == 2


def test_of_many_parents_some_are_told(tree: Tree) -> None:
    many = {f"debian:{number}": tree.system.source(f"debian:{number}") for number in range(20)}
    tree.system.source("node:many", upon=many)

    assert len(tree.progress("node:many").parents) == MAX_PARENTS


def test_of_several_sources_the_farthest_counts(tree: Tree) -> None:
    other = tree.system.source("node:22", "node:other")
    tree.system.finish(other, ARM)

    assert tree.progress().stage is Stage.FINISHED
