import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.build_records import (
    MAX_PARENTS,
    MAX_TAGS,
    BuildRecord,
    Parent,
    decode_records,
    due_at,
    encode_records,
    read_build,
    read_list_commit,
    read_source,
    with_since,
)
from bot.core.reference import parse_reference
from tests.support.build_system import LIST_COMMIT, BuildSystem, an_id
from tests.support.decisions import NOW
from tests.support.planned_official import COMMIT

NAMES = ("node", "debian")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


class Tree:
    """debian, node upon it, and an app upon node that nobody asks for."""

    def __init__(self) -> None:
        self.system = BuildSystem()
        self.debian = self.system.source("debian:trixie")
        self.node = self.system.source("node:22", "node:lts", upon={"debian:trixie": self.debian})
        self.app = self.system.source("ghost:5", upon={"node:22": self.node})


@pytest.fixture
def tree() -> Tree:
    return Tree()


# -- one record ------------------------------------------------------------------------------------


def test_a_source_is_read_with_the_tags_of_who_is_asked_for(tree: Tree) -> None:
    read = read_source(tree.node, tree.system.sources[tree.node], names=["node"])
    other = read_source(tree.node, tree.system.sources[tree.node], names=["debian"])

    assert read is not None
    assert other is not None
    assert read.names == {"node"}
    assert other.names == frozenset()
    assert read.commits == {COMMIT}
    side = read.architectures["arm64v8"]
    assert side.tags == {"node:22", "node:lts"}
    assert side.parents == (Parent(parse_reference("debian:trixie"), tree.debian),)
    assert other.architectures["arm64v8"].parents == side.parents


def test_a_source_in_the_older_shape_is_read_too(tree: Tree) -> None:
    record = tree.system.sources[tree.node]
    [record["entry"]] = record.pop("entries")

    read = read_source(tree.node, record, names=NAMES)

    assert read is not None
    assert read.commits == {COMMIT}


def test_a_parent_that_is_not_built_here_is_nobody_to_wait_for(tree: Tree) -> None:
    key = tree.system.source(
        "node:22-windows",
        upon={"mcr.microsoft.com/windows/nanoserver:ltsc2025": None, "debian:old": None},
        architectures=["windows-amd64"],
    )

    read = read_source(key, tree.system.sources[key], names=NAMES)

    assert read is not None
    assert read.architectures["windows-amd64"].parents == ()


def test_builds_are_read_finished_or_not(tree: Tree) -> None:
    queued = tree.system.queue(tree.node, "arm64v8")
    finished = tree.system.finish(tree.node, "amd64")

    read = [read_build(key, tree.system.builds[key]) for key in (queued, finished)]

    assert read == [
        BuildRecord(queued, tree.node, "arm64v8", is_finished=False),
        BuildRecord(finished, tree.node, "amd64", is_finished=True),
    ]


MISTAKES = [
    pytest.param(["arches"], None, id="no architectures"),
    pytest.param(["arches"], {"x" * 40: {"tags": [], "parents": {}}}, id="odd architecture"),
    pytest.param(["arches", "amd64"], [], id="odd side"),
    pytest.param(["arches", "amd64", "tags"], "node:22", id="tags are no list"),
    pytest.param(["arches", "amd64", "tags"], ["node 22"], id="odd tag"),
    pytest.param(["arches", "amd64", "tags"], ["a" * 300 + ":1"], id="a long name"),
    pytest.param(["arches", "amd64", "tags"], ["node:1"] * (MAX_TAGS + 1), id="too many tags"),
    pytest.param(["arches", "amd64", "parents"], [], id="odd parents"),
    pytest.param(["arches", "amd64", "parents"], {"debian:1": None}, id="odd parent"),
    pytest.param(
        ["arches", "amd64", "parents"], {"debian:1": {"sourceId": 7}}, id="parent without an ID"
    ),
    pytest.param(
        ["arches", "amd64", "parents"], {"a/b:1": {"sourceId": an_id("x")}}, id="somebody's image"
    ),
    pytest.param(
        ["arches", "amd64", "parents"],
        {f"debian:{number}": {"sourceId": None} for number in range(MAX_PARENTS + 1)},
        id="too many parents",
    ),
    pytest.param(["entries"], None, id="entries are no list"),
    pytest.param(["entries"], [{}], id="no commit"),
    pytest.param(["entries"], [{"GitCommit": "main"}], id="odd commit"),
    pytest.param(["entries"], ["main"], id="odd entry"),
]


@pytest.mark.parametrize(("path", "value"), MISTAKES)
def test_a_source_that_makes_no_sense_is_none(tree: Tree, path: list[str], value: object) -> None:
    record = copy.deepcopy(tree.system.sources[tree.node])
    *above, last = path
    inner: Any = record
    for key in above:
        inner = inner[key]
    inner[last] = value

    assert read_source(tree.node, record, names=NAMES) is None


@pytest.mark.parametrize("change", [{"resolved": 1}, {"sourceId": None}, {"arch": "A"}])
def test_a_build_that_makes_no_sense_is_none(tree: Tree, change: dict[str, object]) -> None:
    key = tree.system.queue(tree.node, "arm64v8")
    tree.system.builds[key]["build"] |= change

    assert read_build(key, tree.system.builds[key]) is None


@given(st.text(), JSON)
def test_any_value_is_read_as_something_or_as_none(key: str, value: object) -> None:
    assert read_source(key, value, names=NAMES) is None
    assert read_build(key, value) is None


@pytest.mark.parametrize(
    ("value", "commit"),
    [
        pytest.param({"doi": COMMIT, "scripts": "x"}, COMMIT, id="whole"),
        pytest.param({"doi": "master"}, None, id="no commit"),
        pytest.param({}, None, id="nothing"),
        pytest.param([], None, id="no object"),
    ],
)
def test_the_state_of_the_list_is_read(value: object, commit: str | None) -> None:
    assert read_list_commit(value) == commit


# -- all of them -----------------------------------------------------------------------------------


def test_only_who_is_asked_for_and_what_that_builds_upon_is_kept(tree: Tree) -> None:
    tree.system.queue(tree.app, "amd64")
    tree.system.finish(tree.debian, "amd64")

    records = tree.system.records("node")

    assert records.sources.keys() == {tree.node, tree.debian}
    assert records.builds.keys() == {(tree.debian, "amd64")}
    assert records.knows(tree.node, "arm64v8")
    assert not records.knows(tree.node, "s390x")
    assert not records.knows(tree.app, "arm64v8")


def test_of_several_builds_of_one_source_a_finished_one_counts(tree: Tree) -> None:
    finished = tree.system.finish(tree.node, "amd64")
    other = an_id("over other parents")
    tree.system.builds[other] = copy.deepcopy(tree.system.builds[finished])
    tree.system.builds[other]["build"]["resolved"] = None

    assert tree.system.records("node").state_of(tree.node, "amd64") == (finished, True)


def test_records_come_back_as_they_were_written(tree: Tree) -> None:
    tree.system.finish(tree.debian, "arm64v8")
    tree.system.queue(tree.node, "arm64v8")
    since = {(tree.node, "arm64v8"): NOW}
    records = with_since(tree.system.records("node"), None, at=NOW)

    text = encode_records(records)
    read = decode_records(text, since)

    assert read is not None
    assert read.names == {"node"}
    assert read.list_commit == LIST_COMMIT
    assert (read.sources, read.builds) == (records.sources, records.builds)
    assert read.since == since


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"names": ["node"], "commits": {"doi": "x"}, "sources": {}, "builds": {}}',
        f'{{"names": [], "commits": {{"doi": "{COMMIT}"}}, "sources": {{"x": 1}}, "builds": {{}}}}',
        f'{{"names": [], "commits": {{"doi": "{COMMIT}"}}, "sources": {{}}, "builds": {{"x": 1}}}}',
        f'{{"names": [], "commits": {{"doi": "{COMMIT}"}}, "sources": [], "builds": {{}}}}',
    ],
)
def test_another_text_is_no_records(text: str) -> None:
    assert decode_records(text, {}) is None


# -- since when ------------------------------------------------------------------------------------

LATER = NOW + timedelta(hours=1)
LAST = NOW + timedelta(hours=2)


def test_a_state_that_was_otherwise_began_when_it_was_first_seen(tree: Tree) -> None:
    first = with_since(tree.system.records("node"), None, at=NOW)
    tree.system.queue(tree.node, "arm64v8")
    second = with_since(tree.system.records("node"), first, at=LATER)
    third = with_since(tree.system.records("node"), second, at=LAST)

    assert first.since == {}
    assert second.since == {(tree.node, "arm64v8"): LATER}
    assert third.since == second.since


def test_a_finished_build_is_another_state(tree: Tree) -> None:
    tree.system.queue(tree.node, "arm64v8")
    first = tree.system.records("node")
    tree.system.finish(tree.node, "arm64v8")

    second = with_since(tree.system.records("node"), first, at=LATER)

    assert second.since == {(tree.node, "arm64v8"): LATER}


def test_a_new_source_of_an_image_that_was_asked_for_began_now(tree: Tree) -> None:
    first = tree.system.records("node")
    new = tree.system.source("node:23", architectures=["arm64v8"])

    second = with_since(tree.system.records("node"), first, at=LATER)

    assert second.since == {(new, "arm64v8"): LATER}


def test_of_what_nobody_asked_for_it_is_not_known_since_when(tree: Tree) -> None:
    first = tree.system.records("debian")

    second = with_since(tree.system.records("debian", "node"), first, at=LATER)

    assert second.since == {}


@pytest.mark.parametrize(
    ("read_at", "due"),
    [
        pytest.param("10:14:59", "10:15:00", id="just before"),
        pytest.param("10:15:00", "11:15:00", id="just then"),
        pytest.param("23:40:00", "00:15:00", id="over midnight"),
    ],
)
def test_records_are_due_a_quarter_past_each_hour(read_at: str, due: str) -> None:
    hours, minutes, seconds = map(int, read_at.split(":"))
    moment = NOW.replace(hour=hours, minute=minutes, second=seconds, microsecond=0)

    found = due_at(moment)

    assert found.strftime("%H:%M:%S") == due
    assert timedelta(0) < found - moment <= timedelta(hours=1)
