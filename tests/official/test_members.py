"""A large JSON object taken apart as it arrives, whatever it is."""

import json
import tracemalloc
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import TroubleKind
from bot.official.members import MAX_MEMBER_CHARS, Members
from bot.official.source import SourceFailed

OBJECTS = st.dictionaries(
    st.text(),
    st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans())),
    min_size=1,
)


def members_of(text: bytes, *, piece_bytes: int) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    members = Members(lambda name, value: found.append((name, value)))
    for start in range(0, len(text), piece_bytes):
        members.take(text[start : start + piece_bytes])
    members.end()
    return found


@given(OBJECTS, st.integers(1, 100), st.sampled_from([None, 1]), st.booleans())
def test_members_are_those_that_json_finds(
    value: dict[str, Any], piece_bytes: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert members_of(text.encode(), piece_bytes=piece_bytes) == list(value.items())


def test_members_are_found_as_they_arrive_and_across_pieces() -> None:
    value = {f"name-{number}": {"text": "é" * 997} for number in range(300)}
    text = json.dumps(value, ensure_ascii=False).encode()

    assert members_of(text, piece_bytes=65_536) == list(value.items())
    assert members_of(text, piece_bytes=1_003) == list(value.items())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"nul",
        b"[1, 2]",
        b"<html>",
        b'{"a": {}',
        b'{"a": {"b',
        b'{"a": {}, }',
        b'{, "a": {}}',
        b'{"a" {}}',
        b'{"a": {}} {}',
        b'{"a": {}} x',
        b'{"a": 1}',
        b'{"a": null}',
        b'{"a": []}',
        b'{"a": {"b": "\xff"}}',
        b'{"a": {"b": "\xc3',
        b'{"a": {"b": ' + b"9" * 5000 + b"}}",
    ],
    ids=lambda text: text[:20].decode(errors="replace") or "nothing",
)
@pytest.mark.parametrize("piece_bytes", [1, 100_000])
def test_what_is_not_one_object_of_objects_fails(text: bytes, piece_bytes: int) -> None:
    with pytest.raises(SourceFailed) as failed:
        members_of(text, piece_bytes=piece_bytes)

    assert failed.value.trouble.kind is TroubleKind.MALFORMED


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(b'{"a": {"b": "' + b"x" * 3_000_000, TroubleKind.TOO_LARGE, id="a text"),
        pytest.param(b'{"' + b"x" * 3_000_000, TroubleKind.TOO_LARGE, id="a name"),
        pytest.param(b'{"a": {"b": ' + b"[" * 3_000_000, TroubleKind.MALFORMED, id="nested"),
    ],
)
def test_one_member_without_end_is_given_up(text: bytes, kind: TroubleKind) -> None:
    with pytest.raises(SourceFailed) as failed:
        members_of(text, piece_bytes=4_096)

    assert failed.value.trouble.kind is kind


def test_memory_does_not_grow_with_the_file() -> None:
    member = json.dumps({"text": "x" * 5_000}).encode()
    names = (b'"%064x": ' % number for number in count())
    pieces = (name + member + b"," for name in names)
    members = Members(lambda _name, _value: None)
    members.take(b"{")

    tracemalloc.start()
    try:
        for piece in islice(pieces, 4_000):  # 20 MB
            members.take(piece)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 2 * MAX_MEMBER_CHARS
