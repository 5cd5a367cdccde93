from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.advice import Advice
from bot.core.alternatives import Alternative, Candidate, Offer
from bot.core.errors import TroubleKind
from bot.core.estimate import OFFICIAL_BUILD, SHARED_INDEX, Basis, Estimate, official_estimate
from bot.core.evidence import Ancestor, Evidence, Failed, LibraryAnswer, Said
from bot.core.habit import Habit
from bot.core.library import Library, MalformedLibrary, parse_library
from bot.core.message.english.answers import (
    MAX_LINES,
    render_joined,
    render_watching,
)
from bot.core.message.english.checks import render_check
from bot.core.message.english.reasons import expectation, offer_line, reason_sentences
from bot.core.message.english.why import render_not_built, render_why, with_not_built
from bot.core.message.neutral import Button, Message
from bot.core.model import (
    TERMINAL,
    Entry,
    Observation,
    Trouble,
    Want,
    Watch,
    WatchId,
)
from bot.core.parents import Awaited
from bot.core.reason import Freshness, Reason, ReasonCode, explain
from bot.core.reference import parse_reference
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    NODE,
    NOW,
    S390X,
    digest,
    missing,
    present,
    unknown,
)

SINCE = NOW - timedelta(hours=1)
COMMIT = "b" * 40
LIMITED = Trouble(TroubleKind.RATE_LIMITED, 429)
DEBIAN = parse_reference("debian:bullseye-slim")
APP = parse_reference("ghcr.io/a/app:3")
AMD64_ONLY = present(AMD64, build="a")
INDEX = replace(AMD64_ONLY, digest=digest("f"))


def library(tag: str | None = NODE.tag) -> Library:
    text = f"Maintainers: x\nGitRepo: r\nGitCommit: {COMMIT}\n"
    entry = f"\nTags: {tag}\nArchitectures: amd64, arm32v7, arm64v8\n" if tag else ""
    parsed = parse_library(text + entry)
    assert isinstance(parsed, Library)
    return parsed


LISTED: LibraryAnswer = Said(library(), NOW)
EVIDENCE = Evidence(NODE, ARM64, INDEX, LISTED, listed_since=SINCE)
ELSEWHERE = Evidence(APP, ARM64, INDEX)


def advice(code: ReasonCode, evidence: Evidence = EVIDENCE, **changes: object) -> Advice:
    reason = Reason(code, evidence)
    return replace(Advice(reason), **changes)  # type: ignore[arg-type]


def said(advice: Advice) -> str:
    return " ".join(reason_sentences(advice, now=NOW))


# -- why -------------------------------------------------------------------------------------------

TAGS = (parse_reference("ghcr.io/a/app:2"), parse_reference("ghcr.io/a/app:1"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param(advice(ReasonCode.PRESENT), "", id="there"),
        pytest.param(
            Advice(Reason(ReasonCode.PRESENT, EVIDENCE, freshness=Freshness.MAY_BE_PREVIOUS)),
            "linux/arm64 may still be the previous build: docker-library now names another "
            "commit than the one that it was built from.",
            id="there, perhaps old",
        ),
        pytest.param(
            advice(ReasonCode.NOT_OFFICIAL, ELSEWHERE),
            "Only the registry can tell about this image, and not what is planned.",
            id="elsewhere",
        ),
        pytest.param(
            advice(ReasonCode.NOT_OFFICIAL, ELSEWHERE, habit=Habit(TAGS, ())),
            "No linux/arm64 in 2 or 1 either: I have never seen the publisher ship it here.",
            id="never shipped",
        ),
        pytest.param(
            advice(ReasonCode.NOT_OFFICIAL, ELSEWHERE, habit=Habit(TAGS[:1], ())),
            "No linux/arm64 in 2 either.",
            id="not in the one other tag",
        ),
        pytest.param(
            advice(ReasonCode.NOT_OFFICIAL, ELSEWHERE, habit=Habit(TAGS, TAGS)),
            "The publisher ships linux/arm64 in other tags: 2 and 1 have it.",
            id="shipped",
        ),
        pytest.param(
            advice(ReasonCode.NOT_OFFICIAL, ELSEWHERE, habit=Habit(TAGS, TAGS[:1])),
            "The publisher ships linux/arm64 in other tags: 2 has it, but not 1.",
            id="shipped once",
        ),
        pytest.param(
            advice(ReasonCode.UNLISTED, replace(EVIDENCE, library=Said(library(None), NOW))),
            "docker-library does not list this tag any more: it is not built again, and "
            "linux/arm64 will not be added.",
            id="retired",
        ),
        pytest.param(
            advice(ReasonCode.UNLISTED, replace(EVIDENCE, index=missing())),
            "docker-library does not list this tag: it is not merged yet, or spelt otherwise. "
            "What is on its way: https://github.com/docker-library/official-images/pulls"
            "?q=label%3Alibrary%2Fnode",
            id="unknown",
        ),
        pytest.param(
            advice(ReasonCode.NOT_PLANNED, replace(EVIDENCE, platform=S390X)),
            "docker-library does not build this tag for linux/s390x; it is for amd64, arm/v7 and "
            "arm64.",
            id="not planned",
        ),
        pytest.param(
            advice(ReasonCode.BUILT_PENDING_INDEX),
            "linux/arm64 is built already, and the tag does not have it yet.",
            id="built",
        ),
        pytest.param(
            Advice(
                Reason(
                    ReasonCode.WAITING_PARENT,
                    EVIDENCE,
                    awaited=(
                        Awaited(DEBIAN, SINCE, missing=False),
                        Awaited(APP, None, missing=True),
                    ),
                )
            ),
            "The build for linux/arm64 waits for debian:bullseye-slim (being built anew, changed "
            "11:00 UTC) and ghcr.io/a/app:3 (not built yet).",
            id="waiting",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED),
            "linux/arm64 is planned, listed since 11:00 UTC: its build is queued, running or "
            "failing.",
            id="queued",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, replace(EVIDENCE, listed_since=None)),
            "linux/arm64 is planned: its build is queued, running or failing.",
            id="queued, nobody knows since when",
        ),
        pytest.param(
            Advice(explain(replace(EVIDENCE, library=Failed(NOW, LIMITED)))),
            "Why linux/arm64 is missing I cannot tell: docker-library's file of node could not be "
            "read (too many requests, HTTP 429).",
            id="no library file",
        ),
        pytest.param(
            Advice(explain(replace(EVIDENCE, built=unknown()))),
            "Why linux/arm64 is missing I cannot tell: arm64v8/node:22.15-bullseye-slim could not "
            "be read (it cannot be reached).",
            id="no architecture's tag",
        ),
        pytest.param(
            Advice(explain(replace(EVIDENCE, built=missing(), ancestors=Failed(NOW, LIMITED)))),
            "linux/arm64 is planned and not built yet; whether it waits for another image I cannot "
            "tell: the Dockerfile of node:22.15-bullseye-slim could not be read (too many "
            "requests, HTTP 429).",
            id="no Dockerfile",
        ),
        pytest.param(Advice(explain(replace(EVIDENCE, library=None))), "", id="not asked"),
    ],
)
def test_each_reason_has_its_sentence(given: Advice, sentence: str) -> None:
    assert said(given) == sentence


# -- when ------------------------------------------------------------------------------------------

OWN = Estimate(
    timedelta(minutes=40),
    timedelta(hours=2, minutes=10),
    Basis.OWN_WAITS,
    timedelta(hours=1),
    sample=6,
)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param(advice(ReasonCode.NOT_PLANNED), None, id="no basis"),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(OFFICIAL_BUILD,)),
            "Usually 1-5 h after it is listed, up to 2 days when a base image is new.",
            id="official",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(replace(OFFICIAL_BUILD, late=None),)),
            "Usually 1-5 h after it is listed.",
            id="nothing known of slow ones",
        ),
        pytest.param(
            advice(
                ReasonCode.QUEUED,
                estimates=(replace(OFFICIAL_BUILD, late=timedelta(hours=20)),),
            ),
            "Usually 1-5 h after it is listed, up to 20 h when a base image is new.",
            id="slow ones within a day",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(official_estimate(ARMV7),)),
            "Usually 1-15 h after it is listed, up to 5 days when a base image is new.",
            id="a slow platform",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(OWN,)),
            "This repository's last 6 tags: 40 min to 2 h 10 min after the first platform, half of "
            "them 1 h or less.",
            id="own waits",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(replace(OWN, median=None),)),
            "This repository's last 6 tags: 40 min to 2 h 10 min after the first platform.",
            id="own waits without a median",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(replace(OWN, high=OWN.low, median=OWN.low),)),
            "This repository's last 6 tags: 40 min after the first platform.",
            id="own waits, all of a length",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, estimates=(OFFICIAL_BUILD, OWN)),
            "Usually 1-5 h after it is listed, up to 2 days when a base image is new; this "
            "repository's last 6 tags: 40 min to 2 h 10 min after the first platform, half of them "
            "1 h or less.",
            id="what is known of all images, and own waits",
        ),
        pytest.param(
            advice(ReasonCode.BUILT_PENDING_INDEX, estimates=(SHARED_INDEX,)),
            "The tag usually follows within 3 h.",
            id="built",
        ),
        pytest.param(
            advice(
                ReasonCode.QUEUED,
                replace(EVIDENCE, listed_since=NOW - timedelta(days=3)),
                estimates=(OFFICIAL_BUILD,),
            ),
            "This takes longer than usual already, so I expect nothing (usually 1-5 h after it is "
            "listed, up to 2 days when a base image is new).",
            id="overdue",
        ),
        pytest.param(
            advice(
                ReasonCode.QUEUED, replace(EVIDENCE, listed_since=None), estimates=(OFFICIAL_BUILD,)
            ),
            "Usually 1-5 h after it is listed, up to 2 days when a base image is new.",
            id="nobody knows since when",
        ),
        pytest.param(
            advice(
                ReasonCode.QUEUED,
                replace(EVIDENCE, listed_since=NOW - timedelta(days=3)),
                estimates=(replace(OWN, median=None),),
            ),
            "This repository's last 6 tags: 40 min to 2 h 10 min after the first platform.",
            id="listed long ago, but own waits are not counted from that",
        ),
        pytest.param(
            advice(
                ReasonCode.BUILT_PENDING_INDEX,
                estimates=(SHARED_INDEX,),
                next_run=NOW + timedelta(minutes=140),
            ),
            "The tag usually follows within 3 h. The next index run is about 14:20 UTC.",
            id="built, and the minute is known",
        ),
        pytest.param(
            advice(ReasonCode.QUEUED, next_run=NOW + timedelta(minutes=140)),
            "The next index run is about 14:20 UTC.",
            id="nothing but the minute is known",
        ),
    ],
)
def test_what_is_expected_names_its_basis(given: Advice, sentence: str | None) -> None:
    assert expectation(given, now=NOW) == sentence


# -- what to use now -------------------------------------------------------------------------------


def alternative(offer: Offer, freshness: Freshness = Freshness.CURRENT) -> Alternative:
    names = {
        Offer.SAME_BITS: "arm64v8/node:22.15-bullseye-slim",
        Offer.OTHER_VARIANT: "node:22.15-bookworm-slim",
        Offer.SAME_LINE: "node:22-bullseye-slim",
        Offer.GENERIC: "node:bullseye-slim",
        Offer.EMULATED: NODE.familiar,
    }
    platform = AMD64 if offer is Offer.EMULATED else ARM64
    version = "23.11.0" if offer is Offer.GENERIC else "22.15.0"
    candidate = Candidate(offer, parse_reference(names[offer]), platform, version)
    return Alternative(candidate, freshness, NOW)


OLD, ODD = Freshness.MAY_BE_PREVIOUS, Freshness.NOT_KNOWN


@pytest.mark.parametrize(
    ("offered", "line"),
    [
        (
            alternative(Offer.SAME_BITS),
            "arm64v8/node:22.15-bullseye-slim: the same image, from its architecture's own "
            "namespace",
        ),
        (
            alternative(Offer.SAME_BITS, OLD),
            "arm64v8/node:22.15-bullseye-slim: the same image, from its architecture's own "
            "namespace, but perhaps still the previous build",
        ),
        (
            alternative(Offer.OTHER_VARIANT, ODD),
            "node:22.15-bookworm-slim: the same version in another variant",
        ),
        (
            alternative(Offer.SAME_LINE),
            "node:22-bullseye-slim: the tag that moves on with its line, at present 22.15.0",
        ),
        (
            replace(
                alternative(Offer.SAME_LINE),
                candidate=replace(alternative(Offer.SAME_LINE).candidate, version=None),
            ),
            "node:22-bullseye-slim: the tag that moves on with its line",
        ),
        (
            alternative(Offer.SAME_LINE, OLD),
            "node:22-bullseye-slim: the tag that moves on with its line, the previous build",
        ),
        (
            alternative(Offer.SAME_LINE, ODD),
            "node:22-bullseye-slim: the tag that moves on with its line, perhaps the previous "
            "build",
        ),
        (
            alternative(Offer.GENERIC),
            "node:bullseye-slim: whatever is newest, at present 23.11.0",
        ),
        (
            alternative(Offer.EMULATED, ODD),
            "node:22.15-bullseye-slim with --platform linux/amd64: emulated, several times "
            "slower, and some programs fail",
        ),
    ],
)
def test_an_alternative_is_named_for_what_it_is(offered: Alternative, line: str) -> None:
    assert offer_line(offered) == line


# -- /watch ----------------------------------------------------------------------------------------

ALL = (*map(alternative, Offer),)
QUEUED = advice(ReasonCode.QUEUED, estimates=(OFFICIAL_BUILD,), alternatives=ALL[1:])
WATCH = Watch(WatchId(7), NODE, TERMINAL, (Want(WatchId(7), ARM64),), ("U1",), SINCE)


def test_a_new_watch_says_why_when_and_what_works_now() -> None:
    message = render_watching(WATCH, seen=INDEX, now=NOW, advices=[QUEUED])

    assert message.lines == (
        "The registry has: amd64 (1 of 3 planned). Missing: arm64.",
        "linux/arm64 is planned, listed since 11:00 UTC: its build is queued, running or failing.",
        "Usually 1-5 h after it is listed, up to 2 days when a base image is new.",
        "Now: node:22.15-bookworm-slim: the same version in another variant.",
        "Now: node:22-bullseye-slim: the tag that moves on with its line, at present 22.15.0.",
        "I look often at first, less often later. You will be told here.",
    )


def test_expectations_that_differ_are_told_for_each_platform() -> None:
    slow = advice(
        ReasonCode.QUEUED,
        replace(EVIDENCE, platform=ARMV7),
        estimates=(replace(official_estimate(ARMV7), late=None),),
    )
    fast = replace(QUEUED, estimates=(replace(OFFICIAL_BUILD, late=None),))

    message = render_watching(WATCH, seen=INDEX, now=NOW, advices=[fast, slow])

    assert message.lines[3:5] == (
        "linux/arm64: usually 1-5 h after it is listed.",
        "linux/arm/v7: usually 1-15 h after it is listed.",
    )


def test_the_answer_to_watch_has_eight_lines_at_most() -> None:
    dangling = replace(INDEX, entries={ARM64: Entry(digest("d"), False), **INDEX.entries})
    unlisted = advice(ReasonCode.UNLISTED, replace(EVIDENCE, index=missing()))
    others = [replace(QUEUED, estimates=(OWN,)), unlisted, QUEUED]

    watching = render_watching(WATCH, seen=dangling, now=NOW, advices=others)
    joined = render_joined(WATCH, seen=dangling, joined=True, now=NOW, advices=others)
    with_room = render_watching(WATCH, seen=dangling, now=NOW, advices=others, spare=2)

    assert 1 + len(watching.lines) == MAX_LINES
    assert 1 + len(with_room.lines) == MAX_LINES - 2
    assert 1 + len(joined.lines) == MAX_LINES
    assert joined.lines[-1] == watching.lines[-1]


def test_a_tag_that_is_listed_is_not_taken_for_a_spelling_mistake() -> None:
    queued = advice(ReasonCode.QUEUED, replace(EVIDENCE, index=missing()))

    message = render_watching(WATCH, seen=missing(), now=NOW, advices=[queued])

    assert message.lines[0] == "docker.io has no tag node:22.15-bullseye-slim yet."


def test_what_is_not_built_is_not_watched_unless_somebody_insists() -> None:
    hopeless = advice(
        ReasonCode.NOT_PLANNED,
        replace(EVIDENCE, platform=S390X),
        alternatives=(alternative(Offer.EMULATED),),
    )

    message = render_not_built(NODE, [S390X], [hopeless], now=NOW)

    anyway = "/watch node:22.15-bullseye-slim s390x anyway"
    assert message == Message(
        "🤔 Not watching node:22.15-bullseye-slim for linux/s390x yet.",
        (
            "docker-library does not build this tag for linux/s390x; it is for amd64, arm/v7 and "
            "arm64.",
            "Now: node:22.15-bullseye-slim with --platform linux/amd64: emulated, several times "
            "slower, and some programs fail.",
            f"To watch it anyway: {anyway}",
        ),
        buttons=(Button("Watch anyway", anyway),),
    )


def test_what_is_left_out_of_a_watch_is_said() -> None:
    hopeless = advice(ReasonCode.NOT_PLANNED, replace(EVIDENCE, platform=S390X))

    message = with_not_built(Message("👀"), NODE, [QUEUED, hopeless], now=NOW)

    assert message.lines == (
        "Not for linux/s390x: docker-library does not build this tag for linux/s390x; it is for "
        "amd64, arm/v7 and arm64.",
    )
    assert message.buttons == (
        Button("Watch anyway", "/watch node:22.15-bullseye-slim s390x anyway"),
    )


def test_an_answer_that_leaves_nothing_out_is_as_it_was() -> None:
    assert with_not_built(Message("👀"), NODE, [QUEUED], now=NOW) == Message("👀")


# -- /why ------------------------------------------------------------------------------------------


def test_why_tells_everything_with_its_sources() -> None:
    evidence = replace(EVIDENCE, built=missing())
    whole = advice(
        ReasonCode.QUEUED,
        evidence,
        estimates=(OFFICIAL_BUILD,),
        alternatives=ALL[1:],
        changed_at=NOW - timedelta(hours=2),
    )

    message = render_why(NODE, [ARM64], INDEX, [whole], now=NOW)

    again = "/watch node:22.15-bullseye-slim arm64"
    assert message == Message(
        "⏳ node:22.15-bullseye-slim has no linux/arm64 yet.",
        (
            "There: amd64 (1 of 3 planned).",
            "Planned: amd64, arm/v7 and arm64.",
            "linux/arm64 is planned, listed since 11:00 UTC: its build is queued, running or "
            "failing.",
            "Usually 1-5 h after it is listed, up to 2 days when a base image is new.",
            "Now: node:22.15-bookworm-slim: the same version in another variant.",
            "Now: node:22-bullseye-slim: the tag that moves on with its line, at present 22.15.0.",
            "Now: node:bullseye-slim: whatever is newest, at present 23.11.0.",
            "Now: node:22.15-bullseye-slim with --platform linux/amd64: emulated, several times "
            "slower, and some programs fail.",
            "I last saw the tag change 2 h ago.",
            f"To be told when it comes: {again}",
            "Checked at 12:00 UTC: node:22.15-bullseye-slim, docker-library's file of node, "
            "arm64v8/node:22.15-bullseye-slim.",
        ),
        ("docker pull --platform linux/arm64 node:22.15-bookworm-slim",),
        (Button("Watch missing", again),),
    )


def test_what_is_of_use_for_some_platforms_only_says_for_which() -> None:
    slow = advice(
        ReasonCode.QUEUED,
        replace(EVIDENCE, platform=ARMV7),
        alternatives=(ALL[2], ALL[4]),
    )
    fast = replace(QUEUED, alternatives=(ALL[1], ALL[4]))

    message = render_why(NODE, [ARM64, ARMV7], INDEX, [fast, slow], now=NOW)

    assert [line.partition(": ")[::2] for line in message.lines if line.startswith("Now")] == [
        ("Now, for linux/arm64", offer_line(ALL[1]) + "."),
        ("Now", offer_line(ALL[4]) + "."),
        ("Now, for linux/arm/v7", offer_line(ALL[2]) + "."),
    ]


def test_why_names_what_it_has_asked_about_parents() -> None:
    built = replace(present(ARM64), observed_at=NOW)
    debian = Ancestor(DEBIAN, Said(library("bullseye-slim"), NOW), built)
    elsewhere = Ancestor(APP)
    evidence = replace(EVIDENCE, built=missing(), ancestors=Said((debian, elsewhere), NOW))

    message = render_why(NODE, [ARM64], INDEX, [Advice(explain(evidence))], now=NOW)

    assert message.lines[-1] == (
        "Checked at 12:00 UTC: node:22.15-bullseye-slim, docker-library's file of node, "
        "arm64v8/node:22.15-bullseye-slim, the Dockerfile of node:22.15-bullseye-slim, "
        "docker-library's file of debian, arm64v8/debian:bullseye-slim."
    )


def test_why_names_the_sources_that_failed_and_how_old_a_copy_is() -> None:
    kept: Said[Library | MalformedLibrary | None] = Said(library(), SINCE, LIMITED)
    evidence = replace(EVIDENCE, library=kept, built=missing(), ancestors=Failed(NOW, LIMITED))

    message = render_why(NODE, [ARM64], INDEX, [Advice(explain(evidence))], now=NOW)

    assert message.lines[-2:] == (
        "docker-library's file of node could not be read anew (too many requests, HTTP 429); I go "
        "by the copy of 11:00 UTC.",
        "The Dockerfile of node:22.15-bullseye-slim could not be read (too many requests, HTTP "
        "429).",
    )


def test_why_without_anything_known_says_what_is_usual() -> None:
    not_asked = Advice(explain(replace(EVIDENCE, library=None)))

    message = render_why(NODE, [ARM64], INDEX, [not_asked], now=NOW)

    assert message.lines[0] == "There: amd64."
    assert message.lines[1] == (
        "Often one platform is built after another, and the missing one comes within hours; "
        "it may also never have been planned."
    )


def test_why_says_that_a_tag_is_one_image_and_when_it_was_built() -> None:
    built = Entry(digest("a"), True, NOW - timedelta(hours=3))
    single = Observation(AMD64_ONLY.status, NOW, digest("a"), {AMD64: built})
    elsewhere = advice(ReasonCode.NOT_OFFICIAL, replace(ELSEWHERE, index=single))

    message = render_why(APP, [ARM64], single, [elsewhere], now=NOW)

    assert "The tag is one image for one platform, not an index of several." in message.lines
    assert "Its newest image was built at 09:00 UTC." in message.lines


def test_why_something_never_comes_invites_nobody_but_who_insists() -> None:
    hopeless = advice(ReasonCode.NOT_PLANNED, replace(EVIDENCE, platform=S390X))

    message = render_why(NODE, [S390X], INDEX, [hopeless], now=NOW)

    anyway = "/watch node:22.15-bullseye-slim s390x anyway"
    assert f"To watch it anyway: {anyway}" in message.lines
    assert message.buttons == (Button("Watch anyway", anyway),)


def test_why_a_listed_tag_is_not_there_says_that_it_is_to_come() -> None:
    queued = advice(ReasonCode.QUEUED, replace(EVIDENCE, index=missing()))

    message = render_why(NODE, [ARM64], missing(), [queued], now=NOW)

    assert message.headline == "⏳ docker.io has no tag node:22.15-bullseye-slim yet."
    assert not any("spelling" in line for line in message.lines)


def test_why_of_what_is_watched_already_invites_to_nothing() -> None:
    message = render_why(NODE, [ARM64], INDEX, [QUEUED], now=NOW, is_watched=True)

    assert message.buttons == ()
    assert not any("To be told" in line for line in message.lines)


def test_why_of_what_is_there_needs_no_waiting() -> None:
    there = present(ARM64)
    evidence = replace(EVIDENCE, index=there)

    message = render_why(NODE, [ARM64], there, [Advice(explain(evidence))], now=NOW)

    assert message.headline == "✅ node:22.15-bullseye-slim has linux/arm64."
    assert message.buttons == ()
    assert message.code == ()


def test_why_of_a_tag_that_cannot_be_looked_at_is_what_check_says() -> None:
    message = render_why(NODE, [ARM64], unknown(), [], now=NOW)

    assert message == render_check(NODE, [ARM64], unknown(), now=NOW)


def test_why_without_any_advice_says_what_there_is() -> None:
    message = render_why(NODE, [ARM64], INDEX, [], now=NOW)

    assert message.lines == (
        "There: amd64.",
        "To be told when it comes: /watch node:22.15-bullseye-slim arm64",
    )
