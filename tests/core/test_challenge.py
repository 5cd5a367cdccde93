import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.challenge import (
    MAX_CHALLENGE_LENGTH,
    Challenge,
    choose_challenge,
    parse_challenges,
)

BASIC = Challenge("basic")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            ['Bearer realm="https://auth.example/t",service="s",scope="repository:a/b:pull,push"'],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.example/t",
                        "service": "s",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
            id="comma in quotes",
        ),
        pytest.param(
            [
                'Bearer realm="https://git/v2/token",service="container_registry",scope="*"',
                'Basic realm="Git"',
            ],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://git/v2/token",
                        "service": "container_registry",
                        "scope": "*",
                    },
                ),
                Challenge("basic", {"realm": "Git"}),
            ],
            id="two lines",
        ),
        pytest.param(
            ['Bearer realm="https://git/t"', "Basic"],
            [Challenge("bearer", {"realm": "https://git/t"}), BASIC],
            id="bare Basic",
        ),
        pytest.param(
            ['Negotiate, Basic realm="x"'],
            [Challenge("negotiate"), Challenge("basic", {"realm": "x"})],
            id="several in one line",
        ),
        pytest.param(
            ['Basic realm="x", Bearer realm="https://a/t" , service = "s"'],
            [
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": "https://a/t", "service": "s"}),
            ],
            id="each with parameters",
        ),
        pytest.param(
            ['BEARER REALM="https://A/t",Service=S'],
            [Challenge("bearer", {"realm": "https://A/t", "service": "S"})],
            id="upper case",
        ),
        pytest.param(
            [r'Basic realm="basic, realm \"quoted\" \\"'],
            [Challenge("basic", {"realm": 'basic, realm "quoted" \\'})],
            id="escapes",
        ),
        pytest.param(
            ["Bearer realm=https://a/t?x=1&y=2,service=s"],
            [Challenge("bearer", {"realm": "https://a/t?x=1&y=2", "service": "s"})],
            id="unquoted",
        ),
        pytest.param(
            ['Bearer realm="https://a/t" service="s"'],
            [Challenge("bearer", {"realm": "https://a/t", "service": "s"})],
            id="without commas",
        ),
        pytest.param(
            ['Bearer realm="https://a/t",scope="",service= ,error="x"'],
            [
                Challenge(
                    "bearer", {"realm": "https://a/t", "scope": "", "service": "", "error": "x"}
                )
            ],
            id="empty values",
        ),
        pytest.param(
            ['Bearer realm="https://a/t",scope="repository:a:pull repository:b:pull"'],
            [
                Challenge(
                    "bearer",
                    {"realm": "https://a/t", "scope": "repository:a:pull repository:b:pull"},
                )
            ],
            id="two scopes",
        ),
        pytest.param(
            ['Negotiate YIIab/+~==, Bearer realm="https://a/t"'],
            [Challenge("negotiate"), Challenge("bearer", {"realm": "https://a/t"})],
            id="token68",
        ),
        pytest.param(["Basic dXNlcjpwYXNz"], [BASIC], id="token68 at the end"),
        pytest.param(
            ['Bearer realm="https://a/t",service="s'],
            [Challenge("bearer", {"realm": "https://a/t", "service": "s"})],
            id="unterminated quote",
        ),
        pytest.param(
            ['Bearer realm="https://a/t\\'],
            [Challenge("bearer", {"realm": "https://a/t"})],
            id="ends in an escape",
        ),
        pytest.param(
            ['Bearer realm="https://a/t",REALM="https://b/t"'],
            [Challenge("bearer", {"realm": "https://a/t"})],
            id="the first duplicate wins",
        ),
        pytest.param(['realm="https://a/t", Basic'], [BASIC], id="parameters without a scheme"),
        pytest.param(
            ['Basic "x, Bearer realm=https://evil/t", realm="y"'],
            [Challenge("basic", {"realm": "y"})],
            id="a stray quoted string holds no challenge",
        ),
        pytest.param([",, ;; Basic ,,"], [BASIC], id="junk"),
        pytest.param([""], [], id="empty line"),
        pytest.param([], [], id="no header"),
    ],
)
def test_headers_are_read_as_they_are_written(lines: list[str], expected: list[Challenge]) -> None:
    assert parse_challenges(lines) == tuple(expected)


def test_what_lies_beyond_the_cap_is_not_read() -> None:
    padding = 'Basic realm="' + "x" * MAX_CHALLENGE_LENGTH + '"'

    challenges = parse_challenges([padding, 'Bearer realm="https://a/t"'])

    assert [challenge.scheme for challenge in challenges] == ["basic"]
    assert len(challenges[0].realm or "") < MAX_CHALLENGE_LENGTH


def test_the_cap_is_for_all_lines_together() -> None:
    challenges = parse_challenges(["Basic"] * 10_000)

    assert len(challenges) <= MAX_CHALLENGE_LENGTH // len("Basic") + 1


@pytest.mark.parametrize(
    ("line", "scheme"),
    [
        pytest.param('Basic realm="x", Bearer realm="https://a/t"', "bearer", id="Bearer first"),
        pytest.param('Bearer service="s", Basic realm="x"', "basic", id="Bearer without a realm"),
        pytest.param('Bearer realm="", Basic', "basic", id="Bearer with an empty realm"),
        pytest.param('Negotiate, Basic realm="harbor"', "basic", id="Basic alone"),
        pytest.param("Negotiate, NTLM", None, id="nothing that we speak"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_bearer_is_preferred_to_basic(line: str, scheme: str | None) -> None:
    chosen = choose_challenge(parse_challenges([line]))

    assert (chosen.scheme if chosen else None) == scheme


@pytest.mark.parametrize(
    ("line", "is_insufficient"),
    [
        pytest.param('Bearer realm="r",error="insufficient_scope"', True, id="not permitted"),
        pytest.param('Bearer realm="r",error="invalid_token"', False, id="expired"),
        pytest.param('Bearer realm="r"', False, id="no error"),
    ],
)
def test_a_token_that_does_not_permit_it_is_told_from_an_expired_one(
    line: str, is_insufficient: bool
) -> None:
    (challenge,) = parse_challenges([line])

    assert challenge.is_insufficient_scope is is_insufficient


def test_missing_and_empty_services_are_the_same() -> None:
    missing, empty, given_one = parse_challenges(['A realm="r"', 'B service=""', 'C service="s"'])

    assert (missing.service, empty.service, given_one.service) == (None, None, "s")


@given(st.lists(st.text() | st.text(st.sampled_from('aB=",\\ \t/:'), max_size=60)))
def test_the_parser_is_total(lines: list[str]) -> None:
    for challenge in parse_challenges(lines):
        assert challenge.scheme == challenge.scheme.lower()
        assert all(key == key.lower() for key in challenge.parameters)


names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
challenges = st.builds(Challenge, names, st.dictionaries(names, values, min_size=1, max_size=4))


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(st.lists(challenges, max_size=4), st.booleans())
def test_well_formed_headers_come_back_as_they_were(
    written: list[Challenge], on_one_line: bool
) -> None:
    lines = [
        f"{challenge.scheme} "
        + ", ".join(f"{key}={quoted(value)}" for key, value in challenge.parameters.items())
        for challenge in written
    ]

    read = parse_challenges([", ".join(lines)] if on_one_line else lines)

    assert read == tuple(written)
