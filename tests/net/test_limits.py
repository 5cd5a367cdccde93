"""Headers that say how much a registry bears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.net.limits import (
    Budget,
    is_out_of_requests,
    parse_budget,
    parse_pause,
    parse_retry_after,
)
from tests.support.registry_client import NOW


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param(" 7 ", 7, id="with spaces"),
        pytest.param("0", 1, id="at once"),
        pytest.param("999999999", 6 * 3600, id="years"),
        pytest.param("Fri, 02 Jan 2026 03:04:15 GMT", 10, id="a date"),
        pytest.param("Fri, 02 Jan 2026 03:04:15 -0000", 10, id="a date of no zone"),
        pytest.param("Fri, 02 Jan 2026 03:04:00 GMT", 1, id="a date that is over"),
        pytest.param("Fri, 02 Jan 2099 03:04:00 GMT", 6 * 3600, id="a date far off"),
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param("1.5", None, id="fractional"),
        pytest.param("-5", None, id="negative"),
        pytest.param("880.092µs", None, id="a Go duration"),
        pytest.param("soon", None, id="a word"),
        pytest.param("\u0667", None, id="digits of another script"),
        pytest.param("9" * 5000, None, id="endless"),
    ],
)
def test_retry_after_is_clamped_or_not_understood(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds


IN_A_MINUTE = str(int(NOW.timestamp()) + 60)


@pytest.mark.parametrize(
    ("headers", "is_limit", "seconds"),
    [
        pytest.param({}, False, None, id="nothing"),
        pytest.param({"Retry-After": "7"}, True, 7, id="retry-after"),
        pytest.param({"x-ratelimit-remaining": "0"}, True, None, id="used up"),
        pytest.param({"x-ratelimit-reset": IN_A_MINUTE}, False, None, id="not used up"),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_A_MINUTE},
            True,
            60,
            id="used up, and until when",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_A_MINUTE, "Retry-After": "7"},
            True,
            7,
            id="retry-after goes first",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, True, 1, id="over already"
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 12},
            True,
            6 * 3600,
            id="in ages",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, True, None, id="a word"
        ),
    ],
)
def test_a_refusal_says_whether_requests_are_used_up_and_until_when(
    headers: dict[str, str], seconds: float | None, *, is_limit: bool
) -> None:
    assert is_out_of_requests(headers) is is_limit
    assert parse_pause(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("limit", "remaining", "budget"),
    [
        pytest.param("100;w=21600", "20;w=21600", Budget(100, 20, 21600), id="Docker Hub"),
        pytest.param("100", "20", Budget(100, 20, None), id="no window"),
        pytest.param("100 ; w=60", "20", Budget(100, 20, None), id="a window only once"),
        pytest.param(
            "100;w=60, 5000;w=3600", "90;w=60, 4;w=3600", Budget(5000, 4, 3600), id="the tightest"
        ),
        pytest.param("100;w=60", "x, 5;w=60", Budget(100, 5, 60), id="partly junk"),
        pytest.param("unlimited", "5", None, id="junk limit"),
        pytest.param("100", "many", None, id="junk remaining"),
        pytest.param(None, "5", None, id="no limit"),
        pytest.param("5", None, None, id="no remaining"),
        pytest.param("9" * 5000, "1", Budget(10**12 - 1, 1, None), id="endless"),
    ],
)
def test_a_budget_is_the_tightest_policy(
    limit: str | None, remaining: str | None, budget: Budget | None
) -> None:
    headers = {"ratelimit-limit": limit, "ratelimit-remaining": remaining}

    assert parse_budget({name: text for name, text in headers.items() if text}) == budget


@given(st.text(), st.text())
def test_no_header_is_too_odd(one: str, other: str) -> None:
    pause_s = parse_retry_after(one, now=NOW)

    assert pause_s is None or 1 <= pause_s <= 6 * 3600
    parse_budget({"ratelimit-limit": one, "ratelimit-remaining": other})
