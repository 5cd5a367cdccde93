"""What is said of builds where the build system's records and GitHub are asked too."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.advice import Advice
from bot.core.errors import TroubleKind
from bot.core.estimate import OFFICIAL_BUILD, SHARED_INDEX, expect
from bot.core.evidence import Answer, Evidence, Failed, Said, Source
from bot.core.message.english.reasons import checked_lines, expectation, reason_sentences
from bot.core.model import Trouble
from bot.core.parents import Awaited
from bot.core.progress import Progress, Stage, UnfinishedParent
from bot.core.reason import Reason, ReasonCode, explain
from bot.core.reference import parse_reference
from tests.support.build_system import LIST_COMMIT
from tests.support.decisions import AMD64, ARM64, ARMV7, NODE, NOW, missing, present
from tests.support.listings import listing

BUILD, OTHER = "ab" * 32, "cd" * 32
READ_AT, MERGED_AT = NOW - timedelta(minutes=40), NOW - timedelta(hours=3)
DEBIAN = parse_reference("debian:trixie")
DEPS = parse_reference("buildpack-deps:trixie")
LIMITED = Trouble(TroubleKind.RATE_LIMITED, 429)
INDEX = present(AMD64)
EVIDENCE = Evidence(
    NODE, ARM64, INDEX, Said(listing(NODE.tag or ""), NOW), built=missing(), ancestors=Said((), NOW)
)
WAITING = Progress(
    Stage.WAITING,
    LIST_COMMIT,
    parents=(UnfinishedParent(DEPS), UnfinishedParent(DEBIAN, BUILD, READ_AT)),
)


def progress(
    stage: Stage, build: str | None = None, since: datetime | None = None
) -> Said[Progress]:
    return Said(Progress(stage, LIST_COMMIT, build, since), READ_AT)


def explained(progress: Answer[Progress] = None, merged: Answer[datetime | None] = None) -> Reason:
    return explain(replace(EVIDENCE, progress=progress, merged=merged))


def said(reason: Reason) -> str:
    return " ".join(reason_sentences(Advice(reason), now=NOW))


def expected(reason: Reason) -> str | None:
    return expectation(Advice(reason, expect(reason, ())), now=NOW)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param(
            progress(Stage.NOT_TAKEN_UP),
            "the build system, at official-images cccccccccccc, has not taken it up yet",
            id="not taken up",
        ),
        pytest.param(
            progress(Stage.NOT_RECORDED),
            "the build system has no build of it yet",
            id="not recorded",
        ),
        pytest.param(
            progress(Stage.UNFINISHED, BUILD, READ_AT),
            "its build abababababab is queued, running or failing since 11:20 UTC",
            id="unfinished",
        ),
        pytest.param(
            progress(Stage.UNFINISHED, BUILD),
            "its build abababababab is queued, running or failing",
            id="unfinished, nobody knows since when",
        ),
        pytest.param(
            progress(Stage.FINISHED, BUILD, READ_AT),
            "its build abababababab is finished since 11:20 UTC, and is pushed next",
            id="finished",
        ),
        pytest.param(
            Failed(NOW, LIMITED), "its build is queued, running or failing", id="not known"
        ),
    ],
)
def test_how_far_a_build_is_is_told_as_far_as_it_is_known(
    answer: Answer[Progress], sentence: str
) -> None:
    reason = explained(answer)

    assert reason.code is ReasonCode.QUEUED
    assert said(reason) == f"linux/arm64 is planned: {sentence}."


def test_parents_that_are_waited_for_are_named_with_their_builds() -> None:
    reason = explained(Said(replace(WAITING, since=MERGED_AT), READ_AT))

    assert reason.code is ReasonCode.WAITING_PARENT
    assert reason.awaited == (
        Awaited(DEPS, None, missing=True),
        Awaited(DEBIAN, READ_AT, missing=True, build=BUILD),
    )
    assert said(reason) == (
        "The build for linux/arm64 waits since 09:00 UTC for buildpack-deps:trixie (not built yet) "
        "and debian:trixie (build abababababab is queued, running or failing since 11:20 UTC)."
    )


def test_the_platforms_that_are_built_already_are_told_where_the_wanted_one_is_not() -> None:
    built = replace(progress(Stage.UNFINISHED, BUILD).value, finished=(AMD64, ARMV7))
    waiting = replace(WAITING, finished=(AMD64,))
    finished = replace(built, stage=Stage.FINISHED)

    told = [said(explained(Said(each, READ_AT))) for each in (built, waiting, finished)]

    assert told[0].endswith(" is queued, running or failing (finished: amd64 and arm/v7).")
    assert told[1].endswith(" (finished: amd64).")
    assert told[2].endswith(", and is pushed next.")


def test_what_a_kept_copy_said_is_told_with_its_age() -> None:
    reason = explained(replace(progress(Stage.UNFINISHED, BUILD), trouble=LIMITED))

    assert reason.code is ReasonCode.QUEUED
    assert [gap.source for gap in reason.gaps] == [Source.BUILD_RECORDS]
    assert list(checked_lines([Advice(reason)], now=NOW))[1:] == [
        "docker-library's build records of node could not be read anew (too many requests, HTTP "
        "429); I go by the copy of 11:20 UTC."
    ]


def test_what_is_read_once_an_hour_does_not_make_the_rest_look_old() -> None:
    reason = explained(progress(Stage.UNFINISHED, BUILD), Said(MERGED_AT, MERGED_AT))

    assert list(checked_lines([Advice(reason)], now=NOW)) == [
        "Checked at 12:00 UTC: node:22.15-bullseye-slim, docker-library's file of node, "
        "arm64v8/node:22.15-bullseye-slim, the Dockerfile of node:22.15-bullseye-slim.",
        "Checked at 11:20 UTC: docker-library's build records of node.",
        "Checked at 09:00 UTC: the merge of node:22.15-bullseye-slim at GitHub.",
    ]


@pytest.mark.parametrize(
    "answer", [Failed(NOW, LIMITED), progress(Stage.NOT_RECORDED)], ids=["failed", "not recorded"]
)
def test_a_source_that_fails_is_a_gap_and_no_reason(answer: Answer[Progress]) -> None:
    reason = explained(answer, Failed(NOW, LIMITED))

    assert reason.code is ReasonCode.QUEUED
    assert Source.MERGE in [gap.source for gap in reason.gaps]
    assert (
        "the merge of node:22.15-bullseye-slim at GitHub could not be read (too many requests, "
        "HTTP 429)"
    ) in " ".join(checked_lines([Advice(reason)], now=NOW)).replace("The merge", "the merge")


# -- since when, and until when --------------------------------------------------------------------


def test_the_merge_goes_before_when_the_listing_was_first_seen() -> None:
    evidence = replace(EVIDENCE, listed_since=NOW, merged=Said(MERGED_AT, NOW))
    reason = explain(evidence)

    assert said(reason).startswith("linux/arm64 is planned, merged at 09:00 UTC: ")
    assert expected(reason) == (
        "Usually 1-5 h after it is merged, up to 2 days when a base image is new. So it may come "
        "between 10:00 UTC and 14:00 UTC."
    )


def test_a_merge_too_long_ago_to_be_found_leaves_the_listing() -> None:
    listed_since = NOW - timedelta(hours=1)
    reason = explain(replace(EVIDENCE, listed_since=listed_since, merged=Said(None, NOW)))

    assert said(reason).startswith("linux/arm64 is planned, listed since 11:00 UTC: ")
    assert reason.gaps == ()


def test_a_wait_is_overdue_by_when_it_was_merged() -> None:
    evidence = replace(EVIDENCE, listed_since=NOW, merged=Said(NOW - timedelta(days=3), NOW))

    assert str(expected(explain(evidence))).startswith("This takes longer than usual already")


def test_a_finished_build_needs_no_more_than_the_index_takes() -> None:
    finished = explained(progress(Stage.FINISHED, BUILD))
    unfinished = explained(progress(Stage.UNFINISHED, BUILD))

    assert expect(finished, ()) == (SHARED_INDEX,)
    assert expected(finished) == "The tag usually follows within 3 h."
    assert expect(unfinished, ()) == (OFFICIAL_BUILD,)


# -- what counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "is_enough"),
    [
        (Stage.NOT_TAKEN_UP, False),
        (Stage.NOT_RECORDED, False),
        (Stage.UNFINISHED, True),
        (Stage.FINISHED, True),
    ],
    ids=lambda value: value.name if isinstance(value, Stage) else "",
)
def test_the_records_make_it_needless_to_ask_for_parents(stage: Stage, *, is_enough: bool) -> None:
    evidence = replace(EVIDENCE, progress=progress(stage, BUILD), ancestors=Failed(NOW, LIMITED))

    assert evidence.is_on_record is is_enough
    assert (explain(evidence).code is ReasonCode.QUEUED) is is_enough


def test_the_records_say_nothing_of_what_is_there_or_not_planned() -> None:
    evidence = replace(EVIDENCE, progress=Said(WAITING, READ_AT))

    there = explain(replace(evidence, index=present(ARM64)))
    built = explain(replace(evidence, built=present(ARM64)))

    assert (there.code, built.code) == (ReasonCode.PRESENT, ReasonCode.BUILT_PENDING_INDEX)


def test_nothing_is_checked_of_what_is_no_official_image() -> None:
    evidence = Evidence(parse_reference("ghcr.io/a/b:1"), ARM64, INDEX, progress=Said(WAITING, NOW))

    assert list(evidence.checks_of_builds()) == []
