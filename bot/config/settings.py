"""What can be configured: every section, every setting, its default and its bounds."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    model_validator,
)

from bot.config.chats import Limits, Server, Slack, Telegram
from bot.config.hooks import HookBlock
from bot.config.official import Official
from bot.config.page import Page
from bot.config.section import Seconds, Section, is_http_url, parse_registry_host
from bot.config.values import SERVICES, PlaceSetting, PlatformSetting
from bot.config.watches import WatchBlock
from bot.config.webhooks import WebhookBlock
from bot.core.platform import Platform

SHORTEST_SEND_S = 5

HIDDEN = "(hidden)"

Named = TypeVar("Named", HookBlock, WebhookBlock)


class SecretUrl(SecretStr):
    """A URL that may hold a password, and is shown without it."""

    def _display(self) -> str:
        # Not parsed as a URL: a password that should have been encoded and was not is hidden too.
        # What follows "?" may be a password as well.
        scheme, slashes, rest = self.get_secret_value().partition("?")[0].partition("://")
        login, at, place = rest.rpartition("@")
        user, colon, _ = login.partition(":")
        return f"{scheme}{slashes}{user}{colon}{HIDDEN if colon else ''}{at}{place}"


def _endpoint(url: str) -> str:
    if not _is_origin(url) or "@" in url:
        raise ValueError("write it as https://host or http://host:port, without a path")
    return url.rstrip("/")


def _proxy(url: SecretUrl) -> SecretUrl:
    if not _is_origin(url.get_secret_value()):
        raise ValueError("write it as http://host:port or https://user:password@host:port")
    return url


def _printable(url: SecretUrl) -> SecretUrl:
    if re.search(r"[\x00-\x1f\x7f]", url.get_secret_value()):
        raise ValueError(
            "has control characters; write it as sqlite:///archbell.db or "
            "postgresql://user:password@host/archbell"
        )
    return url


def _is_origin(url: str) -> bool:
    """Whether a URL has a scheme, a host and perhaps a login and a port, and nothing else."""
    if not is_http_url(url) or re.search(r"[\s?#\x00-\x1f]", url):
        return False
    return not urlsplit(url).path.rstrip("/")


def _some(platforms: tuple[Platform, ...]) -> tuple[Platform, ...]:
    if not platforms:
        raise ValueError("must not be empty")
    return platforms


def _distinct(blocks: "tuple[RegistryBlock, ...]") -> "tuple[RegistryBlock, ...]":
    twice = _repeated(block.host for block in blocks)
    if twice:
        raise ValueError(f"more than one block for {', '.join(twice)}")
    return blocks


def _named_once(blocks: tuple[Named, ...]) -> tuple[Named, ...]:
    twice = _repeated(block.name for block in blocks)
    if twice:
        raise ValueError(f"more than one block is named {', '.join(twice)}")
    return blocks


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def configured_services(settings: "Settings") -> frozenset[str]:
    """The services whose places can be told anything; the terminal is always there."""
    chats = {
        "slack": settings.slack.is_configured,
        "telegram": settings.telegram.is_configured,
        "webhook": bool(settings.webhook),
    }
    return frozenset(service for service in SERVICES if chats.get(service, True))


class Database(Section):
    """Where everything is kept."""

    url: Annotated[SecretUrl, AfterValidator(_printable)] = SecretUrl("sqlite:///archbell.db")


class Schedule(Section):
    """When to look again."""

    fast_s: Seconds = 60
    fast_for_s: Seconds = 600
    min_s: Seconds = 300
    growth: Annotated[float, Field(gt=0, le=1)] = 0.005
    max_s: Seconds = 3600
    missing_tag_max_s: Seconds = 3600
    standing_s: Seconds = 21600
    tags_s: Seconds = 900
    confirm_s: Annotated[float, Field(gt=0, le=300)] = 120
    error_min_s: Seconds = 30
    error_max_s: Seconds = 1800
    jitter: Annotated[float, Field(ge=0, le=0.5)] = 0.1


class Looks(Section):
    """How to look."""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 50
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 25
    lease_s: Seconds = 90

    @model_validator(mode="after")
    def _lease_outlives_a_look(self) -> "Looks":
        if self.lease_s < self.timeout_s + 5:
            raise ValueError("`lease_s` must be at least 5 s longer than `timeout_s`")
        return self


class Delivery(Section):
    """How messages go out."""

    uncertain_after_s: Seconds = 30
    group_within_s: Annotated[float, Field(ge=0, le=3600)] = 5


class Network(Section):
    """The way out."""

    proxy: Annotated[SecretUrl, AfterValidator(_proxy)] | None = None
    allow_any_public_registry: bool = False
    docker_config: bool | Path | None = None


class Health(Section):
    """How others see that the bot is alive."""

    heartbeat_file: Path | None = None


class RegistryBlock(Section):
    """One [[registry]]: how a registry is reached and who may use its login."""

    host: Annotated[str, AfterValidator(parse_registry_host)]
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    plain_http: bool = False
    allow_private: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    rate: Annotated[float, Field(ge=0, le=10_000)] | None = None
    auth_hosts: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    places: tuple[PlaceSetting, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> "RegistryBlock":
        has_password = self.password is not None or self.password_file is not None
        is_http = self.endpoint is not None and self.endpoint.startswith("http:")
        wrong = {
            "give `password` or `password_file`, not both": self.password is not None
            and self.password_file is not None,
            "`username` and `password` (or `password_file`) go together": has_password
            != (self.username is not None),
            "an `endpoint` with http:// needs `plain_http = true`": is_http and not self.plain_http,
        }
        if any(wrong.values()):
            raise ValueError("; ".join(sentence for sentence, is_so in wrong.items() if is_so))
        return self


class Settings(Section):
    """The whole configuration; folder is what relative paths in it are relative to."""

    default_platforms: Annotated[tuple[PlatformSetting, ...], AfterValidator(_some)] = (
        Platform("linux", "arm64"),
    )
    database: Database = Database()
    schedule: Schedule = Schedule()
    looks: Looks = Looks()
    delivery: Delivery = Delivery()
    network: Network = Network()
    official: Official = Official()
    limits: Limits = Limits()
    server: Server = Server()
    page: Page = Page()
    slack: Slack = Slack()
    telegram: Telegram = Telegram()
    health: Health = Health()
    webhook: Annotated[tuple[WebhookBlock, ...], AfterValidator(_named_once)] = ()
    hook: Annotated[tuple[HookBlock, ...], AfterValidator(_named_once)] = ()
    watch: tuple[WatchBlock, ...] = ()
    registry: Annotated[tuple[RegistryBlock, ...], AfterValidator(_distinct)] = ()
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="after")
    def _sends_can_wait_their_turn(self) -> "Settings":
        chats = self.slack.is_configured or self.telegram.is_configured
        if chats and self.delivery.uncertain_after_s < SHORTEST_SEND_S:
            raise ValueError(
                f"`delivery.uncertain_after_s` must be at least {SHORTEST_SEND_S} with Slack or "
                "Telegram: a message may have to wait some seconds for its turn"
            )
        return self

    @property
    def watch_for(self) -> timedelta:
        """How long a watch lasts if nobody says otherwise."""
        return timedelta(seconds=self.limits.watch_for_s)
