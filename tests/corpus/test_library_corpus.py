import json
import os
import posixpath
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dockerfile import parents_of, parse_dockerfile
from bot.core.evidence import Ancestor, Evidence, Said
from bot.core.library import NAMESPACES, PLATFORMS, Library, MalformedLibrary, parse_library
from bot.core.manifest import Index, decode_manifest
from bot.core.model import Entry, Observation, Status
from bot.core.platform import Platform, parse_platform
from bot.core.reason import Freshness, ReasonCode, explain
from bot.core.reference import parse_reference

CORPUS = Path(os.environ["ARCHBELL_CORPUS"])
FILES = sorted(
    [*CORPUS.glob("library/*"), *CORPUS.glob("incident/*"), *CORPUS.glob("golden/*.library")]
)
ARM64 = Platform("linux", "arm64")
NODE = parse_reference("node:22.15-bullseye-slim")
DEBIAN = parse_reference("debian:bullseye-slim")
MERGED = datetime(2025, 4, 23, 14, 1, 20, tzinfo=UTC)
# The empty ones have a first paragraph alone.
EMPTY = {"clefos", "notary"}


def library(path: str) -> Library:
    parsed = parse_library((CORPUS / path).read_text(encoding="utf-8"))
    assert isinstance(parsed, Library), parsed
    return parsed


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.name}")
def test_every_public_file_is_read(path: Path) -> None:
    parsed = library(str(path))

    assert bool(parsed.tags) == (path.name not in EMPTY)
    for entry in parsed.entries:
        for build in entry.builds:
            imported = build.builder == "oci-import"
            assert (build.dockerfile is None) == imported
            assert build.git_repo.startswith("https://")
            assert build.directory == posixpath.normpath(build.directory)


def golden() -> Iterator[Any]:
    for path in sorted(CORPUS.glob("golden/*.library")):
        yield pytest.param(path.stem, id=path.stem)


@pytest.mark.parametrize("name", list(golden()))
def test_tags_and_architectures_are_those_of_the_official_tool(name: str) -> None:
    expected = json.loads((CORPUS / f"golden/{name}.expected-arches.json").read_bytes())

    parsed = library(f"golden/{name}.library")

    assert {
        tag: sorted(
            {build.architecture for entry in parsed.entries_of(tag) for build in entry.builds}
        )
        for tag in parsed.tags
    } == expected
    assert {tag: parsed.platforms_of(tag) for tag in parsed.tags} == {
        tag: frozenset(PLATFORMS[architecture] for architecture in architectures)
        for tag, architectures in expected.items()
    }


def sources() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(CORPUS.glob("meta/sources.*.json")):
        for source in json.loads(path.read_bytes()).values():
            yield from source["arches"].items()


def test_architectures_have_the_platforms_and_namespaces_of_the_official_tool() -> None:
    told = list(sources())

    assert told
    for architecture, source in told:
        platform = PLATFORMS[architecture]
        assert parse_platform(source["platformString"]) == platform
        assert {tag.partition("/")[0] for tag in source["archTags"]} == {NAMESPACES[platform]}


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        pytest.param("node-22-bullseye-slim", ["debian:bullseye-slim"], id="node slim"),
        pytest.param("node-22-bookworm", ["buildpack-deps:bookworm"], id="node"),
        pytest.param("golang-1.26-trixie", ["buildpack-deps:trixie-scm"], id="two stages"),
        pytest.param(
            "golang-1.26-nanoserver-ltsc2025",
            [
                "mcr.microsoft.com/windows/nanoserver:ltsc2025",
                "golang:1.26.7-windowsservercore-ltsc2025",
            ],
            id="Windows, copied from another image",
        ),
    ],
)
def test_real_dockerfiles_have_these_parents(name: str, parents: list[str]) -> None:
    text = (CORPUS / f"dockerfile/{name}.Dockerfile").read_text(encoding="utf-8")

    assert parents_of(text) == tuple(map(parse_reference, parents))


def test_no_dockerfile_is_left_out() -> None:
    for path in CORPUS.glob("dockerfile/*"):
        assert parse_dockerfile(path.read_text(encoding="utf-8"))


TEXTS = [path.read_text(encoding="utf-8") for path in FILES]


@given(st.sampled_from(TEXTS), st.data())
def test_a_damaged_file_is_read_or_refused(text: str, data: st.DataObject) -> None:
    damaged = text
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = data.draw(st.integers(start, min(start + 40, len(damaged))))
        damaged = damaged[:start] + data.draw(st.text(max_size=8)) + damaged[end:]

    parsed = parse_library(damaged)

    if isinstance(parsed, MalformedLibrary):
        assert 1 <= parsed.line <= damaged.count("\n") + 1
    else:
        assert all(parsed.platforms_of(tag) for tag in parsed.tags)


def test_all_files_are_read_fast() -> None:
    begun = time.process_time()

    for text in TEXTS:
        parse_library(text)

    assert time.process_time() - begun < 2


def looked_at(**revisions: str) -> Observation:
    """An index with these architectures, an hour after the merge."""
    entries = {
        PLATFORMS[architecture]: Entry("sha256:" + "0" * 64, True, None, revision)
        for architecture, revision in revisions.items()
    }
    return Observation(Status.PRESENT, MERGED + timedelta(hours=1), "sha256:" + "1" * 64, entries)


def incident(
    file: str, index: Observation, own: Observation, *, debian_revision: str | None = None
) -> Evidence:
    """What was known of the tag, its parent built from the given commit or the listed one."""
    debian = library("incident/debian.2025-04-23.bd577757")
    (build,) = debian.builds_of("bullseye-slim", ARM64)
    parent = Ancestor(
        DEBIAN,
        Said(debian, MERGED),
        looked_at(arm64v8=debian_revision or build.git_commit),
        changed_at=MERGED - timedelta(hours=5 if debian_revision else 16 * 24),
    )
    return Evidence(
        NODE,
        ARM64,
        index,
        Said(library(f"incident/{file}"), MERGED),
        own,
        Said((parent,), MERGED),
    )


BEFORE, LISTED, UNLISTED = "node.before.bd577757", "node.2025-04-23.9b77d4c0", "node.after.a025713e"
NEW = "9bb97e784231f01e61df4d22aaa95a110432a1c7"
NOTHING = Observation(Status.TAG_MISSING, MERGED)


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        pytest.param(incident(BEFORE, NOTHING, NOTHING), ReasonCode.UNLISTED, id="not merged"),
        pytest.param(incident(LISTED, NOTHING, NOTHING), ReasonCode.QUEUED, id="merged"),
        pytest.param(incident(LISTED, looked_at(), NOTHING), ReasonCode.QUEUED, id="empty index"),
        pytest.param(
            incident(LISTED, looked_at(amd64=NEW), NOTHING, debian_revision="f" * 40),
            ReasonCode.WAITING_PARENT,
            id="had Debian been updated",
        ),
        pytest.param(
            incident(LISTED, looked_at(amd64=NEW), looked_at(arm64v8=NEW)),
            ReasonCode.BUILT_PENDING_INDEX,
            id="built",
        ),
        pytest.param(
            incident(LISTED, looked_at(amd64=NEW, arm64v8=NEW), looked_at(arm64v8=NEW)),
            ReasonCode.PRESENT,
            id="there",
        ),
        pytest.param(
            incident(UNLISTED, looked_at(amd64=NEW), NOTHING), ReasonCode.UNLISTED, id="22.16"
        ),
    ],
)
def test_the_incident_is_explained_at_each_step(evidence: Evidence, code: ReasonCode) -> None:
    assert explain(evidence).code is code


def test_the_moving_tag_of_the_incident_may_be_the_previous_build() -> None:
    moving = parse_reference("node:22-bullseye-slim")
    before = library(f"incident/{BEFORE}").builds_of("22-bullseye-slim", ARM64)[0].git_commit

    reason = explain(
        Evidence(
            moving, ARM64, looked_at(arm64v8=before), Said(library(f"incident/{LISTED}"), MERGED)
        )
    )

    assert (reason.code, reason.freshness) == (ReasonCode.PRESENT, Freshness.MAY_BE_PREVIOUS)


def test_an_empty_index_is_no_error() -> None:
    body = (CORPUS / "registry/empty-index.debian-bookworm-20250721-slim.json").read_bytes()

    assert decode_manifest(body, None) == Index(())
