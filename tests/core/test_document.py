import pytest

from bot.core.document import as_object, decode_document, list_member, object_member
from bot.core.errors import MalformedManifest


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a":1,"a":1}', id="a key twice"),
        pytest.param(b'{"x":{"a":1,"a":2}}', id="a key twice, deeper"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="infinity"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="huge number"),
        pytest.param(b'{"a":' * 200_000, id="endless nesting"),
        pytest.param(b"[" * 1_000_000, id="endless lists"),
        pytest.param(b'{"a":"\xff"}', id="not UTF-8"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="byte order mark"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(b'{"a":"' + b"x" * 1_100_000 + b'"}', id="too large"),
    ],
)
def test_only_strict_json_objects_are_read(body: bytes) -> None:
    with pytest.raises(MalformedManifest, match="document"):
        decode_document(body, 1_100_000, "document")


def test_a_document_may_be_as_large_as_the_cap() -> None:
    body = b'{"a":1}'

    assert decode_document(body, len(body), "document") == {"a": 1}


def test_missing_and_null_members_are_empty() -> None:
    document = {"null": None}

    assert object_member(document, "null") == object_member(document, "missing") == {}
    assert list_member(document, "null", at_most=1) == []
    assert list_member(document, "missing", at_most=1) == []


def test_members_of_another_kind_are_refused() -> None:
    with pytest.raises(MalformedManifest, match="key"):
        object_member({"key": []}, "key")
    with pytest.raises(MalformedManifest, match="key"):
        list_member({"key": {}}, "key", at_most=1)
    with pytest.raises(MalformedManifest, match="at most 1"):
        list_member({"key": [1, 2]}, "key", at_most=1)
    with pytest.raises(MalformedManifest, match="an entry"):
        as_object("text", "an entry")
