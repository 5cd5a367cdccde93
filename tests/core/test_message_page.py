"""The sentences of the page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.advice import Advice
from bot.core.board import Waits
from bot.core.chronicle import Landing, LandingKind, Span
from bot.core.errors import TroubleKind
from bot.core.estimate import OFFICIAL_BUILD, estimate_from
from bot.core.evidence import Check, Evidence, Said, Source
from bot.core.habit import Habit
from bot.core.health import Finding, Health, Letter, RegistryHealth
from bot.core.library import parse_library
from bot.core.matrix import Cause, Cell, Standing, judge
from bot.core.message.english import page as words
from bot.core.message.english.refusals import Refusal, render_refusal
from bot.core.model import Observation, Trouble
from bot.core.reason import Reason, ReasonCode
from bot.core.reference import parse_reference
from tests.support.planned_official import library_text
from tests.support.stores import AMD64, ARM64, NODE, NOW, at, missing, present, unknown

HOUR = timedelta(hours=1)
DOCKER = RegistryHealth("docker.io", at(3600), 12, 100, 0)
LETTER = Letter("slack:C1", "node:22", "dead", 3, NOW, None)


def cell(standing: Standing = Standing.MISSING, cause: Cause | None = None) -> Cell:
    return Cell(ARM64, standing, cause=cause)


def health(*findings: Finding, looks_due: int = 0, messages: int = 0) -> Health:
    return Health(findings, NOW, looks_due, messages)


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_has_a_word(standing: Standing) -> None:
    assert words.STANDINGS[standing]


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.TROUBLE])
def test_every_cause_has_a_sentence(cause: Cause) -> None:
    assert words.why(cell(cause=cause), NODE, now=NOW).endswith(".")


def test_trouble_is_told_in_its_own_words() -> None:
    troubled = replace(
        cell(Standing.UNKNOWN, Cause.TROUBLE), trouble=Trouble(TroubleKind.TIMED_OUT)
    )

    told = words.why(troubled, NODE, now=NOW)

    assert told == "The last look gave no answer: docker.io did not answer in time."


def test_what_is_there_needs_no_reason() -> None:
    assert words.why(cell(Standing.THERE), NODE, now=NOW) == ""


@pytest.mark.parametrize(
    ("standing", "span", "told"),
    [
        pytest.param(
            Standing.UNKNOWN, Span(True, NOW, True), "Before that it was there.", id="was-there"
        ),
        pytest.param(
            Standing.UNKNOWN,
            Span(False, NOW, True),
            "Before that it was not there.",
            id="was-missing",
        ),
        pytest.param(Standing.UNKNOWN, None, "", id="was-never-known"),
        pytest.param(Standing.THERE, Span(True, NOW, True), "", id="is-known"),
    ],
)
def test_what_was_known_before(standing: Standing, span: Span | None, told: str) -> None:
    assert words.before_that(replace(cell(standing), span=span)) == told


def test_since_when_exactly_or_at_least() -> None:
    now = at(7200)

    exactly = words.since(Span(False, NOW, True), now=now)
    at_least = words.since(Span(False, NOW, False), now=now)

    assert exactly == "for 2 h, since 12:00 UTC"
    assert at_least == "for 2 h at least, since the first look (12:00 UTC)"


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        pytest.param(
            (), "No wait for this platform has ended yet, so I cannot say", id="no-wait-at-all"
        ),
        pytest.param((2,), "The one wait so far took 2 h. That is little to go by.", id="one"),
        pytest.param(
            (1, 2, 3), "Half of 3 waits ended within 2 h. That is little to go by.", id="a-few"
        ),
        pytest.param(
            (1, 2, 3, 4, 5),
            "Usually takes 3 h; 8 in 10 of 5 waits took between 1 h 24 min and 4 h 36 min.",
            id="enough",
        ),
    ],
)
def test_when_it_usually_comes(hours: tuple[int, ...], told: str) -> None:
    lengths = tuple(hour * HOUR for hour in hours)
    waits = (
        Waits(ARM64, lengths, lengths[len(lengths) // 2], estimate_from(lengths)) if hours else None
    )

    assert words.usually(waits).startswith(told)


OFFICIAL = (
    "Official images that are built for it: 1-5 h after it is listed, up to 2 days when a base "
    "image is new."
)
ONE = Waits(ARM64, (HOUR,), HOUR, None)


@pytest.mark.parametrize(
    ("image", "waits", "told"),
    [
        pytest.param("node:22", None, OFFICIAL, id="official, nothing seen"),
        pytest.param(
            "node:22",
            ONE,
            f"{OFFICIAL} Seen here: The one wait so far took 1 h. That is little to go by.",
            id="official, and seen",
        ),
        pytest.param("ghcr.io/a/b:1", ONE, words.usually(ONE), id="elsewhere"),
    ],
)
def test_what_to_expect_of_a_tag(image: str, waits: Waits | None, told: str) -> None:
    assert words.expectations(parse_reference(image), ARM64, waits) == told


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        pytest.param((), "All is well", id="well"),
        pytest.param((Finding.MESSAGES_WAIT,), "Working, with some trouble", id="strained"),
        pytest.param((Finding.LOOKS_ARE_LATE,), "Something is wrong", id="broken"),
    ],
)
def test_how_the_bot_is(findings: tuple[Finding, ...], told: str) -> None:
    assert words.health_headline(health(*findings)) == told


@pytest.mark.parametrize(
    ("finding", "registries", "letters", "told"),
    [
        pytest.param(Finding.LOOKS_ARE_LATE, [], [], "Looks are late", id="late"),
        pytest.param(
            Finding.REGISTRIES_REST,
            [DOCKER, replace(DOCKER, name="ghcr.io", parked_until=None)],
            [],
            "Left alone for a while, because of its last answers: docker.io until 13:00 UTC.",
            id="a-registry-rests",
        ),
        pytest.param(
            Finding.REGISTRIES_REST,
            [],
            [],
            "Left alone for a while, because of its last answers: a registry.",
            id="one-that-is-not-shown",
        ),
        pytest.param(Finding.MESSAGES_WAIT, [], [], "Messages do not get through", id="waiting"),
        pytest.param(Finding.MESSAGES_DEAD, [], [], "Some messages cannot be sent", id="unseen"),
        pytest.param(Finding.MESSAGES_DEAD, [], [LETTER], "A message cannot be sent", id="one"),
        pytest.param(
            Finding.MESSAGES_DEAD, [], [LETTER, LETTER], "2 messages cannot be sent", id="several"
        ),
    ],
)
def test_what_is_not_as_it_should_be(
    finding: Finding, registries: list[RegistryHealth], letters: list[Letter], told: str
) -> None:
    sentence = words.finding_sentence(finding, registries=registries, letters=letters, now=NOW)

    assert sentence.startswith(told)


@pytest.mark.parametrize(
    ("looks_due", "messages", "told"),
    [
        pytest.param(0, 0, "no look is due, no message waits", id="nothing"),
        pytest.param(3, 1, "3 due for a look, 1 message waits to go out", id="some"),
        pytest.param(0, 2, "no look is due, 2 messages wait to go out", id="messages"),
    ],
)
def test_what_waits(looks_due: int, messages: int, told: str) -> None:
    assert words.queue_line(health(looks_due=looks_due, messages=messages)) == told


@pytest.mark.parametrize(
    ("registry", "state", "budget"),
    [
        pytest.param(DOCKER, "left alone until 13:00 UTC", "12 of 100 requests left", id="rests"),
        pytest.param(
            replace(DOCKER, parked_until=at(-1), limit=None),
            "in order",
            "12 requests left",
            id="does-not-rest-any-more",
        ),
        pytest.param(
            replace(DOCKER, parked_until=None, remaining=None, failures=1),
            "1 failure in a row",
            "",
            id="fails",
        ),
        pytest.param(
            replace(DOCKER, parked_until=None, failures=2, remaining=None),
            "2 failures in a row",
            "",
            id="fails-again",
        ),
    ],
)
def test_how_a_registry_is(registry: RegistryHealth, state: str, budget: str) -> None:
    assert words.registry_state(registry, now=NOW) == state
    assert words.budget(registry) == budget


@pytest.mark.parametrize(
    ("landing", "told"),
    [
        pytest.param(
            Landing(ARM64, NOW, LandingKind.FIRST),
            "linux/arm64 was there at the first look, 12:00 UTC",
            id="first",
        ),
        pytest.param(
            Landing(ARM64, NOW, LandingKind.CAME, 2 * HOUR),
            "linux/arm64 came 12:00 UTC, 2 h after the tag was there",
            id="came-late",
        ),
        pytest.param(
            Landing(ARM64, NOW, LandingKind.CAME), "linux/arm64 came 12:00 UTC", id="came"
        ),
        pytest.param(
            Landing(ARM64, NOW, LandingKind.REBUILT),
            "linux/arm64 was built anew 12:00 UTC",
            id="rebuilt",
        ),
        pytest.param(
            Landing(ARM64, NOW, LandingKind.WENT), "linux/arm64 went 12:00 UTC", id="went"
        ),
    ],
)
def test_what_happened_to_a_tag(landing: Landing, told: str) -> None:
    assert words.landing_sentence(landing, now=NOW) == told


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(present(ARM64), "node:22 has linux/arm64.", id="there"),
        pytest.param(present(AMD64), "node:22 has no linux/arm64 yet.", id="missing"),
        pytest.param(missing(), "docker.io has no tag node:22.", id="no-tag"),
        pytest.param(unknown(), "I cannot tell what node:22 has now.", id="unknown"),
    ],
)
def test_what_a_check_found(seen: Observation, told: str) -> None:
    found = [judge(ARM64, seen, trouble=seen.trouble, is_wanted=True)]

    assert words.check_headline(NODE, seen, found) == told


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_a_headline(refusal: Refusal) -> None:
    assert render_refusal(refusal).headline.endswith((".", "?"))


INDEX = replace(present(AMD64), digest="sha256:f")


def advice(code: ReasonCode, seen: Observation = INDEX, **changes: object) -> Advice:
    return replace(Advice(Reason(code, Evidence(NODE, ARM64, seen))), **changes)  # type: ignore[arg-type]


def reasons(cause: Cause, told: Advice | None) -> str:
    return " ".join(words.reasons(cell(cause=cause), NODE, told, now=NOW))


QUEUED = "linux/arm64 is planned: its build is queued, running or failing."


def test_docker_librarys_reason_takes_the_place_of_a_guess() -> None:
    assert reasons(Cause.NOT_LISTED, advice(ReasonCode.QUEUED)) == QUEUED


def test_that_there_is_no_tag_is_told_with_what_docker_library_says() -> None:
    told = reasons(Cause.NO_TAG, advice(ReasonCode.QUEUED, missing()))

    assert told == f"The registry has no such tag yet. {QUEUED}"


def test_that_a_platform_went_is_told_before_why_it_does_not_come_again() -> None:
    told = reasons(Cause.WENT, advice(ReasonCode.NOT_PLANNED))

    assert told.startswith("It was there, and the registry does not list it any more. docker-lib")


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(None, id="nobody-was-asked"),
        pytest.param(advice(ReasonCode.NOT_OFFICIAL), id="no-official-image"),
        pytest.param(advice(ReasonCode.UNKNOWN), id="not-known"),
    ],
)
def test_without_docker_librarys_reason_the_registrys_is_told(told: Advice | None) -> None:
    assert reasons(Cause.NOT_LISTED, told).startswith("The registry does not list it. Often")


def test_what_could_not_be_read_is_told_before_a_guess() -> None:
    gap = Check(Source.LIBRARY, "node", NOW, Trouble(TroubleKind.TIMED_OUT))
    unknown_reason = Reason(ReasonCode.UNKNOWN, Evidence(NODE, ARM64, INDEX), (gap,))

    told = words.reasons(cell(cause=Cause.NOT_LISTED), NODE, Advice(unknown_reason), now=NOW)

    assert told[0].startswith("Why linux/arm64 is missing I cannot tell: docker-library's file")
    assert told[1].startswith("The registry does not list it.")


def test_what_a_publisher_usually_ships_is_told_beside_what_the_registry_says() -> None:
    told = reasons(Cause.NOT_LISTED, advice(ReasonCode.NOT_OFFICIAL, habit=Habit((NODE,), ())))

    assert told.startswith("The registry does not list it.")
    assert told.endswith("No linux/arm64 in 22 either.")


def test_what_is_there_has_no_reason() -> None:
    assert words.reasons(cell(Standing.THERE), NODE, None, now=NOW) == ()


NEVER = "So it is not to be expected."


@pytest.mark.parametrize(
    ("standing", "told", "is_told"),
    [
        pytest.param(
            Standing.MISSING, None, f"{OFFICIAL} Seen here: The one wait so far", id="by-other-tags"
        ),
        pytest.param(
            Standing.MISSING,
            advice(ReasonCode.QUEUED, estimates=(OFFICIAL_BUILD,), next_run=at(3600)),
            "Usually 1-5 h after it is listed",
            id="by-docker-library",
        ),
        pytest.param(Standing.MISSING, advice(ReasonCode.NOT_PLANNED), NEVER, id="not-planned"),
        pytest.param(Standing.MISSING, advice(ReasonCode.UNLISTED), NEVER, id="retired"),
        pytest.param(Standing.MISSING, advice(ReasonCode.UNLISTED, missing()), "", id="not-listed"),
        pytest.param(Standing.THERE, None, "", id="it-is-there"),
        pytest.param(Standing.STALE, None, "", id="an-older-build-is-there"),
    ],
)
def test_when_a_platform_is_expected(standing: Standing, told: Advice | None, is_told: str) -> None:
    found = words.expected(cell(standing), NODE, told, ONE, now=NOW)

    assert found.startswith(is_told)
    assert bool(found) == bool(is_told)


def test_the_next_index_run_is_told_with_when_it_usually_comes() -> None:
    told = advice(ReasonCode.QUEUED, next_run=at(3600))

    assert "The next index run is about" in words.expected(cell(), NODE, told, None, now=NOW)


@pytest.mark.parametrize(
    ("told", "label"),
    [
        pytest.param(None, "", id="nothing-known"),
        pytest.param(advice(ReasonCode.UNKNOWN), "", id="unknown"),
        pytest.param(advice(ReasonCode.NOT_OFFICIAL), "", id="not-official"),
        pytest.param(advice(ReasonCode.QUEUED), "queued", id="queued"),
        pytest.param(advice(ReasonCode.UNLISTED, missing()), "not listed", id="not-listed"),
        pytest.param(advice(ReasonCode.UNLISTED), "retired", id="retired"),
    ],
)
def test_a_reason_in_a_word(told: Advice | None, label: str) -> None:
    assert words.reason_label(told) == label


@pytest.mark.parametrize(
    ("span", "is_told"),
    [
        pytest.param(Span(False, NOW, True), True, id="was-missing"),
        pytest.param(Span(True, NOW, True), False, id="was-there"),
        pytest.param(None, False, id="never-known"),
    ],
)
def test_what_is_unknown_is_expected_only_if_it_was_missing(
    span: Span | None, is_told: bool
) -> None:
    unknown_cell = replace(cell(Standing.UNKNOWN), span=span)

    assert bool(words.expected(unknown_cell, NODE, None, ONE, now=NOW)) is is_told


@pytest.mark.parametrize(
    ("headline", "told"),
    [
        pytest.param("👀 Watching node:22.", "Watching node:22.", id="sign"),
        pytest.param("📌 #1 node:22 stands.", "#1 node:22 stands.", id="number"),
        pytest.param("Refused: this.", "Refused: this.", id="none"),
        pytest.param("“x” is no image.", "“x” is no image.", id="quoted"),
    ],
)
def test_headlines_lose_their_sign(headline: str, told: str) -> None:
    assert words.without_sign(headline) == told


def test_what_is_known_to_be_planned_is_not_said_perhaps_not_to_be() -> None:
    library = parse_library(library_text(["22"]))
    evidence = Evidence(NODE, ARM64, INDEX, Said(library, NOW), missing())
    gap = Check(Source.DOCKERFILE, "node:22", NOW, Trouble(TroubleKind.TIMED_OUT))
    planned = Advice(Reason(ReasonCode.UNKNOWN, evidence, (gap,)))

    told = " ".join(words.reasons(cell(cause=Cause.NOT_LISTED), NODE, planned, now=NOW))

    assert "I cannot tell" in told
    assert "never have been planned" not in told
