"""Where alerts are posted for programs to read."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from bot.config.section import Section, is_http_url, is_private_url, parse_name


def _address(url: SecretStr) -> SecretStr:
    if not _is_address(url.get_secret_value()):
        raise ValueError("write it as https://host/path")
    return url


def _is_address(url: str) -> bool:
    if not is_http_url(url) or re.search(r"[\s\x00-\x1f]", url):
        return False
    return urlsplit(url).username is None


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
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("give `secret` or `secret_file`, one of the two")
        if is_private_url(self.url.get_secret_value()) and not self.allow_private:
            raise ValueError("a private address, or http://, needs `allow_private = true`")
        return self
