from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import TroubleKind
from bot.core.evidence import (
    Ancestor,
    Answer,
    Check,
    Evidence,
    Failed,
    LibraryAnswer,
    Said,
    Source,
)
from bot.core.library import Library, MalformedLibrary, parse_library
from bot.core.model import Entry, Observation, Trouble
from bot.core.parents import PARENT_BUILDS_WITHIN, Awaited
from bot.core.platform import Platform
from bot.core.reason import (
    Freshness,
    ReasonCode,
    explain,
)
from bot.core.reference import parse_reference
from tests.support.decisions import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    S390X,
    denied,
    digest,
    missing,
    present,
    unknown,
)

NEW, OLD = "b" * 40, "a" * 40
TROUBLE = Trouble(TroubleKind.RATE_LIMITED, 429)
EARLIER = NOW - timedelta(minutes=40)
DEBIAN = parse_reference("debian:bullseye-slim")
EXTERNAL = parse_reference("mcr.microsoft.com/windows/nanoserver:ltsc2025")


def listing(tag: str | None, *, architectures: str = "amd64, arm64v8") -> Library | None:
    text = f"Maintainers: x\nGitRepo: r\nGitCommit: {NEW}\nArchitectures: {architectures}\n"
    parsed = parse_library(f"{text}\nTags: {tag}\n" if tag else text)
    assert isinstance(parsed, Library)
    return parsed


def built(revision: str | None = NEW, *, reachable: bool | None = True) -> Observation:
    return present(entries={ARM64: Entry(digest("d"), reachable, None, revision)})


LISTED = listing(NODE.tag)
PARENT = listing(DEBIAN.tag)
FRESH: Said[Library | MalformedLibrary | None] = Said(LISTED, NOW)
KEPT: Said[Library | MalformedLibrary | None] = Said(LISTED, EARLIER, TROUBLE)
FAILED = Failed(NOW, TROUBLE)
MALFORMED = parse_library("<html>")
GONE: LibraryAnswer = Said(None, NOW)
NO_PARENTS: Said[tuple[Ancestor, ...]] = Said((), NOW)
ABSENT, UNSEEN, REFUSED = present(AMD64), built(reachable=None), denied()


def evidence(
    index: Observation = ABSENT,
    library: LibraryAnswer = FRESH,
    own: Observation | None = ABSENT,
    ancestors: Answer[tuple[Ancestor, ...]] = NO_PARENTS,
    typed: str = NODE.familiar,
) -> Evidence:
    return Evidence(parse_reference(typed), ARM64, index, library, own, ancestors)


def kept(library: Library | None) -> Said[Library | MalformedLibrary | None]:
    return Said(library, EARLIER, TROUBLE)


def parents(*ancestors: Ancestor) -> Said[tuple[Ancestor, ...]]:
    return Said(ancestors, NOW)


def debian(
    seen: Observation | None = None,
    *,
    library: LibraryAnswer = Said(PARENT, NOW),  # noqa: B008 (frozen)
    changed_h: float | None = 1,
) -> Ancestor:
    changed_at = None if changed_h is None else NOW - timedelta(hours=changed_h)
    return Ancestor(DEBIAN, library, seen, changed_at)


P, O, U, N, B, W, Q, X = ReasonCode  # noqa: E741 (the table's own shorthand)

TABLE = [
    # the platform is in the index: nothing else matters
    pytest.param(evidence(built()), P, id="present"),
    pytest.param(evidence(built(), FAILED, None, FAILED), P, id="present, all else fails"),
    pytest.param(evidence(built(), None, None, None), P, id="present, nothing else asked"),
    pytest.param(evidence(built(), GONE), P, id="present, not official"),
    pytest.param(evidence(built(), typed="ghcr.io/a/b:1"), P, id="present elsewhere"),
    # the index does not tell
    pytest.param(evidence(unknown()), X, id="index fails"),
    pytest.param(evidence(denied()), X, id="index denied"),
    pytest.param(evidence(UNSEEN), X, id="listed, nobody asked for its manifest"),
    pytest.param(evidence(unknown(), typed="ghcr.io/a/b:1"), X, id="index fails elsewhere"),
    pytest.param(evidence(built(reachable=False)), Q, id="listed, but cannot be pulled"),
    # who builds it
    pytest.param(evidence(typed="ghcr.io/a/b:1"), O, id="another registry"),
    pytest.param(evidence(typed="grafana/grafana"), O, id="somebody's image"),
    pytest.param(evidence(typed=f"node@{digest('e')}"), O, id="a digest"),
    pytest.param(evidence(library=GONE), O, id="no library file"),
    pytest.param(evidence(library=kept(None)), X, id="no library file some time ago"),
    pytest.param(evidence(library=None), X, id="library not asked"),
    pytest.param(evidence(library=FAILED), X, id="library fails"),
    pytest.param(evidence(library=Said(MALFORMED, NOW)), X, id="library malformed"),
    # whether it is built
    pytest.param(evidence(library=Said(listing("22"), NOW)), U, id="tag not listed"),
    pytest.param(evidence(library=Said(listing(None), NOW)), U, id="nothing listed"),
    pytest.param(evidence(missing(), Said(listing("22"), NOW), None), U, id="neither there"),
    pytest.param(evidence(library=Said(listing("22"), NOW), own=built()), U, id="left over"),
    pytest.param(evidence(library=kept(listing("22"))), X, id="not listed some time ago"),
    pytest.param(
        evidence(library=Said(listing(NODE.tag, architectures="amd64"), NOW), own=unknown()),
        N,
        id="not planned",
    ),
    pytest.param(
        evidence(library=kept(listing(NODE.tag, architectures="amd64"))),
        X,
        id="not planned some time ago",
    ),
    pytest.param(evidence(typed=f"amd64/{NODE.familiar}"), N, id="another architecture's own"),
    # how far it is
    pytest.param(evidence(own=built()), B, id="built"),
    pytest.param(evidence(missing(), own=built()), B, id="built, tag not there"),
    pytest.param(evidence(library=KEPT, own=built()), B, id="built, library kept"),
    pytest.param(evidence(own=built(), ancestors=FAILED), B, id="built, parents fail"),
    pytest.param(evidence(own=None), X, id="own tag not asked"),
    pytest.param(evidence(own=unknown()), X, id="own tag fails"),
    pytest.param(evidence(own=REFUSED), X, id="own tag denied"),
    pytest.param(evidence(own=UNSEEN), X, id="own tag listed, nobody asked"),
    pytest.param(evidence(own=missing()), Q, id="own tag missing"),
    pytest.param(evidence(present(), own=present()), Q, id="empty indexes"),
    pytest.param(evidence(own=None, typed=f"arm64v8/{NODE.familiar}"), Q, id="own tag itself"),
    # what it waits for
    pytest.param(evidence(), Q, id="no parents"),
    pytest.param(evidence(ancestors=None), Q, id="parents not asked"),
    pytest.param(evidence(library=KEPT), Q, id="planned some time ago"),
    pytest.param(evidence(ancestors=FAILED), X, id="Dockerfile fails"),
    pytest.param(evidence(ancestors=parents(debian(built()))), Q, id="parent is new"),
    pytest.param(evidence(ancestors=parents(debian(ABSENT))), W, id="parent missing"),
    pytest.param(evidence(ancestors=parents(debian(missing()))), W, id="parent's tag missing"),
    pytest.param(
        evidence(ancestors=parents(debian(ABSENT, changed_h=None))), W, id="missing since whenever"
    ),
    pytest.param(evidence(ancestors=parents(debian(built(OLD)))), W, id="parent is old"),
    pytest.param(
        evidence(ancestors=parents(debian(built(OLD), changed_h=49))), Q, id="parent is unchanged"
    ),
    pytest.param(
        evidence(ancestors=parents(debian(built(OLD), changed_h=None))), Q, id="changed whenever"
    ),
    pytest.param(evidence(ancestors=parents(debian(built(None)))), Q, id="no revision"),
    pytest.param(
        evidence(
            ancestors=parents(
                debian(present(entries={ARM64: Entry(digest("d"), True, NOW, OLD)}), changed_h=1)
            )
        ),
        Q,
        id="parent built since",
    ),
    pytest.param(evidence(ancestors=parents(Ancestor(EXTERNAL))), Q, id="somebody else's parent"),
    pytest.param(
        evidence(ancestors=parents(debian(ABSENT, library=GONE))), Q, id="parent not official"
    ),
    pytest.param(
        evidence(ancestors=parents(debian(ABSENT, library=Said(listing("1"), NOW)))),
        Q,
        id="parent frozen",
    ),
    pytest.param(
        evidence(
            ancestors=parents(
                debian(ABSENT, library=Said(listing(DEBIAN.tag, architectures="amd64"), NOW))
            )
        ),
        Q,
        id="parent of another platform",
    ),
    pytest.param(evidence(ancestors=parents(debian(unknown()))), X, id="parent's tag fails"),
    pytest.param(evidence(ancestors=parents(debian(None))), Q, id="parent's tag not asked"),
    pytest.param(
        evidence(ancestors=parents(debian(built(), library=FAILED))), X, id="parent's library fails"
    ),
    pytest.param(
        evidence(ancestors=parents(debian(built(), library=None))), Q, id="its library not asked"
    ),
    pytest.param(
        evidence(ancestors=parents(debian(built(), library=kept(PARENT)))), Q, id="its library kept"
    ),
    pytest.param(
        evidence(ancestors=parents(debian(unknown()), debian(ABSENT))), W, id="one of two fails"
    ),
    pytest.param(
        evidence(ancestors=parents(debian(built()), debian(ABSENT))), W, id="the second parent"
    ),
]


@pytest.mark.parametrize(("known", "code"), TABLE)
def test_each_reason_follows_from_its_evidence(known: Evidence, code: ReasonCode) -> None:
    assert explain(known).code is code


@pytest.mark.parametrize(
    ("known", "source", "subject"),
    [
        pytest.param(evidence(unknown()), Source.INDEX, "node:22.15-bullseye-slim", id="index"),
        pytest.param(evidence(library=FAILED), Source.LIBRARY, "node", id="library"),
        pytest.param(evidence(library=Said(MALFORMED, NOW)), Source.LIBRARY, "node", id="file"),
        pytest.param(
            evidence(own=unknown()),
            Source.ARCHITECTURE_TAG,
            "arm64v8/node:22.15-bullseye-slim",
            id="own tag",
        ),
        pytest.param(
            evidence(ancestors=FAILED), Source.DOCKERFILE, "node:22.15-bullseye-slim", id="parents"
        ),
        pytest.param(
            evidence(ancestors=parents(debian(unknown()))),
            Source.ARCHITECTURE_TAG,
            "arm64v8/debian:bullseye-slim",
            id="parent's tag",
        ),
        pytest.param(
            evidence(ancestors=parents(debian(library=FAILED))),
            Source.LIBRARY,
            "debian",
            id="parent's library",
        ),
    ],
)
def test_unknown_names_the_source_that_failed(
    known: Evidence, source: Source, subject: str
) -> None:
    (gap,) = explain(known).gaps

    assert (gap.source, gap.subject, gap.at, gap.failed) == (source, subject, NOW, True)
    assert gap.trouble is not None


@pytest.mark.parametrize(
    ("known", "freshness"),
    [
        pytest.param(evidence(built(NEW)), Freshness.CURRENT, id="same revision"),
        pytest.param(evidence(built(OLD)), Freshness.MAY_BE_PREVIOUS, id="another revision"),
        pytest.param(evidence(built(None)), Freshness.NOT_KNOWN, id="no revision"),
        pytest.param(evidence(built(), FAILED), Freshness.NOT_KNOWN, id="library fails"),
        pytest.param(evidence(built(), typed="a/b"), Freshness.NOT_KNOWN, id="not official"),
        pytest.param(
            evidence(built(), typed="ghcr.io/a/node:22.15-bullseye-slim"),
            Freshness.NOT_KNOWN,
            id="not official, though a library was given",
        ),
        pytest.param(evidence(own=built(NEW)), Freshness.CURRENT, id="built, same revision"),
        pytest.param(evidence(own=built(OLD)), Freshness.MAY_BE_PREVIOUS, id="built, another"),
    ],
)
def test_what_is_there_may_be_the_previous_build(known: Evidence, freshness: Freshness) -> None:
    assert explain(known).freshness is freshness


def test_a_kept_copy_is_told_with_its_age() -> None:
    gap = Check(Source.LIBRARY, "node", EARLIER, TROUBLE, kept=True)

    assert explain(evidence(library=KEPT)).gaps == (gap,)
    assert explain(evidence(library=KEPT, own=built())).gaps == (gap,)
    assert explain(evidence(built(), KEPT)).gaps == (gap,)


def test_a_queued_build_tells_that_its_parents_were_not_asked() -> None:
    (gap,) = explain(evidence(ancestors=None)).gaps

    assert gap == Check(Source.DOCKERFILE, NODE.familiar, None)


def test_a_queued_build_tells_that_what_is_known_of_a_parent_is_a_kept_copy() -> None:
    ancestors = parents(debian(built(), library=kept(PARENT)))

    (gap,) = explain(evidence(ancestors=ancestors)).gaps

    assert gap == Check(Source.LIBRARY, "debian", EARLIER, TROUBLE, kept=True)


def test_a_parent_that_was_built_when_its_file_changed_is_not_awaited() -> None:
    seen = present(entries={ARM64: Entry(digest("d"), True, NOW - timedelta(hours=1), OLD)})

    known = evidence(ancestors=parents(debian(seen, changed_h=1)))

    assert explain(known).code is ReasonCode.QUEUED


def test_an_awaited_parent_is_told_with_its_time() -> None:
    ancestors = parents(debian(built(OLD), changed_h=2), debian(ABSENT, changed_h=3))

    assert explain(evidence(ancestors=ancestors)).awaited == (
        Awaited(DEBIAN, NOW - timedelta(hours=2), missing=False),
        Awaited(DEBIAN, NOW - timedelta(hours=3), missing=True),
    )


def test_an_old_build_of_a_parent_counts_until_it_should_have_come() -> None:
    hours = PARENT_BUILDS_WITHIN / timedelta(hours=1)

    known = evidence(ancestors=parents(debian(built(OLD), changed_h=hours)))

    assert explain(known).code is ReasonCode.WAITING_PARENT


def test_a_parent_in_the_architectures_own_namespace_is_judged_too() -> None:
    parent = replace(debian(unknown()), reference=parse_reference("arm64v8/debian:bullseye-slim"))

    (gap,) = explain(evidence(ancestors=parents(parent))).gaps

    assert gap.subject == "arm64v8/debian:bullseye-slim"


@pytest.mark.parametrize(
    ("known", "retired", "never"),
    [
        pytest.param(evidence(library=Said(listing("22"), NOW)), True, True, id="retired"),
        pytest.param(
            evidence(missing(), Said(listing("22"), NOW)), False, False, id="not merged yet"
        ),
        pytest.param(
            evidence(library=Said(listing(NODE.tag, architectures="s390x"), NOW)),
            False,
            True,
            id="not planned",
        ),
        pytest.param(evidence(), False, False, id="queued"),
    ],
)
def test_waiting_can_be_in_vain(known: Evidence, retired: bool, never: bool) -> None:
    reason = explain(known)

    assert (reason.is_retired, reason.will_never_come) == (retired, never)


def test_evidence_says_what_is_there_and_what_is_planned() -> None:
    entries = {S390X: Entry(digest("f"), False), ARM64: Entry(digest("d"), None)}

    known = evidence(present(AMD64, entries=entries))

    assert known.there == {AMD64, ARM64}
    assert known.planned == frozenset({AMD64, ARM64})
    assert evidence(typed=f"arm64v8/{NODE.familiar}").planned == frozenset({ARM64})
    assert evidence(library=None).planned is None
    assert evidence(typed=f"node@{digest('e')}").planned is None


@pytest.mark.parametrize(
    ("known", "usable"),
    [
        pytest.param(evidence(own=built()), f"arm64v8/{NODE.familiar}", id="built"),
        pytest.param(evidence(library=FAILED, own=built()), f"arm64v8/{NODE.familiar}", id="even"),
        pytest.param(evidence(), None, id="not built"),
        pytest.param(evidence(own=None), None, id="not asked"),
        pytest.param(evidence(own=UNSEEN), None, id="not seen"),
    ],
)
def test_what_can_be_used_now_was_seen(known: Evidence, usable: str | None) -> None:
    assert known.usable_now == (None if usable is None else parse_reference(usable))


def test_every_source_is_told_with_its_time() -> None:
    known = evidence(library=KEPT, own=None, ancestors=FAILED)

    assert list(known.checks()) == [
        Check(Source.INDEX, NODE.familiar, NOW),
        Check(Source.LIBRARY, "node", EARLIER, TROUBLE, kept=True),
        Check(Source.ARCHITECTURE_TAG, f"arm64v8/{NODE.familiar}", None),
        Check(Source.DOCKERFILE, NODE.familiar, NOW, TROUBLE),
    ]


def test_an_image_that_is_not_official_has_one_source() -> None:
    assert [check.source for check in evidence(typed="ghcr.io/a/b:1").checks()] == [Source.INDEX]


def test_the_own_tag_of_an_architecture_has_no_other() -> None:
    known = evidence(typed=f"arm64v8/{NODE.familiar}")

    assert [check.source for check in known.checks()] == [
        Source.INDEX,
        Source.LIBRARY,
        Source.DOCKERFILE,
    ]


looks = st.sampled_from([built(), built(OLD), ABSENT, missing(), UNSEEN, unknown(), denied()])
libraries: st.SearchStrategy[LibraryAnswer] = st.sampled_from(
    [
        *(Said(value, NOW) for value in (LISTED, listing("22"), listing(None), None, MALFORMED)),
        *(kept(value) for value in (LISTED, listing("22"), None)),
        Said(listing(NODE.tag, architectures="s390x"), NOW),
        FAILED,
        None,
    ]
)
ancestor_lists = st.lists(
    st.builds(
        Ancestor,
        st.sampled_from([DEBIAN, EXTERNAL]),
        libraries | st.just(Said(PARENT, NOW)),
        st.none() | looks,
        st.sampled_from([None, NOW, NOW - timedelta(days=9)]),
    ),
    max_size=3,
)
everything = st.builds(
    Evidence,
    st.sampled_from([NODE, EXTERNAL, parse_reference(f"arm64v8/{NODE.familiar}")]),
    st.sampled_from([ARM64, AMD64, Platform("linux", "arm64", "v9")]),
    looks,
    libraries,
    st.none() | looks,
    ancestor_lists.map(lambda found: Said(tuple(found), NOW)) | st.sampled_from([None, FAILED]),
)

NEEDS = {
    ReasonCode.UNLISTED: {Source.LIBRARY},
    ReasonCode.NOT_PLANNED: {Source.LIBRARY},
    ReasonCode.BUILT_PENDING_INDEX: {Source.LIBRARY, Source.ARCHITECTURE_TAG},
    ReasonCode.WAITING_PARENT: {Source.LIBRARY, Source.ARCHITECTURE_TAG, Source.DOCKERFILE},
    ReasonCode.QUEUED: {Source.LIBRARY, Source.ARCHITECTURE_TAG},
}


@given(everything)
def test_a_reason_is_never_a_guess(known: Evidence) -> None:
    reason = explain(known)

    checks = {check.source: check for check in known.checks()}
    if reason.code is not ReasonCode.UNKNOWN:
        assert not checks[Source.INDEX].failed
        for source in NEEDS.get(reason.code, set()) & checks.keys():
            assert checks[source].at is not None
            assert not checks[source].failed
    if reason.code is ReasonCode.QUEUED:
        assert not any(gap.failed for gap in reason.gaps)
        assert not checks[Source.DOCKERFILE].failed
    if reason.code in {ReasonCode.UNLISTED, ReasonCode.NOT_PLANNED}:
        assert checks[Source.LIBRARY].trouble is None


@given(everything)
def test_unknown_always_says_why_and_awaits_nothing(known: Evidence) -> None:
    reason = explain(known)

    undecided = reason.code is ReasonCode.UNKNOWN
    assert bool(reason.gaps) or not undecided
    assert bool(reason.awaited) == (reason.code is ReasonCode.WAITING_PARENT)


@given(everything)
def test_a_platform_that_is_offered_is_present_whatever_else_is_said(known: Evidence) -> None:
    offered = known.index.is_clear and known.index.offers(known.platform) is not None

    assert (explain(known).code is ReasonCode.PRESENT) == offered


@given(everything)
def test_a_source_that_fails_never_gives_another_answer_than_unknown(known: Evidence) -> None:
    before = explain(known).code

    for failing in (
        replace(known, library=FAILED),
        replace(known, built=unknown()),
        replace(known, ancestors=FAILED),
    ):
        assert explain(failing).code in {before, ReasonCode.UNKNOWN}
