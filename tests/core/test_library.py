import pytest

from bot.core.library import (
    MAX_LIBRARY_BYTES,
    NAMESPACES,
    PLATFORMS,
    Build,
    Library,
    LibraryFault,
    MalformedLibrary,
    OfficialImage,
    architecture_tag,
    official_image,
    parse_library,
)
from bot.core.platform import Platform
from bot.core.reference import Reference, parse_reference
from tests.support.decisions import AMD64, ARM64, ARMV7

COMMIT, OTHER = "a" * 40, "b" * 64
WINDOWS = Platform("windows", "amd64")
GLOBAL = f"Maintainers: Somebody (@somebody)\nGitRepo: https://h/r.git\nGitCommit: {COMMIT}\n"


def library(*entries: str, first: str = GLOBAL) -> Library:
    parsed = parse_library("\n".join((first, *entries)))
    assert isinstance(parsed, Library), parsed
    return parsed


def build_of(text: str, *, first: str = GLOBAL, platform: Platform = AMD64) -> Build:
    (build,) = library(f"Tags: 1\n{text}\n", first=first).builds_of("1", platform)
    return build


def test_an_entry_without_more_has_the_defaults() -> None:
    parsed = library("Tags: 1, 1.2\n")

    assert parsed.tags == {"1", "1.2"}
    assert parsed.platforms_of("1") == frozenset({AMD64})
    assert parsed.builds_of("1", AMD64) == (
        Build("amd64", "https://h/r.git", "refs/heads/master", COMMIT, ".", "Dockerfile", ""),
    )
    assert parsed.builds_of("1", ARM64) == ()


def test_a_tag_that_is_not_named_is_not_listed() -> None:
    assert library("Tags: 1\n").platforms_of("2") is None
    assert library("Tags: 1\n").entries_of("2") == ()


def test_a_file_without_entries_lists_nothing() -> None:
    parsed = library()

    assert (parsed.entries, parsed.tags) == ((), frozenset())


@pytest.mark.parametrize(
    ("architecture", "platform"),
    [
        pytest.param("amd64", "linux/amd64", id="amd64"),
        pytest.param("arm32v5", "linux/arm/v5", id="arm32v5"),
        pytest.param("arm32v6", "linux/arm/v6", id="arm32v6"),
        pytest.param("arm32v7", "linux/arm/v7", id="arm32v7"),
        pytest.param("arm64v8", "linux/arm64", id="arm64v8"),
        pytest.param("i386", "linux/386", id="i386"),
        pytest.param("mips64le", "linux/mips64le", id="mips64le"),
        pytest.param("ppc64le", "linux/ppc64le", id="ppc64le"),
        pytest.param("riscv64", "linux/riscv64", id="riscv64"),
        pytest.param("s390x", "linux/s390x", id="s390x"),
        pytest.param("windows-amd64", "windows/amd64", id="windows"),
    ],
)
def test_every_architecture_has_its_platform(architecture: str, platform: str) -> None:
    parsed = library(f"Tags: 1\nArchitectures: {architecture}\n")

    assert list(map(str, parsed.platforms_of("1") or ())) == [platform]
    assert len(PLATFORMS) == len(NAMESPACES) == 11


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Tags: 1, 2\nArchitectures: amd64, arm64v8", id="plain"),
        pytest.param("Tags:1,2\nArchitectures:amd64,arm64v8", id="no space"),
        pytest.param("Tags: ,1,, 2,\nArchitectures: amd64, arm64v8,", id="empty items"),
        pytest.param("Tags: 1,\n 2\nArchitectures:\n  amd64,\n\tarm64v8", id="continued"),
        pytest.param("Tags: 1,\n# no\n 2\n#\nArchitectures: arm64v8, amd64", id="comments"),
        pytest.param("Tags: 1,\n \t# no\n 2\nArchitectures: amd64, arm64v8", id="indented comment"),
        pytest.param("Tags: 1, 2\r\nArchitectures: amd64, arm64v8\r\n\r\n", id="CRLF"),
        pytest.param("\n\n\nTags: 1, 2\nArchitectures: amd64, arm64v8\n\n\n", id="blank lines"),
        pytest.param("Tags: 1, 2\nArchitectures: arm64v8, amd64, arm64v8", id="unsorted, twice"),
        pytest.param("Tags: 9\nTags: 1, 2\nArchitectures: amd64, arm64v8", id="last field counts"),
        pytest.param("Tags: 1, 2\nArchitectures: amd64, arm64v8\nNew: field", id="unknown field"),
        pytest.param(" \nTags: 1, 2\nArchitectures: amd64, arm64v8", id="blank with space"),
    ],
)
def test_the_same_is_read_however_it_is_written(text: str) -> None:
    (entry,) = library(text).entries

    assert entry.tags == ("1", "2")
    assert [build.architecture for build in entry.builds] == ["amd64", "arm64v8"]


def test_a_comment_right_above_the_maintainers_is_no_paragraph() -> None:
    assert library("Tags: 1\n", first="# generated\n" + GLOBAL).tags == {"1"}


def test_entries_replace_inherited_lists() -> None:
    first = GLOBAL + "Architectures: arm64v8, arm32v7\nSharedTags: latest\n"

    parsed = library(
        "Tags: 1\nDirectory: 1\n",
        "Tags: 2\nSharedTags: two, two\nArchitectures: amd64\n",
        first=first,
    )

    assert parsed.platforms_of("1") == parsed.platforms_of("latest") == frozenset({ARM64, ARMV7})
    assert parsed.platforms_of("2") == parsed.platforms_of("two") == frozenset({AMD64})
    assert parsed.entries[1].shared_tags == ("two",)


def test_empty_lists_of_an_entry_leave_the_inherited_ones() -> None:
    first = GLOBAL + "Architectures: arm64v8\nSharedTags: latest\n"

    parsed = library("Tags: 1\nSharedTags:\nArchitectures: ,\n", first=first)

    assert parsed.platforms_of("latest") == frozenset({ARM64})


def test_a_shared_tag_has_the_platforms_of_all_its_entries() -> None:
    parsed = library(
        "Tags: linux\nSharedTags: latest\nArchitectures: amd64, arm64v8\n",
        "Tags: w1\nSharedTags: latest, nano\nArchitectures: windows-amd64\nDirectory: w1\n",
        "Tags: w2\nSharedTags: nano, latest\nArchitectures: windows-amd64\nDirectory: w2\n",
    )

    assert parsed.platforms_of("latest") == frozenset({AMD64, ARM64, WINDOWS})
    assert parsed.platforms_of("nano") == frozenset({WINDOWS})
    assert [build.directory for build in parsed.builds_of("latest", WINDOWS)] == ["w1", "w2"]


def test_an_architectures_own_field_wins_wherever_it_stands() -> None:
    first = GLOBAL + f"arm64v8-GitFetch: refs/heads/arm\narm64v8-GitCommit: {OTHER}\n"
    text = (
        "Architectures: amd64, arm64v8, windows-amd64\nDirectory: d\nwindows-amd64-Directory: w\n"
    )

    parsed = library("Tags: 1\n" + text, first=first)

    assert [
        (build.architecture, build.git_fetch, build.git_commit, build.directory)
        for build in parsed.entries[0].builds
    ] == [
        ("amd64", "refs/heads/master", COMMIT, "d"),
        ("arm64v8", "refs/heads/arm", OTHER, "d"),
        ("windows-amd64", "refs/heads/master", COMMIT, "w"),
    ]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        pytest.param("", "Dockerfile", id="defaults"),
        pytest.param("Directory: ./1/x/", "1/x/Dockerfile", id="dot and slash"),
        pytest.param("Directory: 1\nFile: Dockerfile.base", "1/Dockerfile.base", id="file"),
        pytest.param("amd64-File: D\nFile: E", "D", id="the architecture's file"),
        pytest.param("amd64-File:\nFile: E", "E", id="empty, so the plain one"),
        pytest.param("Builder: buildkit", "Dockerfile", id="builder"),
        pytest.param("Builder: oci-import\nFile: index.json", None, id="no Dockerfile"),
        pytest.param("amd64-Builder: oci-import", None, id="no Dockerfile for it"),
        pytest.param("Directory: ..", None, id="outside"),
        pytest.param("File: ../../x", None, id="outside by the file"),
        pytest.param("Directory: /etc", None, id="absolute"),
        pytest.param("Directory: a/..\nFile: ..", None, id="outside as a whole"),
    ],
)
def test_the_dockerfile_is_found_within_the_repository(fields: str, path: str | None) -> None:
    assert build_of(fields).dockerfile == path


def test_entries_that_are_built_from_the_same_are_one() -> None:
    parsed = library(
        "Tags: 1\nSharedTags: s\nDirectory: ./d\n",
        "Tags: 2\nSharedTags: s, t\nDirectory: d/\n",
        "Tags: 3\nDirectory: d\nConstraints: nano\n",
    )

    assert [(entry.tags, entry.shared_tags) for entry in parsed.entries] == [
        (("1", "2"), ("s", "t")),
        (("3",), ()),
    ]


@pytest.mark.parametrize(
    ("text", "fault", "line", "fragment"),
    [
        pytest.param("", LibraryFault.NO_MAINTAINERS, 1, "", id="empty"),
        pytest.param("\nGitRepo: x", LibraryFault.NO_MAINTAINERS, 2, "", id="no maintainers"),
        pytest.param("Maintainers: ,\n", LibraryFault.NO_MAINTAINERS, 1, "", id="nobody"),
        pytest.param("404: Not Found", LibraryFault.NO_MAINTAINERS, 1, "", id="an error page"),
        pytest.param(GLOBAL + "Tags: 1", LibraryFault.GLOBAL_TAGS, 4, "", id="global tags"),
        pytest.param(" x: y", LibraryFault.STRAY_CONTINUATION, 1, "x: y", id="continues nothing"),
        pytest.param("<html>", LibraryFault.NOT_A_FIELD, 1, "<html>", id="no field"),
        pytest.param("x" * 999, LibraryFault.NOT_A_FIELD, 1, "x" * 80, id="a long fragment"),
        pytest.param(f"{GLOBAL}\nFile: x", LibraryFault.NO_TAGS, 5, "", id="no tags"),
        pytest.param(f"{GLOBAL}\nTags: a/b", LibraryFault.BAD_TAG, 5, "a/b", id="no tag"),
        pytest.param(
            f"{GLOBAL}\nTags: a\nSharedTags: -", LibraryFault.BAD_TAG, 6, "-", id="no shared tag"
        ),
        pytest.param(f"{GLOBAL}\nTags: a, a", LibraryFault.DUPLICATE_TAG, 5, "a", id="tag twice"),
        pytest.param(
            f"{GLOBAL}\nTags: a\n\nTags: b, a", LibraryFault.DUPLICATE_TAG, 7, "a", id="two entries"
        ),
        pytest.param(
            f"{GLOBAL}\nTags: a\nSharedTags: a", LibraryFault.DUPLICATE_TAG, 6, "a", id="both kinds"
        ),
        pytest.param(
            f"{GLOBAL}\nTags: a\nSharedTags: b\n\nTags: b",
            LibraryFault.DUPLICATE_TAG,
            8,
            "b",
            id="shared before",
        ),
        pytest.param(
            f"{GLOBAL}\nTags: a\nArchitectures: amd64, vax",
            LibraryFault.UNKNOWN_ARCHITECTURE,
            6,
            "vax",
            id="architecture",
        ),
        pytest.param(
            f"{GLOBAL}Architectures: vax\n\nTags: a",
            LibraryFault.UNKNOWN_ARCHITECTURE,
            6,
            "vax",
            id="inherited architecture",
        ),
        pytest.param(
            "Maintainers: x\n\nTags: a", LibraryFault.NO_SOURCE, 3, "", id="no repository"
        ),
        pytest.param(f"{GLOBAL}\nTags: a\nGitFetch:", LibraryFault.NO_SOURCE, 5, "", id="no fetch"),
        pytest.param(
            f"{GLOBAL}\nTags: a\nGitFetch: main", LibraryFault.BAD_FETCH, 6, "main", id="fetch"
        ),
        pytest.param(
            f"{GLOBAL}\nTags: a\nGitCommit: abc", LibraryFault.BAD_COMMIT, 6, "abc", id="commit"
        ),
        pytest.param(
            f"{GLOBAL}\nTags: a\namd64-GitCommit: abc",
            LibraryFault.BAD_COMMIT,
            6,
            "abc",
            id="the architecture's commit",
        ),
        pytest.param(
            f"{GLOBAL}Directory: {'d' * 1025}\n\nTags: a",
            LibraryFault.VALUE_TOO_LONG,
            4,
            "d" * 80,
            id="a long value",
        ),
        pytest.param(
            f"{GLOBAL}\nTags: {','.join(map(str, range(2_501)))}",
            LibraryFault.TOO_MANY_TAGS,
            5,
            "",
            id="too many tags",
        ),
        pytest.param("#" * (MAX_LIBRARY_BYTES + 1), LibraryFault.TOO_LONG, 1, "", id="too long"),
    ],
)
def test_what_is_malformed_is_told_with_its_line(
    text: str, fault: LibraryFault, line: int, fragment: str
) -> None:
    assert parse_library(text) == MalformedLibrary(fault, line, fragment)


def test_a_field_of_an_architecture_that_is_not_built_is_nobodys() -> None:
    assert build_of("vax-GitCommit: abc\narm64v8-GitFetch: nowhere").git_commit == COMMIT


@pytest.mark.parametrize(
    ("typed", "image"),
    [
        pytest.param("node:22", OfficialImage("node"), id="official"),
        pytest.param("rocket.chat", OfficialImage("rocket.chat"), id="with a dot"),
        pytest.param("arm64v8/node:22", OfficialImage("node", ARM64), id="arm64"),
        pytest.param("winamd64/golang", OfficialImage("golang", WINDOWS), id="windows"),
        pytest.param("grafana/grafana", None, id="somebody's"),
        pytest.param("ghcr.io/library/node", None, id="another registry"),
        pytest.param("docker.io/library/a/b", None, id="deeper"),
        pytest.param("docker.io/library/a--b", None, id="a name that no library file has"),
    ],
)
def test_official_images_are_known_by_their_names(typed: str, image: OfficialImage | None) -> None:
    assert official_image(parse_reference(typed)) == image


@pytest.mark.parametrize(
    ("reference", "platform", "tag"),
    [
        pytest.param("node:22", ARM64, "arm64v8/node:22", id="arm64"),
        pytest.param("node", ARMV7, "arm32v7/node:latest", id="arm/v7"),
        pytest.param("golang:1", WINDOWS, "winamd64/golang:1", id="windows"),
        pytest.param("golang:1", Platform("darwin", "arm64"), None, id="not built by anybody"),
        pytest.param("arm64v8/node:22", ARM64, None, id="already there"),
        pytest.param("ghcr.io/a/b:1", ARM64, None, id="not official"),
        pytest.param(f"node@sha256:{'0' * 64}", ARM64, None, id="a digest"),
    ],
)
def test_a_platform_is_first_in_its_own_namespace(
    reference: str, platform: Platform, tag: str | None
) -> None:
    found = architecture_tag(parse_reference(reference), platform)

    assert found == (None if tag is None else parse_reference(tag))
    assert found is None or isinstance(found, Reference)
