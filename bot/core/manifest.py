"""What the bytes of a manifest say.

Source: OCI image-spec, "Image Index", "Image Manifest" and "Image Configuration"; Docker's "Image
Manifest Version 2, Schema 2".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.document import as_object, decode_document, list_member, object_member
from bot.core.errors import MalformedManifest, UnsupportedManifest
from bot.core.platform import Platform, normalise_platform
from bot.core.reference import is_digest

# distribution stores no larger manifest, and no honest image needs as many entries or a larger
# configuration.
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_CONFIG_BYTES = 1024 * 1024
MAX_ENTRIES = 1000

_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

ACCEPTED_MEDIA_TYPES = (_OCI_INDEX, _DOCKER_LIST, _OCI_MANIFEST, _DOCKER_MANIFEST)
"""What to ask a registry for, in this order and all at once."""

_INDEXES = frozenset({_OCI_INDEX, _DOCKER_LIST})
_MANIFESTS = frozenset({_OCI_MANIFEST, _DOCKER_MANIFEST})
_SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
    }
)
_IMAGE_CONFIGS = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)

# BuildKit marks with it what describes another entry: provenance and SBOMs.
_ATTESTATION = "vnd.docker.reference.type"
_CREATED = "org.opencontainers.image.created"
_REVISION = "org.opencontainers.image.revision"

_MAX_WORD_LENGTH = 64
_MAX_REVISION_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to another document of the same repository.

    platform is None where the publisher names none: then only the image's configuration knows.
    is_index: it points to another index. created, revision: None where not given or unreadable.
    """

    digest: str
    size_bytes: int
    media_type: str
    platform: Platform | None = None
    is_index: bool = False
    created: datetime | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """The images and nested indexes that an index lists, in its order; may be empty.

    Attestations, artifacts and whatever can be pulled for no platform are left out. A platform may
    come more than once: the first is the one that is pulled.
    """

    descriptors: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A single image; its platform stands in the configuration that config points to."""

    config: Descriptor
    created: datetime | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image's configuration says about it."""

    platform: Platform
    created: datetime | None = None


def decode_manifest(body: bytes, content_type: str | None) -> Index | Manifest:
    """The index or image manifest in these bytes.

    The body decides; a content type that names a manifest must agree with it. Raises
    MalformedManifest or UnsupportedManifest, and nothing else, for any bytes.
    """
    document = decode_document(body, MAX_MANIFEST_BYTES, "manifest")
    media_type = _claimed_media_type(document, content_type)
    _refuse_ambiguous(document)
    _refuse_unsupported(document, media_type)
    _check_schema_version(document)
    if document.get("manifests") is not None:
        _check_claim(media_type, _INDEXES)
        return _index(document)
    if document.get("config") is not None:
        _check_claim(media_type, _MANIFESTS)
        return _manifest(document)
    if media_type in _INDEXES and "manifests" in document:
        # How some writers put an empty list.
        return Index(())
    raise MalformedManifest("The manifest has neither entries nor a configuration.")


def decode_config(body: bytes) -> ImageConfig:
    """What these bytes of an image's configuration say. Raises MalformedManifest for all others."""
    document = decode_document(body, MAX_CONFIG_BYTES, "image configuration")
    platform = _platform(document)
    if platform is None:
        raise MalformedManifest("The image configuration names no usable platform.")
    return ImageConfig(platform, _moment(document.get("created")))


def _claimed_media_type(document: Mapping[str, Any], content_type: str | None) -> str | None:
    """What the document or, failing that, the header says it is."""
    field = document.get("mediaType")
    if field is not None and not isinstance(field, str):
        raise MalformedManifest("The manifest's mediaType is not a string.")
    header = (content_type or "").partition(";")[0].strip().lower()
    if not header.startswith("application/vnd."):
        # text/plain, application/json and the like come from servers that do not know.
        return field or None
    if field and field.lower() != header:
        raise MalformedManifest("The manifest's mediaType differs from its Content-Type.")
    return header


def _refuse_ambiguous(document: Mapping[str, Any]) -> None:
    """CVE-2021-41190: a document that is one thing to one reader and another to the next."""
    is_index = document.get("manifests") is not None
    is_manifest = document.get("config") is not None or document.get("layers") is not None
    is_schema_1 = document.get("fsLayers") is not None
    if is_index + is_manifest + is_schema_1 > 1:
        raise MalformedManifest("The manifest is ambiguous: it could be read as two kinds.")


def _refuse_unsupported(document: Mapping[str, Any], media_type: str | None) -> None:
    if (
        media_type in _SCHEMA_1
        or document.get("fsLayers") is not None
        or document.get("schemaVersion") == 1
    ):
        raise UnsupportedManifest("The manifest is of the abandoned schema 1.")
    if media_type is not None and media_type not in _INDEXES | _MANIFESTS:
        raise UnsupportedManifest("The tag holds an artifact, not an image.")


def _check_schema_version(document: Mapping[str, Any]) -> None:
    if document.get("schemaVersion", 2) != 2:
        raise MalformedManifest("The manifest's schemaVersion is not 2.")


def _check_claim(media_type: str | None, kind: frozenset[str]) -> None:
    if media_type is not None and media_type not in kind:
        raise MalformedManifest("The manifest is not of the kind that its media type says.")


def _index(document: Mapping[str, Any]) -> Index:
    entries = list_member(document, "manifests", at_most=MAX_ENTRIES)
    found = (_entry(as_object(entry, "an entry")) for entry in entries)
    return Index(tuple(descriptor for descriptor in found if descriptor is not None))


def _entry(entry: Mapping[str, Any]) -> Descriptor | None:
    """An entry of an index, or None if it is for nobody who pulls an image."""
    media_type = _media_type(entry)
    annotations = object_member(entry, "annotations")
    if (
        media_type not in _INDEXES | _MANIFESTS
        or _ATTESTATION in annotations
        or _is_artifact(entry)
    ):
        return None
    platform = None
    if entry.get("platform") is not None:
        platform = _platform(object_member(entry, "platform"))
        if platform is None or "unknown" in (platform.os, platform.architecture):
            return None
    return _descriptor(entry, media_type, platform=platform, annotations=annotations)


def _manifest(document: Mapping[str, Any]) -> Manifest:
    config = object_member(document, "config")
    media_type = _media_type(config)
    if media_type not in _IMAGE_CONFIGS or _is_artifact(document):
        raise UnsupportedManifest("The tag holds an artifact, not an image.")
    list_member(document, "layers", at_most=MAX_ENTRIES)
    annotations = object_member(document, "annotations")
    return Manifest(
        _descriptor(config, media_type, platform=None, annotations={}),
        created=_moment(annotations.get(_CREATED)),
        revision=_revision(annotations),
    )


def _descriptor(
    pointer: Mapping[str, Any],
    media_type: str,
    *,
    platform: Platform | None,
    annotations: Mapping[str, Any],
) -> Descriptor:
    digest, size_bytes = pointer.get("digest"), pointer.get("size", 0)
    if not isinstance(digest, str) or not is_digest(digest):
        # CVE-2024-3727: it will be part of a URL.
        raise MalformedManifest("The manifest has an entry whose digest is none.")
    if not isinstance(size_bytes, int) or isinstance(size_bytes, bool) or size_bytes < 0:
        raise MalformedManifest("The manifest has an entry whose size is none.")
    return Descriptor(
        digest,
        size_bytes,
        media_type,
        platform,
        is_index=media_type in _INDEXES,
        created=_moment(annotations.get(_CREATED)),
        revision=_revision(annotations),
    )


def _platform(named: Mapping[str, Any]) -> Platform | None:
    """The platform in normal form, or None if its words can be no platform's.

    Such words match nothing, and would spoil what stores and shows them.
    """
    os, architecture, variant = (_word(named, key) for key in ("os", "architecture", "variant"))
    if not architecture or not all(_is_platform_part(word) for word in (os, architecture, variant)):
        return None
    return normalise_platform(os, architecture, variant)


def _word(named: Mapping[str, Any], key: str) -> str:
    word = named.get(key)
    if word is not None and not isinstance(word, str):
        raise MalformedManifest(f"The platform's {key} is not a string.")
    return word or ""


def _is_platform_part(text: str) -> bool:
    return len(text) <= _MAX_WORD_LENGTH and text.isprintable() and "/" not in text


def _is_artifact(document: Mapping[str, Any]) -> bool:
    # Of an image it may repeat the configuration's media type.
    return document.get("artifactType") not in (None, "", *_IMAGE_CONFIGS)


def _media_type(pointer: Mapping[str, Any]) -> str:
    media_type = pointer.get("mediaType")
    if not isinstance(media_type, str):
        raise MalformedManifest("The manifest has an entry without a media type.")
    return media_type


def _moment(text: object) -> datetime | None:
    """An RFC 3339 time in UTC; None for all else, also for the zero time that Go writes."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None and moment.year > 1 else None
    except (ValueError, OverflowError):
        return None


def _revision(annotations: Mapping[str, Any]) -> str | None:
    revision = annotations.get(_REVISION)
    if not isinstance(revision, str) or not 0 < len(revision) <= _MAX_REVISION_LENGTH:
        return None
    return revision if revision.isprintable() else None
