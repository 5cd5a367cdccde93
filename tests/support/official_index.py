"""Indexes as docker-library writes them: each image annotated, and with its attestation.

push_official(registry, "library/node", "22", {"linux/arm64/v8": library}, created_at=NOW)

Source: docker-library/meta-scripts, meta.jq build_annotations.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core.library import Library, parse_library
from bot.core.platform import parse_platform
from tests.support.images import MediaTypes
from tests.support.scripted_registry import ScriptedRegistry

_OCI = "org.opencontainers.image"
_ATTESTED = "vnd.docker.reference"
_ARCHITECTURE = "com.docker.official-images.bashbrew.arch"


def read_library(text: str) -> Library:
    """A library file that is well made."""
    library = parse_library(text)
    assert isinstance(library, Library), library
    return library


def push_official(
    registry: ScriptedRegistry,
    repository: str,
    tag: str,
    built_by: Mapping[str, Library],
    *,
    created_at: datetime,
) -> None:
    """Store a tag; built_by: for each platform the library file that its image was built by.

    The same build has the same digest under every tag and in every namespace.
    """
    manifests: list[dict[str, Any]] = []
    for platform, library in built_by.items():
        annotations = _annotations(repository, tag, platform, library, created_at)
        build = annotations[f"{_OCI}.source"]
        digest = registry.push_image(repository, None, platform, build=build)
        attestation = registry.push_image(repository, None, "unknown/unknown", build=digest)
        about = {
            _ARCHITECTURE: annotations[_ARCHITECTURE],
            f"{_ATTESTED}.digest": digest,
            f"{_ATTESTED}.type": "attestation-manifest",
        }
        manifests += [
            _entry(digest, platform, annotations),
            _entry(attestation, "unknown/unknown", about),
        ]
    content = {"schemaVersion": 2, "mediaType": MediaTypes.OCI.index, "manifests": manifests}
    registry.push_manifest(repository, tag, content, MediaTypes.OCI.index)


def _annotations(
    repository: str, tag: str, platform: str, library: Library, created_at: datetime
) -> dict[str, str]:
    [entry] = library.entries_of(tag)
    [build] = library.builds_of(tag, parse_platform(platform))
    return {
        _ARCHITECTURE: build.architecture,
        f"{_OCI}.created": created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{_OCI}.revision": build.git_commit,
        f"{_OCI}.source": f"{build.git_repo}#{build.git_commit}:{build.directory}",
        f"{_OCI}.url": f"https://hub.docker.com/_/{repository.partition('/')[2]}",
        f"{_OCI}.version": entry.tags[0],
    }


def _entry(digest: str, platform: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    names = ("os", "architecture", "variant")
    return {
        "annotations": dict(annotations),
        "digest": digest,
        "mediaType": MediaTypes.OCI.manifest,
        "platform": dict(zip(names, platform.split("/"), strict=False)),
        "size": 1022,
    }
