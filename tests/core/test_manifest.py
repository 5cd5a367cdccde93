import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import MalformedManifest, ManifestError, UnsupportedManifest
from bot.core.manifest import (
    ACCEPTED_MEDIA_TYPES,
    MAX_CONFIG_BYTES,
    MAX_ENTRIES,
    MAX_MANIFEST_BYTES,
    Descriptor,
    ImageConfig,
    Index,
    Manifest,
    decode_config,
    decode_manifest,
)
from bot.core.platform import Platform

OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST = ACCEPTED_MEDIA_TYPES
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
ARM64 = {"os": "linux", "architecture": "arm64", "variant": "v8"}
ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


def entry(**changes: Any) -> dict[str, Any]:
    plain = {"mediaType": OCI_MANIFEST, "digest": DIGEST, "size": 1022, "platform": ARM64}
    return {key: value for key, value in (plain | changes).items() if value is not ...}


def index(*entries: Any, **changes: Any) -> bytes:
    plain = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}
    return encoded(plain, changes)


def manifest(**changes: Any) -> bytes:
    config = {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 7}
    plain = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []}
    return encoded(plain, changes)


def encoded(plain: dict[str, Any], changes: dict[str, Any]) -> bytes:
    members = {key: value for key, value in (plain | changes).items() if value is not ...}
    return json.dumps(members).encode()


def listed(*entries: Any) -> tuple[Descriptor, ...]:
    decoded = decode_manifest(index(*entries), OCI_INDEX)
    assert isinstance(decoded, Index)
    return decoded.descriptors


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST], ids=["OCI", "Docker"])
def test_an_index_lists_its_images_in_order(media_type: str) -> None:
    body = index(
        entry(digest=OTHER, platform={"os": "linux", "architecture": "arm", "variant": "v7"}),
        entry(mediaType=DOCKER_MANIFEST),
        mediaType=media_type,
    )

    decoded = decode_manifest(body, media_type)

    assert decoded == Index(
        (
            Descriptor(OTHER, 1022, OCI_MANIFEST, Platform("linux", "arm", "v7")),
            Descriptor(DIGEST, 1022, DOCKER_MANIFEST, Platform("linux", "arm64")),
        )
    )


@pytest.mark.parametrize(
    ("media_type", "config_type"),
    [
        pytest.param(OCI_MANIFEST, OCI_CONFIG, id="OCI"),
        pytest.param(DOCKER_MANIFEST, DOCKER_CONFIG, id="Docker"),
    ],
)
def test_a_manifest_points_to_its_configuration(media_type: str, config_type: str) -> None:
    body = manifest(
        mediaType=media_type,
        config={"mediaType": config_type, "digest": DIGEST, "size": 7},
        annotations={
            "org.opencontainers.image.created": "2026-04-15T20:01:12Z",
            "org.opencontainers.image.revision": "c68e0848",
        },
    )

    assert decode_manifest(body, media_type) == Manifest(
        Descriptor(DIGEST, 7, config_type),
        created=datetime(2026, 4, 15, 20, 1, 12, tzinfo=UTC),
        revision="c68e0848",
    )


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param(OCI_INDEX, id="the same"),
        pytest.param(f"{OCI_INDEX.upper()} ; charset=utf-8", id="with parameters"),
        pytest.param("application/json", id="JSON"),
        pytest.param("text/plain; charset=utf-8", id="text"),
        pytest.param("application/octet-stream", id="bytes"),
    ],
)
@pytest.mark.parametrize("field", [OCI_INDEX, ...], ids=["with field", "without field"])
def test_a_useless_or_equal_content_type_leaves_it_to_the_body(
    content_type: str | None, field: Any
) -> None:
    decoded = decode_manifest(index(entry(), mediaType=field), content_type)

    assert isinstance(decoded, Index)
    assert len(decoded.descriptors) == 1


@pytest.mark.parametrize(
    "manifests", [pytest.param([], id="empty list"), pytest.param(None, id="null")]
)
def test_an_index_may_be_empty(manifests: Any) -> None:
    assert decode_manifest(index(manifests=manifests), OCI_INDEX) == Index(())


@pytest.mark.parametrize(
    "skipped",
    [
        pytest.param(entry(annotations=ATTESTATION), id="attestation with a platform"),
        pytest.param(
            entry(annotations=ATTESTATION, platform={"os": "unknown", "architecture": "unknown"}),
            id="attestation",
        ),
        pytest.param(entry(platform={"os": "unknown", "architecture": "arm64"}), id="unknown os"),
        pytest.param(entry(platform={"os": "linux", "architecture": "Unknown"}), id="unknown arch"),
        pytest.param(entry(platform={}), id="no architecture"),
        pytest.param(entry(platform={"os": "linux", "architecture": "arm/v7"}), id="slash"),
        pytest.param(
            entry(platform={"os": "linux", "architecture": "a\0"}), id="control character"
        ),
        pytest.param(entry(platform={"os": "\ud800", "architecture": "arm"}), id="lone surrogate"),
        pytest.param(entry(platform={"os": "linux", "architecture": "x" * 65}), id="endless word"),
        pytest.param(entry(mediaType="application/vnd.example+json"), id="unknown media type"),
        pytest.param(
            entry(mediaType="application/vnd.example", digest="blake3:x"), id="unknown altogether"
        ),
        pytest.param(entry(artifactType="application/spdx+json"), id="artifact"),
        pytest.param(entry(artifactType={"a": 1}), id="odd artifact"),
    ],
)
def test_what_can_be_pulled_for_no_platform_is_skipped(skipped: dict[str, Any]) -> None:
    descriptors = listed(skipped, entry(digest=OTHER))

    assert [descriptor.digest for descriptor in descriptors] == [OTHER]


@pytest.mark.parametrize("platform", [..., None], ids=["missing", "null"])
def test_an_entry_without_platform_is_kept(platform: Any) -> None:
    (descriptor,) = listed(entry(platform=platform))

    assert descriptor.platform is None
    assert not descriptor.is_index


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST], ids=["OCI", "Docker"])
def test_a_nested_index_is_kept(media_type: str) -> None:
    (descriptor,) = listed(entry(mediaType=media_type, platform=...))

    assert descriptor.is_index


def test_an_image_may_repeat_the_type_of_its_configuration() -> None:
    assert len(listed(entry(artifactType=OCI_CONFIG))) == 1
    assert isinstance(decode_manifest(manifest(artifactType=OCI_CONFIG), None), Manifest)


def test_the_same_platform_may_come_twice_and_the_order_is_kept() -> None:
    assert [found.digest for found in listed(entry(), entry(digest=OTHER))] == [DIGEST, OTHER]


@pytest.mark.parametrize(
    ("platform", "meant"),
    [
        pytest.param({"architecture": "amd64"}, Platform("linux", "amd64"), id="no os"),
        pytest.param(
            {"os": "linux", "architecture": "arm64", "variant": None},
            Platform("linux", "arm64"),
            id="null variant",
        ),
        pytest.param(
            {"os": "linux", "architecture": "arm64", "variant": "armv8"},
            Platform("linux", "arm64", "armv8"),
            id="odd variant",
        ),
        pytest.param(
            {
                "os": "windows",
                "architecture": "amd64",
                "os.version": "10.0.20348.1",
                "features": [],
            },
            Platform("windows", "amd64"),
            id="version of Windows",
        ),
    ],
)
def test_platforms_are_normalised(platform: dict[str, Any], meant: Platform) -> None:
    (descriptor,) = listed(entry(platform=platform))

    assert descriptor.platform == meant


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param(
            "2026-04-15T20:01:12Z", datetime(2026, 4, 15, 20, 1, 12, tzinfo=UTC), id="UTC"
        ),
        pytest.param(
            "2026-04-15T20:01:12.123456789+02:00",
            datetime(2026, 4, 15, 18, 1, 12, 123456, tzinfo=UTC),
            id="nanoseconds and an offset",
        ),
        pytest.param("0001-01-01T00:00:00Z", None, id="Go's zero time"),
        pytest.param("2026-04-15T20:01:12", None, id="no offset"),
        pytest.param("2026-04-15", None, id="a date"),
        pytest.param("9999-12-31T23:59:59-23:00", None, id="beyond time"),
        pytest.param("yesterday", None, id="words"),
        pytest.param("", None, id="empty"),
        pytest.param(5, None, id="a number"),
    ],
)
def test_a_creation_time_is_read_or_none(text: Any, moment: datetime | None) -> None:
    annotations = {"org.opencontainers.image.created": text}
    config = {"os": "linux", "architecture": "arm64", "created": text}

    (descriptor,) = listed(entry(annotations=annotations))

    assert descriptor.created == moment
    assert decode_config(json.dumps(config).encode()).created == moment


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        pytest.param("c68e0848", "c68e0848", id="hash"),
        pytest.param("", None, id="empty"),
        pytest.param("x" * 257, None, id="endless"),
        pytest.param("a\0b", None, id="control character"),
        pytest.param(["x"], None, id="a list"),
    ],
)
def test_a_revision_is_plain_text_or_none(text: Any, revision: str | None) -> None:
    (descriptor,) = listed(entry(annotations={"org.opencontainers.image.revision": text}))

    assert descriptor.revision == revision


MALFORMED = [
    pytest.param(b"<html></html>", "text/html", id="a page"),
    pytest.param(b"{}", None, id="empty object"),
    pytest.param(b'{"errors":[]}', OCI_INDEX, id="an error"),
    pytest.param(manifest(config=...), OCI_MANIFEST, id="no configuration"),
    pytest.param(index(entry(), config={}), None, id="manifests and config"),
    pytest.param(index(entry(), layers=[]), None, id="manifests and layers"),
    pytest.param(index(fsLayers=[]), None, id="manifests and fsLayers"),
    pytest.param(manifest(fsLayers=[]), None, id="config and fsLayers"),
    pytest.param(index(entry()), DOCKER_LIST, id="field and header differ"),
    pytest.param(index(entry()), "application/vnd.other", id="header of something else"),
    pytest.param(index(entry(), mediaType=OCI_MANIFEST), None, id="an index called manifest"),
    pytest.param(index(entry(), mediaType=...), OCI_MANIFEST, id="an index served as manifest"),
    pytest.param(manifest(mediaType=OCI_INDEX), None, id="a manifest called index"),
    pytest.param(index(entry(), mediaType=5), None, id="media type is a number"),
    pytest.param(index(entry(), schemaVersion=3), None, id="schema version"),
    pytest.param(index(manifests={}), None, id="manifests is an object"),
    pytest.param(index("x"), None, id="entry is a string"),
    pytest.param(index(entry(digest=...)), None, id="no digest"),
    pytest.param(index(entry(digest="sha256:../../v2/_catalog")), None, id="digest is a path"),
    pytest.param(index(entry(digest=DIGEST + "\n")), None, id="digest and newline"),
    pytest.param(index(entry(digest=["x"])), None, id="digest is a list"),
    pytest.param(index(entry(size=-1)), None, id="negative size"),
    pytest.param(index(entry(size=1.5)), None, id="broken size"),
    pytest.param(index(entry(size=True)), None, id="size is a truth"),
    pytest.param(index(entry(mediaType=...)), None, id="entry without media type"),
    pytest.param(index(entry(platform="linux/arm64")), None, id="platform is a string"),
    pytest.param(index(entry(platform={"os": 1})), None, id="os is a number"),
    pytest.param(index(entry(annotations=[])), None, id="annotations is a list"),
    pytest.param(index(*[entry()] * (MAX_ENTRIES + 1)), None, id="too many entries"),
    pytest.param(index(x="x" * MAX_MANIFEST_BYTES), None, id="too large"),
    pytest.param(manifest(config=[]), None, id="config is a list"),
    pytest.param(manifest(layers={}), None, id="layers is an object"),
    pytest.param(
        manifest(config={"mediaType": OCI_CONFIG, "digest": "x"}), None, id="config's digest"
    ),
]


@pytest.mark.parametrize(("body", "content_type"), MALFORMED)
def test_what_cannot_be_trusted_is_malformed(body: bytes, content_type: str | None) -> None:
    with pytest.raises(MalformedManifest):
        decode_manifest(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b'{"schemaVersion":1,"architecture":"amd64"}', None, id="schema 1 by version"),
        pytest.param(b'{"fsLayers":[{}]}', None, id="schema 1 by its layers"),
        pytest.param(b'{"name":"x"}', SCHEMA_1, id="schema 1 by the header"),
        pytest.param(b'{"blobs":[]}', ARTIFACT, id="artifact manifest"),
        pytest.param(
            index(entry(), mediaType="application/x-other"), None, id="unknown media type"
        ),
        pytest.param(manifest(artifactType="application/vnd.example"), None, id="artifact"),
        pytest.param(
            manifest(config={"mediaType": "application/vnd.cncf.helm.config.v1+json"}),
            None,
            id="a chart",
        ),
        pytest.param(
            manifest(config={"mediaType": "application/vnd.oci.empty.v1+json", "digest": DIGEST}),
            None,
            id="empty configuration",
        ),
    ],
)
def test_what_is_no_image_is_unsupported(body: bytes, content_type: str | None) -> None:
    with pytest.raises(UnsupportedManifest):
        decode_manifest(body, content_type)


def test_as_many_entries_as_allowed_are_read() -> None:
    assert len(listed(*[entry()] * MAX_ENTRIES)) == MAX_ENTRIES


def test_a_missing_size_is_zero() -> None:
    (descriptor,) = listed(entry(size=...))

    assert descriptor.size_bytes == 0


def test_a_configuration_names_the_platform() -> None:
    body = b'{"os":"linux","architecture":"arm","created":"2026-01-02T03:04:05Z","rootfs":{}}'

    assert decode_config(body) == ImageConfig(
        Platform("linux", "arm", "v7"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="no architecture"),
        pytest.param(b'{"os":"linux","architecture":7}', id="number"),
        pytest.param(b'{"os":"linux","architecture":"a\\u0000"}', id="control character"),
        pytest.param(b'{"architecture":"' + b"a" * MAX_CONFIG_BYTES + b'"}', id="too large"),
    ],
)
def test_an_unusable_configuration_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedManifest):
        decode_config(body)


@given(st.binary(), st.none() | st.text())
def test_any_bytes_give_a_value_or_a_manifest_error(body: bytes, content_type: str | None) -> None:
    decode_or_refuse(body, content_type)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)
types = st.sampled_from([*ACCEPTED_MEDIA_TYPES, OCI_CONFIG, DOCKER_CONFIG, SCHEMA_1, ARTIFACT, ""])
pointers = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": types | anything,
        "digest": st.just(DIGEST) | anything,
        "size": st.integers() | anything,
        "platform": st.fixed_dictionaries(
            {},
            optional={
                "os": st.just("linux") | anything,
                "architecture": st.just("arm") | anything,
                "variant": anything,
            },
        )
        | anything,
        "annotations": st.dictionaries(
            st.sampled_from([*ATTESTATION, "org.opencontainers.image.created"]), anything
        )
        | anything,
        "artifactType": anything,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.just(2) | anything,
        "mediaType": types | anything,
        "manifests": st.lists(pointers, max_size=3) | anything,
        "config": pointers | anything,
        "layers": anything,
        "fsLayers": anything,
        "artifactType": anything,
        "annotations": anything,
        "architecture": st.just("arm64") | anything,
        "os": anything,
    },
)


@given(documents, st.none() | types)
def test_any_document_gives_a_value_or_a_manifest_error(
    document: dict[str, Any], content_type: str | None
) -> None:
    decode_or_refuse(json.dumps(document).encode(), content_type)


def decode_or_refuse(body: bytes, content_type: str | None) -> None:
    try:
        decoded = decode_manifest(body, content_type)
    except ManifestError:
        decoded = Index(())
    with suppress(MalformedManifest):
        decode_config(body)

    descriptors = decoded.descriptors if isinstance(decoded, Index) else (decoded.config,)
    assert all(len(descriptor.digest) == len(DIGEST) for descriptor in descriptors)
    assert all(
        descriptor.created is None or descriptor.created.tzinfo is UTC for descriptor in descriptors
    )
