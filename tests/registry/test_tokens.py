"""How long a token is good for."""

from datetime import timedelta

import pytest

from bot.registry.tokens import MAX_KEPT, Token, TokenCache, decode_token
from tests.support.registry_client import NOW


@pytest.mark.parametrize(
    ("body", "life_s"),
    [
        pytest.param(b'{"token":"t","expires_in":300}', 290, id="5 minutes"),
        pytest.param(b'{"access_token":"t","expires_in":300}', 290, id="by its other name"),
        pytest.param(b'{"token":"","access_token":"t","expires_in":300}', 290, id="one is empty"),
        pytest.param(b'{"token":"t","expires_in":5}', 50, id="never under a minute"),
        pytest.param(b'{"token":"t","expires_in":-5}', 50, id="negative"),
        pytest.param(b'{"token":"t"}', 12 * 3600, id="not said"),
        pytest.param(b'{"token":"t","expires_in":null}', 12 * 3600, id="null"),
        pytest.param(b'{"token":"t","expires_in":"300"}', 12 * 3600, id="text"),
        pytest.param(b'{"token":"t","expires_in":true}', 12 * 3600, id="a truth"),
        pytest.param(b'{"token":"t","expires_in":NaN}', 12 * 3600, id="not a number"),
        pytest.param(b'{"token":"t","expires_in":1e300}', 12 * 3600, id="for ever"),
        pytest.param(
            b'{"token":"t","expires_in":300,"issued_at":"1999-01-01T00:00:00Z"}', 290, id="clock"
        ),
    ],
)
def test_the_life_of_a_token_is_counted_from_its_receipt(body: bytes, life_s: float) -> None:
    token = decode_token(body, now=NOW)

    assert token == Token("Bearer t", NOW + timedelta(seconds=life_s))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(b'"token"', id="no object"),
        pytest.param(b"{}", id="no token"),
        pytest.param(b'{"token": {}}', id="no text in it"),
        pytest.param(b'{"token": "a b"}', id="a space"),
        pytest.param(b'{"token": "\\u00e9"}', id="not ASCII"),
    ],
)
def test_what_is_no_token_is_none(body: bytes) -> None:
    assert decode_token(body, now=NOW) is None


def test_a_token_does_not_show_itself() -> None:
    assert "canary" not in repr(Token("Bearer canary", NOW))


def test_a_dropped_token_stays_if_it_has_been_replaced() -> None:
    cache = TokenCache()
    later = NOW + timedelta(hours=1)
    cache.keep("a", Token("Bearer old", later), now=NOW)
    cache.keep("a", Token("Bearer new", later), now=NOW)

    cache.drop("a", "Bearer old")
    cache.drop("b", "Bearer old")

    assert cache.find("a", now=NOW) == Token("Bearer new", later)
    assert cache.find("a", now=later) is None


@pytest.mark.parametrize(
    ("first_life_s", "kept"),
    [
        pytest.param(3600, MAX_KEPT - 1, id="the oldest goes"),
        pytest.param(0, 0, id="the expired go"),
    ],
)
def test_tokens_do_not_pile_up(first_life_s: float, kept: int) -> None:
    cache = TokenCache()
    for number in range(MAX_KEPT):
        token = Token("Bearer t", NOW + timedelta(seconds=first_life_s))
        cache.keep(f"r{number}", token, now=NOW)

    cache.keep("new", Token("Bearer t", NOW + timedelta(hours=1)), now=NOW)

    assert cache.find("new", now=NOW) is not None
    assert sum(cache.find(f"r{n}", now=NOW) is not None for n in range(MAX_KEPT)) == kept
    assert cache.find("r0", now=NOW) is None
