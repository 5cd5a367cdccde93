from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.core.errors import TroubleKind
from bot.core.message.english.trouble import trouble_in_brief, trouble_sentence
from bot.core.message.english.waiting import progress_line, still_waiting
from bot.core.message.english.words import (
    listing,
    moment,
    platforms_there,
    short_digest,
    shorts,
    span,
)
from bot.core.model import Entry, Observation, Trouble
from bot.core.platform import Platform
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    NODE,
    NOW,
    digest,
    missing,
    present,
    unknown,
)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param([], "nothing", id="none"),
        pytest.param(["a"], "a", id="one"),
        pytest.param(["a", "b"], "a and b", id="two"),
        pytest.param(["a", "b", "c"], "a, b and c", id="three"),
    ],
)
def test_words_are_listed_as_people_do(words: list[str], text: str) -> None:
    assert listing(iter(words)) == text


def test_a_list_of_what_is_not_there_ends_with_or() -> None:
    assert listing(["a", "b", "c"], last="or") == "a, b or c"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        pytest.param(timedelta(seconds=-3), "0 s", id="negative"),
        pytest.param(timedelta(), "0 s", id="none"),
        pytest.param(timedelta(seconds=59.9), "59 s", id="seconds"),
        pytest.param(timedelta(seconds=60), "1 min", id="a minute"),
        pytest.param(timedelta(minutes=59, seconds=59), "59 min", id="minutes"),
        pytest.param(timedelta(hours=1), "1 h", id="an hour"),
        pytest.param(timedelta(hours=3, minutes=41, seconds=7), "3 h 41 min", id="hours"),
        pytest.param(timedelta(days=1), "1 day", id="a day"),
        pytest.param(timedelta(days=1, minutes=59), "1 day", id="a day and minutes"),
        pytest.param(timedelta(days=2, hours=4), "2 days 4 h", id="days"),
        pytest.param(timedelta(days=7), "7 days", id="a week"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(length: timedelta, text: str) -> None:
    assert span(length) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        pytest.param(NOW + timedelta(hours=2), "14:00 UTC", id="the same day"),
        pytest.param(NOW + timedelta(hours=13), "2025-04-24 01:00 UTC", id="another day"),
        pytest.param(
            datetime(2025, 4, 23, 9, 5, tzinfo=timezone(timedelta(hours=-5))),
            "14:05 UTC",
            id="another zone",
        ),
    ],
)
def test_a_moment_has_its_date_on_another_day(at: datetime, text: str) -> None:
    assert moment(at, NOW.astimezone(UTC)) == text


@pytest.mark.parametrize(
    ("whole", "text"),
    [
        pytest.param("sha256:" + "1f3c9d2a44b0" * 5, "sha256:1f3c9d2a44b0…", id="digest"),
        pytest.param("sha256:abc", "sha256:abc", id="short already"),
    ],
)
def test_a_digest_is_cut_to_what_the_eye_compares(whole: str, text: str) -> None:
    assert short_digest(whole) == text


def test_what_the_registry_lost_is_not_there() -> None:
    observation = present(
        AMD64, entries={ARM64: Entry(digest("a"), False), ARMV7: Entry(digest("a"), None)}
    )

    assert platforms_there(observation) == ["amd64", "arm/v7"]


def test_platforms_are_short_but_for_other_operating_systems() -> None:
    assert shorts([ARM64, Platform("windows", "amd64")]) == ["arm64", "windows/amd64"]


# -- trouble --------------------------------------------------------------------------------------

UNTIL = NOW + timedelta(minutes=5)
SENTENCES = {
    TroubleKind.UNREACHABLE: (
        "docker.io cannot be reached from here: check its name and this machine's network."
    ),
    TroubleKind.SERVER_ERROR: (
        "docker.io is in trouble (HTTP 503); nothing is wrong on your side."
    ),
    TroubleKind.RATE_LIMITED: "docker.io asked me to slow down until 12:05 UTC (HTTP 503).",
    TroubleKind.OVERLOADED: "docker.io asked me to slow down until 12:05 UTC (HTTP 503).",
    TroubleKind.PARKED: (
        "I am giving docker.io a rest until 12:05 UTC, because of its last answers."
    ),
    TroubleKind.TIMED_OUT: "docker.io did not answer in time.",
    TroubleKind.TLS_FAILED: (
        "There is no secure connection to docker.io: its certificate is not trusted here, or it "
        "does not speak TLS. If it is your own registry, add `ca_file`, or plain_http = true, to "
        'the [[registry]] block with host = "docker.io" in the configuration.'
    ),
    TroubleKind.PROXY_FAILED: (
        "The proxy does not let me through to docker.io: check `proxy` under [network] in the "
        "configuration, and whether the proxy is up and may reach docker.io."
    ),
    TroubleKind.DENIED: (
        "docker.io does not show node:22.15-bullseye-slim to me (HTTP 503): it is private, or it "
        'does not exist. If it is yours, add a [[registry]] block with host = "docker.io" and a '
        "login to the configuration, then repeat."
    ),
    TroubleKind.LOGIN_REFUSED: (
        "docker.io does not accept the login I have for it (HTTP 503), so I do not send it again. "
        "Mend `username` and `password` or `password_file` in the [[registry]] block with "
        'host = "docker.io", or run docker login docker.io if the login is docker\'s; then start '
        "me again."
    ),
    TroubleKind.LOGIN_UNAVAILABLE: (
        "docker.io does not show node:22.15-bullseye-slim to me (HTTP 503), and the program that "
        "keeps my login for it did not give it: the log says why. Mend `credHelpers` or "
        "`credsStore` in docker's config.json, or write a login into a [[registry]] block."
    ),
    TroubleKind.EGRESS_REFUSED: (
        "I do not connect to docker.io, or to where it sends me: that is not a public https "
        "address. If it is your own registry, add a [[registry]] block with "
        'host = "docker.io" and allow_private = true to the configuration.'
    ),
    TroubleKind.UNLISTED_REGISTRY: (
        "docker.io is not among the registries I may ask. Add a [[registry]] block with "
        'host = "docker.io" to the configuration, or set allow_any_public_registry = true under '
        "[network]."
    ),
    TroubleKind.MALFORMED: (
        "docker.io answered something about node:22.15-bullseye-slim that makes no sense; "
        "I do not trust it."
    ),
    TroubleKind.TOO_LARGE: (
        "docker.io answered far more about node:22.15-bullseye-slim than an image needs; "
        "I stopped reading."
    ),
    TroubleKind.UNSUPPORTED: (
        "node:22.15-bullseye-slim is not a container image with platforms (an artifact, or the "
        "old schema 1)."
    ),
    TroubleKind.BUG: (
        "I failed while looking at node:22.15-bullseye-slim: that is a mistake of mine, and it "
        "is in the log."
    ),
}


@pytest.mark.parametrize("kind", TroubleKind, ids=lambda kind: kind.value)
def test_every_trouble_has_its_sentence(kind: TroubleKind) -> None:
    assert trouble_sentence(NODE, Trouble(kind, 503, UNTIL), now=NOW) == SENTENCES[kind]


@pytest.mark.parametrize("kind", TroubleKind, ids=lambda kind: kind.value)
def test_every_trouble_has_a_few_words_for_a_line(kind: TroubleKind) -> None:
    brief = trouble_in_brief(Trouble(kind, 503))

    assert brief.endswith(", HTTP 503")
    assert len(brief) < 40


@pytest.mark.parametrize("kind", TroubleKind, ids=lambda kind: str(kind.value))
def test_a_trouble_without_details_is_a_whole_sentence_too(kind: TroubleKind) -> None:
    sentence = trouble_sentence(NODE, Trouble(kind), now=NOW)

    assert sentence.endswith(".")
    assert "None" not in sentence
    assert "  " not in sentence


# -- waiting --------------------------------------------------------------------------------------


def test_a_script_is_told_what_it_waits_for() -> None:
    assert still_waiting(NODE, [ARM64, ARMV7]) == (
        "Waiting for linux/arm64 and linux/arm/v7 of node:22.15-bullseye-slim…"
    )


@pytest.mark.parametrize(
    ("seen", "trouble", "text"),
    [
        pytest.param(present(AMD64), None, "There: amd64. Missing: arm64.", id="a platform"),
        pytest.param(missing(), None, "No such tag yet.", id="the tag"),
        pytest.param(unknown(), "No answer.", "No answer.", id="an answer"),
    ],
)
def test_progress_says_what_is_missing(seen: Observation, trouble: str | None, text: str) -> None:
    fixed, times = progress_line(
        seen,
        [ARM64, AMD64],
        trouble=trouble,
        waited=timedelta(minutes=4),
        next_in=timedelta(seconds=41),
    )

    assert fixed == text
    assert times == "(waited 4 min, next look in 41 s)"
