"""What several parts of the configuration have in common."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.core.errors import InvalidInput
from bot.core.reference import DOCKER_HUB, parse_reference

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
