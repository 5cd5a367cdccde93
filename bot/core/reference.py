"""Image references: registry, repository, tag, digest.

Grammar and normalisation are those of github.com/distribution/reference, with differences that
spare people a target that can never exist or that exists twice: hosts are lower-cased and must be
possible ones, an upper-case first word without a dot or a port is no host, and the pages of Docker
Hub's site are no images.
"""

import functools
import re
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv6Address

from bot.core.errors import InvalidReference

DOCKER_HUB = "docker.io"
DEFAULT_TAG = "latest"

_DOCKER_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_OFFICIAL = "library/"

# Of distribution/reference: the path counts without the registry.
MAX_REPOSITORY_LENGTH = 255
# Longer than the longest host, repository, tag and digest together.
_MAX_REFERENCE_LENGTH = 1024
# RFC 1035: what no name server can answer for is no host.
_MAX_HOST_LENGTH = 253
_MAX_LABEL_LENGTH = 63
_MAX_PORT = 65535

_WORD = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REPOSITORY = re.compile(rf"{_WORD}(?:/{_WORD})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_REGISTRY = re.compile(
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[(?P<ipv6>[0-9A-Fa-f:]+)\])(?::(?P<port>[0-9]+))?"
)
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")
_HUB_PAGE = re.compile(
    r"hub\.docker\.com/(?:_|r/[a-z0-9_-]+(?=/)|(?:r/)?library)/(?P<name>[a-z0-9._-]+)(?:/.*)?"
)


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class Reference:
    """One tag, or one digest, of one repository of one registry, in normalised form.

    registry: the host as it is written in references, with its port if it has one. Exactly one of
    tag and digest is set in what parse_reference() gives.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None = None

    def __str__(self) -> str:
        """The full form, which parses to an equal reference."""
        return f"{self.registry}/{self.repository}{self._suffix}"

    def __lt__(self, other: "Reference") -> bool:
        return self._order < other._order

    @property
    def name(self) -> str:
        """The short form without tag and digest: node, grafana/grafana, ghcr.io/owner/image."""
        if self.registry != DOCKER_HUB:
            return f"{self.registry}/{self.repository}"
        official = self.repository.removeprefix(_OFFICIAL)
        if official != self.repository and "/" not in official:
            return official
        if _is_host(self.repository.partition("/")[0]):
            return f"{self.registry}/{self.repository}"
        return self.repository

    @property
    def familiar(self) -> str:
        """The short form, which parses to an equal reference: node:22."""
        return f"{self.name}{self._suffix}"

    def with_tag(self, tag: str) -> "Reference":
        """Another tag of the same repository. Raises InvalidReference if it cannot be a tag."""
        if not is_tag(tag):
            raise _bad_tag(tag)
        return replace(self, tag=tag, digest=None)

    @property
    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        return f"{tag}@{self.digest}" if self.digest is not None else tag

    @property
    def _order(self) -> tuple[str, str, str, str]:
        return self.registry, self.repository, self.tag or "", self.digest or ""


def is_tag(text: str) -> bool:
    """Whether a registry can be asked for this as a tag."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether this is a digest of a known algorithm (SHA-2, lower-case hex)."""
    return _DIGEST.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether this is the path of a repository, complete with library/ for official images."""
    return len(text) <= MAX_REPOSITORY_LENGTH and _REPOSITORY.fullmatch(text) is not None


def parse_reference(text: str) -> Reference:
    """The reference that a person means by what they would type after docker pull.

    Without tag and digest it is :latest; with both the digest wins, as it does when pulling.
    Raises InvalidReference.
    """
    _refuse_what_is_no_reference(text)
    registry, rest = _split_registry(text)
    name, at, digest = rest.partition("@")
    repository, colon, tag = name.partition(":")
    _check_repository(registry, repository, suffix=rest[len(repository) :])
    if colon and not is_tag(tag):
        raise _bad_tag(tag)
    if at and not is_digest(digest):
        raise InvalidReference(
            f"{digest[:80]!r} is not a digest: after '@' type sha256: and 64 hexadecimal digits, "
            "or leave it out and type a tag."
        )
    if at:
        return Reference(registry, repository, None, digest)
    return Reference(registry, repository, tag or DEFAULT_TAG, None)


def _refuse_what_is_no_reference(text: str) -> None:
    if not text:
        raise InvalidReference("The image is missing: type one such as node:22.")
    if len(text) > _MAX_REFERENCE_LENGTH:
        raise InvalidReference("That is too long for an image: type one such as node:22.")
    if "://" in text or _HUB_PAGE.fullmatch(text):
        raise InvalidReference(f"That is an address: type the image alone, {_meant_by_url(text)}.")
    if not text.isascii() or any(character.isspace() for character in text):
        raise InvalidReference(
            f"{text[:80]!r} has characters that no image has: "
            "type only ASCII letters, digits and . _ - / : @."
        )
    if _IMAGE_ID.fullmatch(text):
        raise InvalidReference(
            "That is the ID of an image, not its name: type the name, such as node:22."
        )


def _meant_by_url(url: str) -> str:
    """What to type instead of a pasted address; never repeats credentials in it."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0].rpartition("://")[2].rstrip("/")
    page = _HUB_PAGE.fullmatch(bare)
    if page:
        owner = re.match(r"hub\.docker\.com/r/(?!library/)([^/]+)/", bare)
        bare = f"{owner[1]}/{page['name']}" if owner else page["name"]
    try:
        parse_reference(bare)
    except InvalidReference:
        return "such as node:22 or ghcr.io/owner/image:tag"
    return f"{bare!r}"


def _split_registry(text: str) -> tuple[str, str]:
    """Apart: the normalised registry, and the rest with library/ added where it belongs."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DOCKER_HUB, _OFFICIAL + text
    if not _is_host(first):
        if first.lower() != first:
            raise InvalidReference(
                f"{first[:80]!r} is not a registry's host, which has a dot or a port: "
                f"type the whole host, or {text[:160].lower()!r} for Docker Hub."
            )
        return DOCKER_HUB, text
    registry = first.lower()
    if registry not in _DOCKER_HUB_HOSTS:
        _check_registry(registry)
        return registry, rest
    return DOCKER_HUB, rest if "/" in rest else _OFFICIAL + rest


def _is_host(first: str) -> bool:
    return first.lower() == "localhost" or "." in first or ":" in first


def _check_registry(registry: str) -> None:
    match = _REGISTRY.fullmatch(registry)
    if (
        match is None
        or len(match["host"]) > _MAX_HOST_LENGTH
        or any(len(label) > _MAX_LABEL_LENGTH for label in match["host"].split("."))
        or not _is_port(match["port"])
        or not _is_ipv6(match["ipv6"])
    ):
        # Only what follows the last @: before it somebody may have typed a password.
        shown = registry.rpartition("@")[2][:80]
        raise InvalidReference(
            f"{shown!r} is not a registry's host: type it as ghcr.io or registry.example.com:5000."
        )


def _is_port(digits: str | None) -> bool:
    return digits is None or (len(digits) <= 5 and 0 < int(digits) <= _MAX_PORT)


def _is_ipv6(address: str | None) -> bool:
    if address is None:
        return True
    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return True


def _check_repository(registry: str, repository: str, *, suffix: str) -> None:
    """Raise InvalidReference for what is no repository; suffix: what was typed after it."""
    if repository.lower() != repository:
        lowered = Reference(registry, repository.lower(), None).name
        raise InvalidReference(
            f"The name of an image must be in lower case: type {(lowered + suffix)[:160]!r}."
        )
    if len(repository) > MAX_REPOSITORY_LENGTH:
        raise InvalidReference(
            f"{repository[:40]!r}… is too long: "
            f"the name of an image has at most {MAX_REPOSITORY_LENGTH} characters."
        )
    if not is_repository(repository):
        shown = Reference(registry, repository, None).name
        raise InvalidReference(
            f"{shown[:160]!r} is not the name of an image: type one such as node, grafana/grafana "
            "or ghcr.io/owner/image."
        )


def _bad_tag(tag: str) -> InvalidReference:
    return InvalidReference(
        f"{tag[:80]!r} is not a tag: after ':' type up to 128 letters, digits and . _ -, "
        "not beginning with . or -."
    )
