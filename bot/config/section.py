"""What several parts of the configuration have in common."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.core.errors import InvalidInput
from bot.core.reference import DOCKER_HUB, parse_reference
from bot.net.egress import is_public_host

Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400)]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Section(BaseModel):
    """A table of the configuration: nothing in it is unknown, and nothing of it is repeated."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        # Of all sections only the whole validates anything; each would prepare to by itself.
        defer_build=True,
    )


def parse_name(name: str) -> str:
    """A block's name, which stands in places and addresses. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError("up to 40 small letters, digits, - and _, such as nightly-build")
    return name


def parse_registry_host(host: str) -> str:
    """A registry's host as it stands in references. Raises ValueError."""
    try:
        parsed = parse_reference(f"{host}/some/image:tag").registry
    except InvalidInput:
        parsed = DOCKER_HUB
    if parsed != host:
        # What cannot be a host is taken for a repository of Docker Hub; and it may hold a password.
        is_meant = parsed != DOCKER_HUB or host.lower().endswith(DOCKER_HUB)
        example = f": {parsed}" if is_meant else ", such as ghcr.io"
        raise ValueError(f"write the host as it stands in references{example}")
    return host


def is_http_url(url: str) -> bool:
    """Whether it is http or https to a host, with a port that can be reached."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def parse_base_url(url: str) -> str:
    """What paths are put behind: no login, no slash at its end. Raises ValueError."""
    if not is_http_url(url) or re.search(r"[@?#\s\x00-\x1f\x7f]", url):
        raise ValueError("write it as https://host or https://host/path")
    return url.rstrip("/")


def is_private_url(url: str) -> bool:
    """Whether everybody on the way can read it, or its host is private by its spelling."""
    parts = urlsplit(url)
    return parts.scheme == "http" or not is_public_host(parts.hostname or "localhost")


BaseUrl = Annotated[str, AfterValidator(parse_base_url)]
