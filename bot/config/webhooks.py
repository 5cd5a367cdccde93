"""Where alerts are posted for programs to read."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from bot.config.section import Section, parse_name
from bot.net.egress import is_public_host


def _address(url: SecretStr) -> SecretStr:
    if not _is_address(url.get_secret_value()):
        raise ValueError("write it as https://host/path")
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and parts.username is None and not re.search(r"[\s\x00-\x1f]", url)


class WebhookBlock(Section):
    """One [[webhook]]: an address that alerts are posted to, and what proves that we sent them."""

    name: Annotated[str, AfterValidator(parse_name)]
    url: Annotated[SecretStr, AfterValidator(_address)]
    secret: SecretStr | None = None
    secret_file: Path | None = None
    kind: Literal["signed", "github"] = "signed"
    allow_private: bool = False
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "WebhookBlock":
        parts = urlsplit(self.url.get_secret_value())
        is_private = parts.scheme == "http" or not is_public_host(parts.hostname or "localhost")
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("give `secret` or `secret_file`, one of the two")
        if is_private and not self.allow_private:
            raise ValueError("a private address, or http://, needs `allow_private = true`")
        return self
