"""Whether and where docker-library's own files are read."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from bot.config.section import Section
from bot.net.egress import is_public_host


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or re.search(r"[@?#\s\x00-\x1f\x7f]", url):
        raise ValueError("write it as https://host or https://host/path")
    return url.rstrip("/")


def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" or not is_public_host(parts.hostname or "localhost")


Base = Annotated[str, AfterValidator(_base)]


class Official(Section):
    """What docker-library publishes about Docker's official images."""

    enabled: bool = True
    built_alerts: bool = True
    library_url: Base = (
        "https://raw.githubusercontent.com/docker-library/official-images/master/library"
    )
    dockerfile_url: Base = "https://raw.githubusercontent.com"
    allow_private: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> "Official":
        private = [
            f"`{name}`: a private address, or http://, needs `allow_private = true`"
            for name in ("library_url", "dockerfile_url")
            if _is_private(getattr(self, name)) and not self.allow_private
        ]
        if private:
            raise ValueError("; ".join(private))
        return self
