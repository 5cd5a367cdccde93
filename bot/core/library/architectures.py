"""docker-library's architectures: their platforms, and their namespaces on Docker Hub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.platform import Platform, parse_platform
from bot.core.reference import DOCKER_HUB, Reference

# Source: docker-library/bashbrew, architecture/oci-platform.go, SupportedArches.
_ARCHITECTURES = (
    "amd64 arm32v5 arm32v6 arm32v7 arm64v8 i386 mips64le ppc64le riscv64 s390x windows-amd64"
)
PLATFORMS: Mapping[str, Platform] = {
    architecture: parse_platform(architecture) for architecture in _ARCHITECTURES.split()
}
"""The platform of each architecture that a library file may name."""

NAMESPACES: Mapping[Platform, str] = {
    platform: architecture.replace("windows-", "win")
    for architecture, platform in PLATFORMS.items()
}
"""Where on Docker Hub the images of one platform are pushed before they join the shared index."""

_PLATFORMS_OF_NAMESPACES = {namespace: platform for platform, namespace in NAMESPACES.items()}
_SHARED = "library"
# Narrower than a repository's grammar: it becomes a part of an address.
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class OfficialImage:
    """The image that a library file of this name describes.

    platform: the only one that its repository is for; None for the shared repository.
    """

    name: str
    platform: Platform | None = None


def official_image(reference: Reference) -> OfficialImage | None:
    """The official image that a reference means by its name; None if it can be none.

    Only the library file's existence proves that it is one.
    """
    namespace, _, name = reference.repository.partition("/")
    if reference.registry != DOCKER_HUB or _NAME.fullmatch(name) is None:
        return None
    if namespace == _SHARED:
        return OfficialImage(name)
    platform = _PLATFORMS_OF_NAMESPACES.get(namespace)
    return None if platform is None else OfficialImage(name, platform)


def architecture_tag(reference: Reference, platform: Platform) -> Reference | None:
    """Where the platform of an official tag is pushed first: arm64v8/node:22 for node:22.

    None for what is no tag of an official image's shared repository, and for a platform that
    docker-library does not build.
    """
    image, namespace = official_image(reference), NAMESPACES.get(platform)
    if image is None or image.platform is not None or namespace is None or reference.tag is None:
        return None
    return Reference(DOCKER_HUB, f"{namespace}/{image.name}", reference.tag)
