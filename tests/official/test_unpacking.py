"""Packed answers, unpacked in small pieces."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.official.unpacking import STEP_BYTES, Unpacking, Unreadable, unpacking


def unpacked(packed: bytes, *, piece_bytes: int) -> list[bytes]:
    unpack = Unpacking()
    pieces = [
        piece
        for start in range(0, len(packed), piece_bytes)
        for piece in unpack.pieces(packed[start : start + piece_bytes])
    ]
    unpack.end()
    return pieces


@given(st.binary(), st.integers(1, 50))
def test_what_was_packed_comes_out(content: bytes, piece_bytes: int) -> None:
    assert b"".join(unpacked(gzip.compress(content), piece_bytes=piece_bytes)) == content


def test_no_piece_is_large_however_well_it_packs() -> None:
    pieces = unpacked(gzip.compress(b"\0" * 20_000_000), piece_bytes=65_536)

    assert max(map(len, pieces)) <= STEP_BYTES
    assert sum(map(len, pieces)) == 20_000_000


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="not packed"),
        pytest.param(gzip.compress(b"x" * 100)[:-1], id="cut off"),
        pytest.param(gzip.compress(b"x") + b"y", id="more than that"),
        pytest.param(gzip.compress(b"x" * 100)[:-8] + b"\0" * 8, id="another check sum"),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 1_000])
def test_what_is_not_packed_as_it_says_cannot_be_read(packed: bytes, piece_bytes: int) -> None:
    with pytest.raises(Unreadable):
        unpacked(packed, piece_bytes=piece_bytes)


@pytest.mark.parametrize(
    ("encoding", "is_packed"),
    [("gzip", True), ("X-GZIP", True), ("", False), (" identity", False)],
)
def test_an_answer_says_whether_it_is_packed(encoding: str, *, is_packed: bool) -> None:
    assert (unpacking(encoding) is not None) is is_packed


def test_an_encoding_that_nobody_asked_for_cannot_be_read() -> None:
    with pytest.raises(Unreadable):
        unpacking("br")
