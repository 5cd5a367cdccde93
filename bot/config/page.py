"""The page: whether it is shown, to whom, and what may be done there."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.config.section import Seconds, Section
from bot.config.values import PlaceSetting

SHORTEST_TOKEN = 16
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]{1,50}){0,5}/?")


def _prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("write it as /path, of letters, digits and . _ ~ - alone")
    return prefix.rstrip("/")


def _token(token: SecretStr) -> SecretStr:
    if len(token.get_secret_value()) < SHORTEST_TOKEN:
        raise ValueError(
            f"must have {SHORTEST_TOKEN} characters or more; openssl rand -hex 16 makes one"
        )
    return token


class Page(Section):
    """Where people see how things stand."""

    enabled: bool = False
    token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    token_file: Path | None = None
    must_sign_in: bool = False
    places: tuple[PlaceSetting, ...] = ()
    prefix: Annotated[str, AfterValidator(_prefix)] = ""
    signed_in_for_s: Seconds = 12 * 3600
    checks_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 10

    @property
    def can_sign_in(self) -> bool:
        """Whether a token is configured."""
        return self.token is not None or self.token_file is not None

    @model_validator(mode="after")
    def _makes_sense(self) -> "Page":
        if self.token is not None and self.token_file is not None:
            raise ValueError("give `token` or `token_file`, not both")
        if not self.can_sign_in and (self.must_sign_in or self.places):
            raise ValueError("`must_sign_in` and `places` need `token` or `token_file`")
        return self
