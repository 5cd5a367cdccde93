"""The tags of the bench's registry: every name has an index, which follows from the name alone."""

import hashlib
import json
from functools import cache

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
PLATFORMS = ("amd64", "386", "arm/v7", "ppc64le", "s390x", "riscv64")
"""What every tag has: arm64 is what everybody waits for."""
MISSING = "missing-"
"""Tags that begin so do not exist."""


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def child_digest(repository: str, tag: str, platform: str) -> str:
    """The digest of a platform's own manifest, which nobody ever fetches."""
    return digest_of(f"{repository}:{tag} {platform}".encode())


@cache
def index_digest(repository: str, tag: str) -> str:
    return digest_of(index_of(repository, tag))


def index_of(repository: str, tag: str) -> bytes:
    """The bytes of a tag's index."""
    entries = [
        {
            "mediaType": MANIFEST_TYPE,
            "digest": child_digest(repository, tag, platform),
            "size": 1000,
            "platform": _platform(platform),
        }
        for platform in PLATFORMS
    ]
    content = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
    return json.dumps(content).encode()


def _platform(text: str) -> dict[str, str]:
    architecture, _, variant = text.partition("/")
    platform = {"os": "linux", "architecture": architecture}
    return {**platform, "variant": variant} if variant else platform
