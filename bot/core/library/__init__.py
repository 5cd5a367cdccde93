"""What docker-library publishes about the official images, understood: one file for each image."""

from bot.core.library.architectures import (
    NAMESPACES,
    PLATFORMS,
    OfficialImage,
    architecture_tag,
    official_image,
)
from bot.core.library.parsing import MAX_LIBRARY_BYTES, parse_library
from bot.core.library.values import Build, Library, LibraryEntry, LibraryFault, MalformedLibrary

__all__ = [
    "MAX_LIBRARY_BYTES",
    "NAMESPACES",
    "PLATFORMS",
    "Build",
    "Library",
    "LibraryEntry",
    "LibraryFault",
    "MalformedLibrary",
    "OfficialImage",
    "architecture_tag",
    "official_image",
    "parse_library",
]
