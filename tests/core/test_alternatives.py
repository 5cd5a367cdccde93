from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alternatives import Candidate, Offer, candidates, judge, version_of
from bot.core.evidence import Evidence, LibraryAnswer, Said
from bot.core.library import Library, parse_library
from bot.core.model import Entry, Observation
from bot.core.platform import Platform, parse_platform
from bot.core.reason import Freshness, Reason, ReasonCode
from bot.core.reference import parse_reference
from tests.support.decisions import AMD64, ARM64, NOW, S390X, digest, missing, present

NEW, OLD = "b" * 40, "a" * 40
NODE = [
    "22-alpine, 22.15-alpine, 22.15.0-alpine, 22.15-alpine3.21, lts-alpine",
    "22, 22.15, 22-bookworm, 22.15-bookworm, 22.15.0, 22.15.0-bookworm, lts, jod",
    "22-bookworm-slim, 22.15-bookworm-slim, 22.15.0-bookworm-slim",
    "22-bullseye, 22.15-bullseye, 22.15.0-bullseye",
    "22-bullseye-slim, 22.15-bullseye-slim, 22.15.0-bullseye-slim, jod-bullseye-slim",
    "23-bullseye-slim, 23.11-bullseye-slim, 23.11.0-bullseye-slim, bullseye-slim",
    "23, 23.11, 23.11.0, latest",
]
BUILT = present(entries={ARM64: Entry(digest("d"), True, None, NEW)})


def library(entries: Sequence[str] = NODE, architectures: str = "amd64, arm64v8") -> Library:
    text = f"Maintainers: x\nGitRepo: r\nGitCommit: {NEW}\nArchitectures: {architectures}\n"
    text += "".join(f"\nTags: {tags}\nDirectory: d{n}\n" for n, tags in enumerate(entries))
    parsed = parse_library(text)
    assert isinstance(parsed, Library), parsed
    return parsed


def reason(
    typed: str = "node:22.15-bullseye-slim",
    code: ReasonCode = ReasonCode.QUEUED,
    *,
    listed: Library | None = None,
    answer: LibraryAnswer = None,
    index: Observation | None = None,
    built: Observation | None = None,
    platform: Platform = ARM64,
) -> Reason:
    answer = answer if listed is None else Said(listed, NOW)
    seen = present(AMD64) if index is None else index
    return Reason(code, Evidence(parse_reference(typed), platform, seen, answer, built))


def built_from(revision: str) -> Entry:
    return Entry(digest("d"), True, None, revision)


def offered(reason: Reason) -> list[tuple[Offer, str]]:
    return [(each.offer, each.reference.familiar) for each in candidates(reason)]


V, L, G, E, B = (
    Offer.OTHER_VARIANT,
    Offer.SAME_LINE,
    Offer.GENERIC,
    Offer.EMULATED,
    Offer.SAME_BITS,
)


def test_the_incidents_tag_has_every_kind_of_alternative_in_their_order() -> None:
    found = offered(reason(listed=library(), built=BUILT))

    assert found == [
        (B, "arm64v8/node:22.15-bullseye-slim"),
        (V, "node:22.15-bookworm-slim"),
        (V, "node:22.15-bullseye"),
        (L, "node:22-bullseye-slim"),
        (G, "node:bullseye-slim"),
        (E, "node:22.15-bullseye-slim"),
    ]


def test_a_generic_tag_is_named_with_the_version_that_it_really_is() -> None:
    [generic] = [
        each for each in candidates(reason(listed=library())) if each.offer is Offer.GENERIC
    ]

    assert (generic.version, generic.commits) == ("23.11.0", frozenset({NEW}))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param(
            "node:22.15.0-bullseye-slim",
            [
                (V, "node:22.15.0-bookworm-slim"),
                (V, "node:22.15.0-bullseye"),
                (L, "node:22.15-bullseye-slim"),
                (G, "node:bullseye-slim"),
            ],
            id="a full version",
        ),
        pytest.param(
            "node:22.15",
            [
                (V, "node:22.15-alpine"),
                (V, "node:22.15-bookworm-slim"),
                (L, "node:22"),
                (G, "node:latest"),
            ],
            id="no variant",
        ),
        pytest.param(
            "node:jod-bullseye-slim",
            [(V, "node:22.15.0-bookworm-slim"), (V, "node:22.15.0-bullseye")],
            id="the name of a line",
        ),
        pytest.param(
            "node:23",
            [(V, "node:23-bullseye-slim"), (G, "node:latest")],
            id="nothing shorter than the tag",
        ),
        pytest.param(
            "node:22.14-bullseye-slim",
            [(L, "node:22-bullseye-slim"), (G, "node:bullseye-slim")],
            id="not listed any more",
        ),
        pytest.param("node:nothing", [], id="not listed, and no version"),
    ],
)
def test_other_tags_are_found_by_version_and_variant(
    typed: str, found: list[tuple[Offer, str]]
) -> None:
    assert offered(reason(typed, listed=library(), index=missing())) == found


PHP = [
    "8.5.9-cli-trixie, 8.5-cli-trixie, 8.5.9-cli, 8.5-cli, 8.5.9, 8.5, cli, latest",
    "8.5.9-cli-alpine3.24, 8.5-cli-alpine3.24, 8.5.9-cli-alpine, 8.5-cli-alpine, 8.5-alpine",
    "8.5.9-fpm-trixie, 8.5-fpm-trixie, fpm-trixie, 8.5.9-fpm, 8.5-fpm, fpm",
    "8.5.9-fpm-bookworm, 8.5-fpm-bookworm, fpm-bookworm",
    "8.5.10RC1-fpm-trixie, 8.5-rc-fpm-trixie, 8.5.10RC1-fpm, 8.5-rc-fpm",
    "8.5.10RC1-fpm-alpine, 8.5-rc-fpm-alpine",
]


def test_a_build_that_may_be_the_previous_one_has_no_version() -> None:
    candidate = Candidate(L, parse_reference("node:22-slim"), ARM64, "22.15.0", frozenset({NEW}))

    versions = [
        found.version
        for revision in (NEW, OLD)
        if (found := judge(candidate, present(entries={ARM64: built_from(revision)}))) is not None
    ]

    assert versions == ["22.15.0", None]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param("php:8.5-fpm", ["php:8.5-fpm-bookworm"], id="no candidate of a release"),
        pytest.param("php:8.5-rc-fpm", ["php:8.5-rc-fpm-alpine"], id="another candidate"),
        pytest.param("php:fpm", ["php:8.5.9-fpm-bookworm"], id="its name says the purpose"),
        pytest.param("php:latest", ["php:8.5.9-cli-alpine"], id="its other names say the purpose"),
        pytest.param("php:8.5", ["php:8.5-alpine"], id="no purpose"),
        pytest.param("php:8.5-apache", [], id="nothing for the purpose"),
    ],
)
def test_another_variant_is_for_the_same_purpose(typed: str, found: list[str]) -> None:
    offers = offered(reason(typed, listed=library(PHP)))

    assert [familiar for offer, familiar in offers if offer is V] == found


def test_a_lines_own_name_is_offered_where_there_is_no_shorter_version() -> None:
    listed = library(["22-slim, jod-slim"])

    assert offered(reason("node:22-slim", listed=listed, index=missing())) == [(L, "node:jod-slim")]


def test_what_is_not_built_for_the_platform_is_not_offered() -> None:
    listed = library(architectures="amd64")

    assert offered(reason(listed=listed)) == [(E, "node:22.15-bullseye-slim")]


def test_a_generic_tag_without_any_version_is_not_offered() -> None:
    listed = library(["1-slim", "slim, edge"])

    assert offered(reason("x:1-slim", listed=listed, index=missing())) == []


def test_an_entry_without_a_version_has_no_other_variants() -> None:
    listed = library(["bookworm, stable", "bookworm-slim"])

    assert offered(reason("debian:bookworm", listed=listed, index=missing())) == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="not asked"),
        pytest.param(Said(None, NOW), id="no official image"),
        pytest.param(Said(parse_library("<html>"), NOW), id="malformed"),
    ],
)
def test_without_a_library_file_only_what_was_seen_is_offered(answer: LibraryAnswer) -> None:
    assert offered(reason(answer=answer, built=BUILT)) == [
        (B, "arm64v8/node:22.15-bullseye-slim"),
        (E, "node:22.15-bullseye-slim"),
    ]


def test_nothing_is_offered_for_what_is_there() -> None:
    assert offered(reason(code=ReasonCode.PRESENT, listed=library())) == []


@pytest.mark.parametrize("platform", [AMD64, parse_platform("windows/arm64")], ids=str)
def test_nothing_but_another_linux_is_emulated(platform: Platform) -> None:
    assert offered(reason("ghcr.io/a/b:1", platform=platform)) == []


def test_nothing_is_emulated_that_is_not_there() -> None:
    assert offered(reason("ghcr.io/a/b:1", index=present(S390X))) == []


def test_other_images_can_be_emulated_too() -> None:
    assert offered(reason("ghcr.io/a/b:1")) == [(E, "ghcr.io/a/b:1")]


CANDIDATE = Candidate(
    Offer.SAME_LINE, parse_reference("node:22"), ARM64, "22.15.0", frozenset({NEW})
)


def arm64(revision: str | None = NEW, *, reachable: bool | None = True) -> Observation:
    return present(entries={ARM64: Entry(digest("d"), reachable, None, revision)})


@pytest.mark.parametrize(
    ("candidate", "seen", "freshness"),
    [
        pytest.param(CANDIDATE, arm64(), Freshness.CURRENT, id="built from the commit"),
        pytest.param(CANDIDATE, arm64(OLD), Freshness.MAY_BE_PREVIOUS, id="from another one"),
        pytest.param(CANDIDATE, arm64(None), Freshness.NOT_KNOWN, id="nothing said"),
        pytest.param(
            replace(CANDIDATE, commits=frozenset()), arm64(), Freshness.NOT_KNOWN, id="no commit"
        ),
        pytest.param(
            replace(CANDIDATE, offer=Offer.GENERIC), arm64(), Freshness.CURRENT, id="generic"
        ),
        pytest.param(
            replace(CANDIDATE, offer=Offer.EMULATED, commits=frozenset()),
            arm64(reachable=None),
            Freshness.NOT_KNOWN,
            id="emulated, listed",
        ),
    ],
)
def test_what_a_look_has_seen_is_an_alternative(
    candidate: Candidate, seen: Observation, freshness: Freshness
) -> None:
    alternative = judge(candidate, seen)

    assert alternative is not None
    assert (alternative.candidate, alternative.freshness) == (candidate, freshness)
    assert alternative.seen_at == NOW


@pytest.mark.parametrize(
    ("candidate", "seen"),
    [
        pytest.param(CANDIDATE, present(AMD64), id="not there"),
        pytest.param(CANDIDATE, arm64(reachable=None), id="not asked for"),
        pytest.param(CANDIDATE, missing(), id="no such tag"),
        pytest.param(
            replace(CANDIDATE, offer=Offer.GENERIC), arm64(OLD), id="generic, another build"
        ),
        pytest.param(
            replace(CANDIDATE, offer=Offer.GENERIC), arm64(None), id="generic, nobody knows"
        ),
        pytest.param(
            replace(CANDIDATE, offer=Offer.EMULATED), arm64(reachable=False), id="emulated, lost"
        ),
        pytest.param(
            replace(CANDIDATE, offer=Offer.EMULATED), present(AMD64), id="emulated, not there"
        ),
    ],
)
def test_what_was_not_seen_is_none(candidate: Candidate, seen: Observation) -> None:
    assert judge(candidate, seen) is None


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("22.15-bullseye-slim", "22.15"),
        ("1.27rc1-trixie", "1.27rc1"),
        ("v3", "v3"),
        ("latest", None),
        ("bullseye-slim", None),
        ("22.x", None),
    ],
)
def test_a_version_is_what_a_tag_begins_with(tag: str, version: str | None) -> None:
    assert version_of(tag) == version


TAGS = st.sampled_from([tag for entry in NODE for tag in entry.split(", ")] + ["22.14", "x"])


@given(TAGS, st.sampled_from([ARM64, S390X, AMD64]))
def test_kinds_come_in_order_and_never_the_wanted_tag_itself(tag: str, platform: Platform) -> None:
    found = list(
        candidates(reason(f"node:{tag}", listed=library(), built=BUILT, platform=platform))
    )

    order = list(Offer)
    kinds = [order.index(each.offer) for each in found]
    assert all(one <= other for one, other in pairwise(kinds))
    assert len({(each.reference, each.platform) for each in found}) == len(found)
    others = [each for each in found if each.offer is not Offer.EMULATED]
    assert all(each.reference.familiar != f"node:{tag}" for each in others)
