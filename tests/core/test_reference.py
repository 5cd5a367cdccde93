import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import InvalidReference
from bot.core.reference import (
    Reference,
    is_digest,
    is_repository,
    is_tag,
    parse_reference,
)

HEX64 = "0123456789abcdef" * 4
SHA256 = f"sha256:{HEX64}"


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        pytest.param("node", "docker.io/library/node:latest", "node:latest", id="bare name"),
        pytest.param(
            "node:22.15-bullseye-slim",
            "docker.io/library/node:22.15-bullseye-slim",
            "node:22.15-bullseye-slim",
            id="official image",
        ),
        pytest.param("library/node:22", "docker.io/library/node:22", "node:22", id="library"),
        pytest.param(
            "docker.io/node:22", "docker.io/library/node:22", "node:22", id="with the Hub"
        ),
        pytest.param(
            "index.docker.io/node", "docker.io/library/node:latest", "node:latest", id="index"
        ),
        pytest.param(
            "registry-1.docker.io/library/node",
            "docker.io/library/node:latest",
            "node:latest",
            id="where the Hub really is",
        ),
        pytest.param(
            "grafana/grafana:12", "docker.io/grafana/grafana:12", "grafana/grafana:12", id="owner"
        ),
        pytest.param(
            "library/a/b:1", "docker.io/library/a/b:1", "library/a/b:1", id="deeper library"
        ),
        pytest.param(
            "ghcr.io/owner/image:v1.2_3-x",
            "ghcr.io/owner/image:v1.2_3-x",
            "ghcr.io/owner/image:v1.2_3-x",
            id="other registry",
        ),
        pytest.param("ghcr.io/single:1", "ghcr.io/single:1", "ghcr.io/single:1", id="no library"),
        pytest.param("GHCR.io/a/b:T", "ghcr.io/a/b:T", "ghcr.io/a/b:T", id="host in upper case"),
        pytest.param(
            "registry:5000/team/app", "registry:5000/team/app:latest", None, id="host with port"
        ),
        pytest.param("localhost/app", "localhost/app:latest", None, id="localhost"),
        pytest.param(
            "localhost", "docker.io/library/localhost:latest", None, id="a lone localhost"
        ),
        pytest.param("example.com", "docker.io/library/example.com:latest", None, id="a lone host"),
        pytest.param(
            "host:5000", "docker.io/library/host:5000", "host:5000", id="a lone host:port"
        ),
        pytest.param("[2001:DB8::1]/a", "[2001:db8::1]/a:latest", None, id="IPv6"),
        pytest.param("[::1]:5000/a/b:x", "[::1]:5000/a/b:x", None, id="IPv6 and port"),
        pytest.param(
            "docker.io/foo.bar/baz:1",
            "docker.io/foo.bar/baz:1",
            "docker.io/foo.bar/baz:1",
            id="an owner like a host keeps the Hub",
        ),
        pytest.param("x/a.b--c__d_e/f0:_", "docker.io/x/a.b--c__d_e/f0:_", None, id="separators"),
        pytest.param(
            "node:" + "x" * 128, "docker.io/library/node:" + "x" * 128, None, id="long tag"
        ),
        pytest.param(f"node@{SHA256}", f"docker.io/library/node@{SHA256}", None, id="digest"),
        pytest.param(
            f"node:22@{SHA256}",
            f"docker.io/library/node@{SHA256}",
            f"node@{SHA256}",
            id="the digest wins",
        ),
        pytest.param(
            f"ghcr.io/a/b@sha512:{HEX64 * 2}", f"ghcr.io/a/b@sha512:{HEX64 * 2}", None, id="sha512"
        ),
        pytest.param(
            f"a/b@sha384:{HEX64}{HEX64[:32]}",
            f"docker.io/a/b@sha384:{HEX64}{HEX64[:32]}",
            None,
            id="sha384",
        ),
        pytest.param(f"{HEX64}:1", f"docker.io/library/{HEX64}:1", None, id="an ID with a tag"),
        pytest.param("a/" * 127 + "b", f"docker.io/{'a/' * 127}b:latest", None, id="longest path"),
    ],
)
def test_what_docker_pull_takes_is_understood(text: str, full: str, familiar: str | None) -> None:
    reference = parse_reference(text)

    assert str(reference) == full
    assert familiar is None or reference.familiar == familiar
    assert parse_reference(reference.familiar) == reference


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param("", "node:22", id="nothing"),
        pytest.param("https://hub.docker.com/_/node", "'node'", id="page of an official image"),
        pytest.param(
            "https://hub.docker.com/r/grafana/grafana/tags?page=1", "'grafana/grafana'", id="page"
        ),
        pytest.param("hub.docker.com/r/library/node", "'node'", id="page of a library image"),
        pytest.param("https://ghcr.io/a/b:1", "'ghcr.io/a/b:1'", id="URL of an image"),
        pytest.param("docker://node:22", "'node:22'", id="transport"),
        pytest.param("https://http://https://x y", "such as node:22", id="URL of nothing"),
        pytest.param("x" * 1025, "too long", id="endless"),
        pytest.param("node:22\n", "ASCII", id="trailing newline"),
        pytest.param("node :22", "ASCII", id="space"),
        pytest.param("nodé", "ASCII", id="not ASCII"),
        pytest.param("node:٢٢", "ASCII", id="digits of another script"),
        pytest.param(HEX64, "ID", id="bare image ID"),
        pytest.param("Foo/bar", "'foo/bar'", id="pseudo-domain"),
        pytest.param("NODE:22", "type 'node:22'", id="upper-case name"),
        pytest.param(f"Node@{SHA256}", f"type 'node@{SHA256}'", id="upper-case name with a digest"),
        pytest.param("ghcr.io/Owner/image", "type 'ghcr.io/owner/image'", id="upper-case owner"),
        pytest.param("docker.io/docker/Docker", "type 'docker/docker'", id="upper case on the Hub"),
        pytest.param("a/" * 127 + "bb", "255", id="path too long"),
        pytest.param("-node", "'-node' is not the name", id="leading dash"),
        pytest.param("node-", "not the name", id="trailing dash"),
        pytest.param("a..b", "not the name", id="two dots"),
        pytest.param("a___b", "not the name", id="three underscores"),
        pytest.param("a._b", "not the name", id="mixed separators"),
        pytest.param("a//b", "not the name", id="empty component"),
        pytest.param("ghcr.io/", "not the name", id="host alone"),
        pytest.param("/node", "not the name", id="leading slash"),
        pytest.param("aa/asdf$$^/aa", "not the name", id="odd characters"),
        pytest.param("node:", "not a tag", id="empty tag"),
        pytest.param("node:.x", "not a tag", id="tag begins with a dot"),
        pytest.param("node:" + "x" * 129, "not a tag", id="tag too long"),
        pytest.param("node:a:b", "not a tag", id="two tags"),
        pytest.param("node@", "not a digest", id="empty digest"),
        pytest.param("node@sha256:abc", "not a digest", id="short digest"),
        pytest.param(f"node@sha256:{HEX64.upper()}", "not a digest", id="upper-case digest"),
        pytest.param(f"node@md5:{HEX64[:32]}", "not a digest", id="unknown algorithm"),
        pytest.param(f"node@sha512:{HEX64}", "not a digest", id="wrong length"),
        pytest.param("-x.example.com/a", "host", id="host begins with a dash"),
        pytest.param("foo_bar.com/a", "host", id="underscore in a host"),
        pytest.param("a..b/c", "host", id="empty label"),
        pytest.param("x" * 64 + ".com/a", "host", id="label too long"),
        pytest.param("x." * 127 + "com/a", "host", id="host too long"),
        pytest.param("example.com:/a", "host", id="empty port"),
        pytest.param("example.com:0/a", "host", id="port 0"),
        pytest.param("example.com:65536/a", "host", id="port too large"),
        pytest.param("example.com:x/a", "host", id="port in letters"),
        pytest.param("[fe80::1%eth0]/a", "host", id="IPv6 with a zone"),
        pytest.param("[::ffff:192.0.2.1]/a", "host", id="IPv6 with dots"),
        pytest.param("[1:2:3]/a", "host", id="no IPv6"),
        pytest.param("[:::]:5000/a", "host", id="only colons"),
        pytest.param("2001:db8::1/a", "host", id="IPv6 without brackets"),
    ],
)
def test_the_rest_is_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(InvalidReference) as refusal:
        parse_reference(text)

    assert advice in str(refusal.value)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://user:hunter2@ghcr.io/a/b", id="in a URL"),
        pytest.param("user:hunter2@ghcr.io/a/b", id="before a host"),
    ],
)
def test_a_typed_password_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidReference) as refusal:
        parse_reference(text)

    assert "hunter2" not in str(refusal.value)


def test_another_tag_replaces_tag_and_digest() -> None:
    pinned = parse_reference(f"ghcr.io/a/b@{SHA256}")

    assert pinned.with_tag("v2") == parse_reference("ghcr.io/a/b:v2")


def test_another_tag_must_be_a_tag() -> None:
    with pytest.raises(InvalidReference, match="not a tag"):
        parse_reference("node").with_tag("a/b")


def test_references_sort_with_and_without_tags() -> None:
    texts = [f"node@{SHA256}", "node:22", "ghcr.io/a/b:1", "a/b:2"]

    ordered = sorted(parse_reference(text) for text in texts)

    assert [reference.familiar for reference in ordered] == [
        "a/b:2",
        f"node@{SHA256}",
        "node:22",
        "ghcr.io/a/b:1",
    ]
    assert ordered[0] <= ordered[0]


def test_equal_references_are_one_key() -> None:
    assert len({parse_reference("node"), parse_reference("docker.io/library/node:latest")}) == 1


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param("library/node", True, id="path"),
        pytest.param("a" * 255, True, id="longest"),
        pytest.param("a" * 256, False, id="too long"),
        pytest.param("../v2", False, id="climbing"),
        pytest.param("a?b", False, id="query"),
        pytest.param("node\n", False, id="newline"),
    ],
)
def test_only_paths_are_repositories(text: str, is_one: bool) -> None:
    assert is_repository(text) is is_one


@given(st.text())
def test_the_parser_is_total(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidReference:
        return

    assert parse_reference(str(reference)) == reference


@given(st.text(st.sampled_from("aB0.-_:/@[]%x \nhttps"), max_size=40))
def test_what_is_accepted_is_safe_in_a_url(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidReference:
        return

    assert is_repository(reference.repository)
    assert reference.tag is not None
    assert is_tag(reference.tag)
    assert not set(reference.registry) & set("/@%? \n")


words = st.from_regex(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+){0,2}", fullmatch=True)
paths = st.lists(words, min_size=1, max_size=4).map("/".join).filter(lambda path: len(path) < 200)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
hosts = st.builds(
    lambda parts, port: ".".join(parts) + port,
    st.lists(labels, min_size=2, max_size=4),
    st.sampled_from(["", ":1", ":5000", ":65535"]),
)
tags = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=128).filter(
    lambda tag: tag[0] not in ".-"
)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)


@given(hosts, paths, tags, digests, st.booleans())
def test_full_and_familiar_forms_parse_to_the_same_reference(
    host: str, path: str, tag: str, digest: str, on_the_hub: bool
) -> None:
    registry = "docker.io" if on_the_hub else host
    reference = parse_reference(f"{registry}/{path}:{tag}")
    pinned = parse_reference(f"{reference}@{digest}")

    assert parse_reference(str(reference)) == reference
    assert parse_reference(reference.familiar) == reference
    assert parse_reference(pinned.familiar) == pinned
    assert pinned == Reference(reference.registry, reference.repository, None, digest)
    assert pinned.digest is not None
    assert is_digest(pinned.digest)
