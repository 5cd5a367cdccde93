"""Where the bot talks, and how much anybody may ask of it."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.config.section import BaseUrl, Seconds, Section, parse_base_url
from bot.core.errors import InvalidInput

_TELEGRAM_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")
_PREFIX = re.compile(r"[a-z0-9_-]{0,20}")


def _network(network: str) -> str:
    try:
        return str(ip_network(network))
    except ValueError:
        raise ValueError("write it as 127.0.0.1 or 10.0.0.0/8") from None


def _prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("up to 20 small letters, digits, - and _, such as team-")
    return prefix


def parse_command_prefix(text: str) -> str:
    """What goes before the names of Slack's commands. Raises InvalidInput."""
    try:
        return _prefix(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no prefix: {error}") from None


def parse_https_url(text: str) -> str:
    """An address that a chat service can post to. Raises InvalidInput."""
    try:
        url = parse_base_url(text)
    except ValueError:
        url = ""
    if not url.startswith("https:"):
        raise InvalidInput(f"{text!r} is no address to post to: write https://host/path")
    return url


def _beginning(start: str, other: str) -> Callable[[SecretStr], SecretStr]:
    """Checks a token's kind by how it begins; the wrong one of Slack's two is an easy mistake."""

    def check(token: SecretStr) -> SecretStr:
        if not token.get_secret_value().startswith(start):
            raise ValueError(f"begins with {start}; is this the {other}?")
        return token

    return check


def _telegram_token(token: SecretStr) -> SecretStr:
    if not _TELEGRAM_TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("looks like 123456:ABC…, as @BotFather gives it")
    return token


class Slack(Section):
    """One Slack workspace."""

    bot_token: Annotated[SecretStr, AfterValidator(_beginning("xoxb-", "app token"))] | None = None
    bot_token_file: Path | None = None
    app_token: Annotated[SecretStr, AfterValidator(_beginning("xapp-", "bot token"))] | None = None
    app_token_file: Path | None = None
    signing_secret: SecretStr | None = None
    signing_secret_file: Path | None = None
    api_url: BaseUrl = "https://slack.com/api"
    command_prefix: Annotated[str, AfterValidator(_prefix)] = ""
    allowed_teams: tuple[str, ...] = ()

    @property
    def is_configured(self) -> bool:
        """Whether the bot talks in Slack."""
        return self.bot_token is not None or self.bot_token_file is not None

    @model_validator(mode="after")
    def _makes_sense(self) -> "Slack":
        twice = _given_twice(self, "bot_token", "app_token", "signing_secret")
        if twice:
            raise ValueError(twice)
        has_way_in = any(
            (self.app_token, self.app_token_file, self.signing_secret, self.signing_secret_file)
        )
        if self.is_configured and not has_way_in:
            raise ValueError(
                "`bot_token` needs `app_token` (Socket Mode) or `signing_secret` (own server)"
            )
        if has_way_in and not self.is_configured:
            raise ValueError("`bot_token` is missing")
        return self


class Telegram(Section):
    """One Telegram bot account."""

    token: Annotated[SecretStr, AfterValidator(_telegram_token)] | None = None
    token_file: Path | None = None
    api_url: BaseUrl = "https://api.telegram.org"
    allowed_chats: tuple[int, ...] = ()
    webhook_url: BaseUrl | None = None

    @property
    def is_configured(self) -> bool:
        """Whether the bot talks in Telegram."""
        return self.token is not None or self.token_file is not None

    @model_validator(mode="after")
    def _makes_sense(self) -> "Telegram":
        if twice := _given_twice(self, "token"):
            raise ValueError(twice)
        if self.webhook_url is not None and self.webhook_url.startswith("http:"):
            raise ValueError("`webhook_url` must begin with https://: Telegram posts nowhere else")
        return self


class Server(Section):
    """The bot's own web server; enabled: it serves more than what chats and registries post to."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()


class Limits(Section):
    """How much anybody may ask for."""

    watch_for_s: Seconds = 7 * 86400
    commands_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 20
    commands_per_minute_of_chat: Annotated[int, Field(ge=1, le=100_000)] = 60
    watches_per_person: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    watches_per_chat: Annotated[int, Field(ge=1, le=1_000_000)] = 300


def _given_twice(section: Section, *names: str) -> str:
    return "; ".join(
        f"give `{name}` or `{name}_file`, not both"
        for name in names
        if getattr(section, name) is not None and getattr(section, f"{name}_file") is not None
    )
