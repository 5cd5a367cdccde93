"""Platforms: operating system, architecture, variant.

Normalisation and matching are those of github.com/containerd/platforms; beside its names, those of
docker-library (arm32v7), of uname (armv7l) and of Debian (ppc64el) are understood. Nothing is ever
filled in from the machine this runs on.
"""

import difflib
import re
from dataclasses import dataclass

from bot.core.errors import InvalidPlatform

# Source: containerd/platforms, isKnownOS and isKnownArch.
_OPERATING_SYSTEMS = (
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 "
    "solaris windows zos"
)
_ARCHITECTURES = (
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le "
    "mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm"
)
OPERATING_SYSTEMS = frozenset(_OPERATING_SYSTEMS.split())
ARCHITECTURES = frozenset(_ARCHITECTURES.split())

_OS_ALIASES = {"": "linux", "macos": "darwin"}

_ALIASES: dict[str, tuple[str, str]] = {
    **{name: (name, "") for name in ARCHITECTURES},
    **{f"arm32v{n}": ("arm", f"v{n}") for n in (5, 6, 7)},
    **{f"armv{n}{suffix}": ("arm", f"v{n}") for n in (5, 6, 7) for suffix in ("", "l", "hf")},
    **dict.fromkeys(("armv5tel", "armv5tejl"), ("arm", "v5")),
    **dict.fromkeys(("armv7a", "armv7-a", "armhf"), ("arm", "v7")),
    **dict.fromkeys(("arm64v8", "armv8", "armv8-a", "aarch64"), ("arm64", "")),
    **dict.fromkeys(("x64", "x86_64", "x86-64"), ("amd64", "")),
    **dict.fromkeys(("x86", "i386", "i486", "i586", "i686", "ia32"), ("386", "")),
    **dict.fromkeys(("ppc64el", "powerpc64le"), ("ppc64le", "")),
    "armel": ("arm", "v6"),
    "loongarch64": ("loong64", ""),
    "mipsel": ("mipsle", ""),
    "mips64el": ("mips64le", ""),
    "powerpc64": ("ppc64", ""),
}

# Source: containerd/platforms, normalizeArch: names that say the variant too, other names of an
# architecture, other names of a variant.
_WHOLE_NAMES = {"i386": ("386", ""), "armhf": ("arm", "v7"), "armel": ("arm", "v6")}
_SAME_ARCHITECTURE = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_SAME_VARIANT = {
    ("amd64", "v1"): "",
    **{("arm64", variant): "" for variant in ("8", "v8", "v8.0")},
    **{("arm64", variant): "v9" for variant in ("9", "9.0", "v9.0")},
    **{("arm", variant): f"v{variant}" for variant in ("5", "6", "7", "8")},
    ("arm", ""): "v7",
}

_USUAL = (
    "amd64, arm64, arm/v7, arm/v6, arm/v5, 386, ppc64le, s390x, riscv64, loong64, mips64le, "
    "windows/amd64"
)

_OS_FIRST = re.compile(r"([a-z0-9]+)[/_-](.+)")
_VARIANT_LAST = re.compile(r"(.+)[/_-]([^/_-]*)")
_VARIANTS = {
    "amd64": re.compile(r"v?[1-4]"),
    "arm": re.compile(r"v?[5-8]"),
    "arm64": re.compile(r"v?[89](?:\.[0-9])?"),
}
# Other architectures' variants have no settled names; they are taken only after an operating
# system, because s390x/node and riscv64/alpine are images.
_OTHER_VARIANT = re.compile(r"[a-z0-9][a-z0-9.]{0,31}")
_SHOWN_LENGTH = 64


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """A platform; always normalised, however it is made, so that equal platforms are equal values.

    variant is "" for arm64/v8 and amd64/v1, and never "" for arm, where v7 is meant.
    """

    os: str
    architecture: str
    variant: str = ""

    def __post_init__(self) -> None:
        os = self.os.lower()
        architecture, variant = _normalise(self.architecture.lower(), self.variant.lower())
        object.__setattr__(self, "os", _OS_ALIASES.get(os, os))
        object.__setattr__(self, "architecture", architecture)
        object.__setattr__(self, "variant", variant)

    def __str__(self) -> str:
        """The usual form: linux/arm64, linux/arm/v7, windows/amd64."""
        return f"{self.os}/{self._machine}"

    @property
    def short(self) -> str:
        """What people say: arm64, arm/v7; with the operating system where it cannot be left out."""
        plain = not self.variant or self.architecture in _VARIANTS
        return self._machine if self.os == "linux" and plain else str(self)

    @property
    def _machine(self) -> str:
        return f"{self.architecture}/{self.variant}" if self.variant else self.architecture

    def satisfied_by(self, other: "Platform") -> bool:
        """Whether an image for the other platform is one for exactly this platform.

        Source: containerd/platforms, OnlyStrict (versions of Windows are not looked at).
        """
        return self == other

    def compatible_with(self, other: "Platform") -> bool:
        """Whether docker pull for this platform would accept an image for the other one.

        Source: containerd/platforms, Only: older variants, and 32-bit ones on 64-bit machines.
        """
        return other.os == self.os and (
            other == self or (other.architecture, other.variant) in _older(self)
        )


def parse_platform(text: str) -> Platform:
    """The platform that a person means: arm64, linux/arm/v7, aarch64, armv7l, windows-amd64.

    Raises InvalidPlatform; a missing architecture is never guessed.
    """
    words = text.strip().lower()
    if words == "winamd64":
        return Platform("windows", "amd64")
    if _os_of(words) is not None:
        raise InvalidPlatform(
            f"{words!r} names no architecture: type {words}/amd64 or {words}/arm64."
        )
    os, machine = _split_os(words)
    architecture, variant = _parse_machine(machine, has_os=os is not None)
    return Platform(os or "linux", architecture, variant)


def normalise_platform(os: str, architecture: str, variant: str = "") -> Platform:
    """The platform that a registry means; total: what nobody knows is kept, in lower case."""
    return Platform(os, architecture, variant)


def is_platform_word(text: str) -> bool:
    """Whether a word of a command is surely a platform and no image."""
    try:
        parse_platform(text)
    except InvalidPlatform:
        return False
    return True


def _normalise(architecture: str, variant: str) -> tuple[str, str]:
    if architecture in _WHOLE_NAMES:
        return _WHOLE_NAMES[architecture]
    architecture = _SAME_ARCHITECTURE.get(architecture, architecture)
    return architecture, _SAME_VARIANT.get((architecture, variant), variant)


def _older(platform: Platform) -> frozenset[tuple[str, str]]:
    """What a machine of this platform runs beside its own: normalised (architecture, variant)s."""
    match platform.architecture:
        case "amd64":
            newest = _number(platform.variant) or 1
            variants = ("" if n == 1 else f"v{n}" for n in range(1, newest))
            return frozenset({("386", "")} | {("amd64", variant) for variant in variants})
        case "arm":
            newest = _number(platform.variant) or 0
            return frozenset(("arm", f"v{n}") for n in range(5, newest))
        case "arm64":
            return _older_than_arm64(platform.variant)
        case _:
            return frozenset()


def _older_than_arm64(variant: str) -> frozenset[tuple[str, str]]:
    match = re.fullmatch(r"v?([89])(?:\.([0-9]))?", variant or "v8")
    if match is None:
        return frozenset()
    minor = int(match[2] or 0)
    older = {("arm", f"v{n}") for n in range(5, 9)}
    if match[1] == "9":
        older |= {("arm64", _minor_variant(9, n)) for n in range(minor)}
        # v9.0 grew out of v8.5, so v9.n runs what v8.(n+5) runs; there is no v8.10.
        minor = min(minor + 5, 9) + 1
    return frozenset(older | {("arm64", _minor_variant(8, n)) for n in range(minor)})


def _minor_variant(major: int, minor: int) -> str:
    written = f"v{major}.{minor}" if minor else f"v{major}"
    return _SAME_VARIANT.get(("arm64", written), written)


def _number(variant: str) -> int | None:
    match = re.fullmatch(r"v?([0-9])", variant)
    return int(match[1]) if match else None


def _os_of(word: str) -> str | None:
    os = _OS_ALIASES.get(word, word)
    return os if os in OPERATING_SYSTEMS and word else None


def _split_os(words: str) -> tuple[str | None, str]:
    match = _OS_FIRST.fullmatch(words)
    os = _os_of(match[1]) if match else None
    return (os, match[2]) if match and os else (None, words)


def _parse_machine(machine: str, *, has_os: bool) -> tuple[str, str]:
    """An architecture with or without a variant, as (architecture, variant)."""
    if machine in _ALIASES:
        return _ALIASES[machine]
    match = _VARIANT_LAST.fullmatch(machine)
    if match is None or match[1] not in _ALIASES:
        raise _unknown(machine)
    architecture, implied = _ALIASES[match[1]]
    variant = match[2]
    grammar = _VARIANTS.get(architecture, _OTHER_VARIANT if has_os else None)
    if grammar is None or not grammar.fullmatch(variant):
        raise InvalidPlatform(
            f"{variant[:_SHOWN_LENGTH]!r} is no variant of {architecture}: "
            f"type {Platform('linux', architecture, implied).short}."
        )
    written = variant if variant.startswith("v") or grammar is _OTHER_VARIANT else f"v{variant}"
    if implied and implied != written:
        raise InvalidPlatform(
            f"{match[1]} is {architecture}/{implied}, not {written}: type {architecture}/{written}."
        )
    return architecture, written


def _unknown(machine: str) -> InvalidPlatform:
    shown = machine[:_SHOWN_LENGTH]
    close = difflib.get_close_matches(shown, sorted(_ALIASES), n=1, cutoff=0.75)
    meant = f"did you mean {close[0]}? Known" if close else "known"
    return InvalidPlatform(f"{shown!r} is not a platform: {meant} are {_USUAL}.")
