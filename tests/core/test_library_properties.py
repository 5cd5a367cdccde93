"""What holds for every text: an answer, in time, and what was written is what is read."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.library import MAX_LIBRARY_BYTES, PLATFORMS, Library, MalformedLibrary, parse_library
from bot.core.reference import is_tag

COMMIT = "c" * 40
GLOBAL = f"Maintainers: x\nGitRepo: r\nGitCommit: {COMMIT}\n"
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True)
ARCHITECTURES = st.lists(st.sampled_from(sorted(PLATFORMS)), min_size=1, unique=True)
_PIECES = """
    Maintainers: x (@x) Tags: SharedTags: Architectures: GitRepo: GitFetch: GitCommit: Directory:
    File: Builder: amd64 arm64v8 windows-amd64 arm64v8-GitCommit: -Directory: refs/heads/main
    , # : .
"""
PIECES = st.sampled_from([*_PIECES.split(), COMMIT, "\n", "\n\n", "\n ", "\n\t", "\r\n", " "])
TEXTS = st.text() | st.lists(PIECES | TAGS, max_size=60).map(" ".join)


@given(TEXTS | TEXTS.map((GLOBAL + "\n").__add__))
@example("\x00")
@example("\ud800: \x85\u2028")
def test_any_text_is_a_library_or_malformed_within_it(text: str) -> None:
    parsed = parse_library(text)

    if isinstance(parsed, MalformedLibrary):
        assert 1 <= parsed.line <= text.count("\n") + 1
        assert len(parsed.fragment) <= 80
    else:
        assert all(map(is_tag, parsed.tags))
        assert all(entry.platforms for entry in parsed.entries)
        assert {tag for e in parsed.entries for tag in e.tags + e.shared_tags} == parsed.tags


@given(st.lists(st.tuples(TAGS, ARCHITECTURES), unique_by=lambda entry: entry[0], max_size=8))
def test_each_tag_has_the_platforms_that_were_written_for_it(
    entries: list[tuple[str, list[str]]],
) -> None:
    written = "".join(
        f"\nTags: {tag}\nArchitectures: {', '.join(architectures)}\nDirectory: {number}\n"
        for number, (tag, architectures) in enumerate(entries)
    )

    parsed = parse_library(GLOBAL + written)

    assert isinstance(parsed, Library)
    assert {tag: parsed.platforms_of(tag) for tag in parsed.tags} == {
        tag: frozenset(PLATFORMS[architecture] for architecture in architectures)
        for tag, architectures in entries
    }


def _entries(template: str) -> str:
    return "".join(template.format(n) for n in range(9_000))


ALL = ", ".join(PLATFORMS)
SHARED = ",".join(f"s{n}" for n in range(20_000))
HOSTILE = [
    pytest.param("\n" * MAX_LIBRARY_BYTES, id="blank lines"),
    pytest.param(" " * MAX_LIBRARY_BYTES, id="space"),
    pytest.param("#" * MAX_LIBRARY_BYTES, id="a comment"),
    pytest.param(":" * MAX_LIBRARY_BYTES, id="colons"),
    pytest.param("a:\n" * (MAX_LIBRARY_BYTES // 3), id="one field again and again"),
    pytest.param("a:" + "\n b" * (MAX_LIBRARY_BYTES // 4), id="continuations"),
    pytest.param(f"{GLOBAL}\nTags:" + "," * MAX_LIBRARY_BYTES, id="commas"),
    pytest.param(f"{GLOBAL}\nTags:" + "a," * (MAX_LIBRARY_BYTES // 2), id="many tags"),
    pytest.param(f"{GLOBAL}\n{_entries('Tags: {0}' + chr(10) * 2)}", id="one source for all"),
    pytest.param(
        f"{GLOBAL}Architectures: {ALL}\n\n{_entries('Tags: {0}' + chr(10) * 2)}", id="all"
    ),
    pytest.param(f"{GLOBAL}\n" + _entries("Tags: {0}\nFile: {0}\n\n"), id="a source for each"),
    pytest.param(
        f"{GLOBAL}SharedTags: {SHARED}\n\n{_entries('Tags: {0}' + chr(10) * 2)}", id="shared by all"
    ),
    pytest.param(
        f"{GLOBAL}Architectures: {'amd64,' * 20_000}\n\n{_entries('Tags: {0}' + chr(10) * 2)}",
        id="long list for all",
    ),
    pytest.param(
        f"{GLOBAL}Directory: {'a/' * 50_000}\n\n{_entries('Tags: {0}' + chr(10) * 2)}",
        id="long directory for all",
    ),
    pytest.param(
        f"{GLOBAL}Constraints: {'a,' * 50_000}\n\n{_entries('Tags: {0}' + chr(10) * 2)}",
        id="long constraints for all",
    ),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_takes_no_longer_than_its_length(text: str) -> None:
    begun = time.process_time()

    parse_library(text[:MAX_LIBRARY_BYTES])

    assert time.process_time() - begun < 3
