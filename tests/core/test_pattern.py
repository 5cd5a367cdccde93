"""Patterns of tags: what they mean, what they refuse, and that none of them takes long."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import InvalidInput
from bot.core.pattern import TagPattern, is_pattern, parse_tag_pattern, split_pattern
from bot.core.pattern.automaton import ALPHABET
from bot.core.reference import Reference

TAGS = st.text(sorted(ALPHABET), min_size=1, max_size=128)

MATCHES = [
    ("22.*-bullseye-slim", "22.1-bullseye-slim 22.x-bullseye-slim", "22.16-slim 23.1"),
    ("22.?", "22.1 22.x", "22. 22.10"),
    ("*", "22 latest", ""),
    (r"~22\.[0-9]+", "22.1 22.16", "22. 22x1 22.1-slim 122.1"),
    (r"~^22\.\d+$", "22.1", "22.a"),
    (r"~(?:22|23)(-slim)?", "22 23-slim", "24 22-slim-slim"),
    (r"~v\w+", "v1_a", "v v1.2"),
    (r"~\D\W", "a. x-", "1. aa"),
    ("~[^0-9]x", "ax .x", "1x"),
    (r"~[\d_-]+", "1_2-3", "a"),
    ("~[a-]", "a -", "b"),
    ("~a{2}", "aa", "a aaa"),
    ("~a{1,2}b", "ab aab", "b aaab"),
    ("~a{2,}", "aa aaaa", "a"),
    ("~(a*)*b+", "b aab", "a"),
    ("~(a|b)+|c", "ab c", "abc"),
    ("~", "", "a"),
    (r"~1\-2", "1-2", "12"),
    ("^22.1", "22.1 22.99.3 v22.1", "22.0 23.0 22.1-slim latest"),
    ("^22-slim", "22-slim 22.3.1-slim", "22 23-slim"),
    ("^0.2", "0.2.5", "0.3 1.0"),
    ("^0.0.3", "0.0.3", "0.0.4"),
    ("^0", "0.9", "1.0"),
    (">=22.1,<24", "22.1 23.9", "22.0 24"),
    (">22,<=24-slim", "22.0.1-slim 24-slim", "22-slim 24.1-slim 23"),
    ("=1.2", "1.2 1.2.0", "1.2.1"),
]  # fmt: skip


def pattern(tags: str) -> TagPattern:
    return parse_tag_pattern(f"node:{tags}")


@pytest.mark.parametrize(("tags", "fit", "others"), MATCHES, ids=[each[0] for each in MATCHES])
def test_a_pattern_means_these_and_not_those(tags: str, fit: str, others: str) -> None:
    meant = pattern(tags)

    assert [tag for tag in fit.split() if not meant.matches(tag)] == []
    assert [tag for tag in others.split() if meant.matches(tag)] == []


REFUSED = {
    "unclosed group": "~(a",
    "unopened group": "~a)",
    "unclosed class": "~[a",
    "range the wrong way": "~[z-a]",
    "look-ahead": "~(?=a)",
    "back reference": r"~(a)\1",
    "unknown escape": r"~\p",
    "backslash at the end": "~a\\",
    "nothing to repeat": "~*a",
    "two repetitions": "~a+*",
    "too many times": "~a{500}",
    "fewer than at least": "~a{3,2}",
    "anchor inside": "~a^b",
    "groups in groups": "~" + "(" * 30 + "a" + ")" * 30,
    "too many states": "~((a{90}){90}){9}",
    "more states than are followed cheaply": "~" + "(.?){100}" * 2,
    "no range": "^x",
    "two endings": ">=1-slim,<2-slim",
    "not in tags": "22.*!",
    "too long": "*" * 300,
}


@pytest.mark.parametrize("tags", REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_with_a_sentence(tags: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.$"):
        parse_tag_pattern(f"node:{tags}")


def test_a_pattern_knows_its_repository_and_how_it_was_typed() -> None:
    meant = parse_tag_pattern("ghcr.io/acme/app:1.*")

    assert meant.repository == Reference("ghcr.io", "acme/app", None)
    assert meant.text == "1.*"
    assert meant.familiar == "ghcr.io/acme/app:1.*"
    assert parse_tag_pattern(meant.familiar) == meant


def test_a_registry_may_have_a_port() -> None:
    assert parse_tag_pattern("localhost:5000/app:1.*").repository.registry == "localhost:5000"


@pytest.mark.parametrize("text", ["node", "node:22", ":22.*", "localhost:5000/node", "Foo/x:*"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_tag_pattern(text)


@pytest.mark.parametrize("text", ["node:22:1.*", f"node@sha256:{'0' * 64}:1.*"])
def test_an_image_has_one_tag_or_a_pattern(text: str) -> None:
    with pytest.raises(InvalidInput, match="has a tag already"):
        parse_tag_pattern(text)


def test_only_what_means_several_tags_is_a_pattern() -> None:
    assert all(map(is_pattern, ["22.*", "2?", "~2", "^2", ">=2", "<2", "=2"]))
    assert not any(map(is_pattern, ["", "22", "22.1-slim_x"]))
    assert split_pattern("node:~(?:a|b)") == ("node", "~(?:a|b)")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("tags", ["~(a*)*b", "~(a|a)*b", "~(.*)*(.*)*(.*)*x", "*" * 99 + "b"])
def test_no_pattern_takes_long(tags: str) -> None:
    meant = pattern(tags)

    assert not meant.matches("a" * 128)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "tags", ["~" + "(" * 15 + "){100}" * 15, "~(" + "(" * 8 + "){100}" * 8 + "a)"]
)
def test_nothing_repeated_within_itself_takes_no_time(tags: str) -> None:
    meant = pattern(tags)

    assert meant.matches("") != meant.matches("a")


@pytest.mark.timeout(20)
def test_ten_thousand_tags_are_matched_soon_by_the_worst_of_patterns() -> None:
    meant = pattern("~" + ".*" * 95 + "x")
    tags = [f"{number:07}-slim" for number in range(10_000)]

    began = process_time()
    fitting = sum(map(meant.matches, tags))

    assert fitting == 0
    assert process_time() - began < 5


def test_a_pattern_with_more_ways_than_are_remembered_means_the_same() -> None:
    expression = ".*a.{12}"
    meant, judge = pattern(f"~{expression}"), re.compile(expression)
    steps = (pow(3, 7 * number, 2**127) for number in range(100))
    tags = [f"{step:0127b}".replace("0", "a").replace("1", "b") for step in steps]

    assert [tag for tag in tags if meant.matches(tag) != bool(judge.fullmatch(tag))] == []


@given(tag=TAGS, pieces=st.lists(st.sampled_from(["a", "1", ".", "*", "?", "-"]), min_size=1))
def test_globs_mean_what_the_same_expression_means(tag: str, pieces: list[str]) -> None:
    text = "".join(pieces[:20]) + "*"
    expression = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in text)

    # Python's engine is the judge; a run of stars is one to it, because it would go back for ever.
    judge = re.compile(re.sub(r"(?:\.\*)+", ".*", expression))
    if text.count("*") <= 6:
        assert pattern(text).matches(tag[:30]) == (judge.fullmatch(tag[:30]) is not None)


@given(
    tag=st.text("ab1", max_size=12),
    expression=st.from_regex(r"(?:[ab1]|\[ab\]|\(a\|b1\)|\.)[*+?]?(?:[ab1]|\\d)?", fullmatch=True),
)
def test_expressions_mean_what_they_mean_in_python(tag: str, expression: str) -> None:
    found = re.compile(expression, re.ASCII).fullmatch(tag) is not None

    assert pattern(f"~{expression}").matches(tag) == found
