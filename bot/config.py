"""The configuration: one TOML file, and the environment for single values.

Plain pydantic rather than pydantic-settings: that one reads the process' environment itself, and
ignores variables it does not know, where a misspelt ARCHBELL_… must be an error.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.core.errors import ConfigurationError, InvalidInput
from bot.core.model import Place
from bot.core.platform import Platform, parse_platform
from bot.core.reference import parse_reference

PREFIX = "ARCHBELL_"
OTHER_VARIABLES = frozenset({"ARCHBELL_CONFIG", "ARCHBELL_CORPUS", "ARCHBELL_REQUIRE_ALL"})
SERVICES = ("slack", "telegram", "terminal")

Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400)]


def _platform(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return parse_platform(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


def _place(text: object) -> object:
    return _place_of(text) if isinstance(text, str) else text


def _place_of(text: str) -> Place:
    service, _, rest = text.partition(":")
    conversation, _, thread = rest.partition(":")
    if service not in SERVICES or (service == "terminal") != (not conversation):
        raise ValueError(
            f"{text!r} is no place: write terminal, slack:C0123 or telegram:-100123:topic"
        )
    return Place(service, conversation, thread)


def _registry_host(host: str) -> str:
    try:
        parsed = parse_reference(f"{host}/some/image:tag").registry
    except InvalidInput as error:
        raise ValueError(f"{host!r} is not a registry's host as it stands in references") from error
    if parsed != host:
        raise ValueError(f"write it as it stands in references: {parsed!r}")
    return host


def _endpoint(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not rest or set(rest.rstrip("/")) & set("/?#@ "):
        raise ValueError("write it as https://host or http://host:port, without a path")
    return url.rstrip("/")


def parse_place(text: str) -> Place:
    """A place as the configuration and the command line write it. Raises InvalidInput."""
    try:
        return _place_of(text)
    except ValueError as error:
        raise InvalidInput(str(error)) from None


PlatformSetting = Annotated[Platform, BeforeValidator(_platform)]
PlaceSetting = Annotated[Place, BeforeValidator(_place)]


class Section(BaseModel):
    """What all parts of the configuration have in common."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Database(Section):
    """Where everything is kept."""

    url: str = "sqlite:///archbell.db"


class Schedule(Section):
    """When to look again."""

    fast_s: Seconds = 60
    fast_for_s: Seconds = 600
    min_s: Seconds = 300
    growth: Annotated[float, Field(gt=0, le=1)] = 0.005
    max_s: Seconds = 3600
    missing_tag_max_s: Seconds = 3600
    standing_s: Seconds = 21600
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

    proxy: str | None = None
    allow_any_public_registry: bool = False


class Limits(Section):
    """How much anybody may ask for."""

    watch_for_s: Seconds = 7 * 86400


class RegistryBlock(Section):
    """One [[registry]]: how a registry is reached and who may use its login."""

    host: Annotated[str, AfterValidator(_registry_host)]
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    plain_http: bool = False
    allow_private: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    rate: Annotated[float, Field(ge=0)] | None = None
    auth_hosts: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    places: tuple[PlaceSetting, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> "RegistryBlock":
        if self.password is not None and self.password_file is not None:
            raise ValueError("give `password` or `password_file`, not both")
        if (self.username is None) != (self.password is None and self.password_file is None):
            raise ValueError("`username` and `password` (or `password_file`) go together")
        if self.endpoint is not None and self.endpoint.startswith("http:") and not self.plain_http:
            raise ValueError("an `endpoint` with http:// needs `plain_http = true`")
        return self


class Settings(Section):
    """The whole configuration; folder is what relative paths in it are relative to."""

    default_platforms: Annotated[tuple[PlatformSetting, ...], Field(min_length=1)] = (
        Platform("linux", "arm64"),
    )
    database: Database = Database()
    schedule: Schedule = Schedule()
    looks: Looks = Looks()
    delivery: Delivery = Delivery()
    network: Network = Network()
    limits: Limits = Limits()
    registry: tuple[RegistryBlock, ...] = ()
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="after")
    def _hosts_are_distinct(self) -> "Settings":
        hosts = [block.host for block in self.registry]
        twice = sorted({host for host in hosts if hosts.count(host) > 1})
        if twice:
            raise ValueError(f"`registry`: {', '.join(twice)} has more than one block")
        return self

    @property
    def watch_for(self) -> timedelta:
        """How long a watch lasts if nobody says otherwise."""
        return timedelta(seconds=self.limits.watch_for_s)


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the file, or take the defaults without one, and lay the environment's values over it.

    Raises ConfigurationError with every mistake there is.
    """
    values: dict[str, Any] = _read(path) if path is not None else {}
    mistakes = [f"`{key}`: unknown setting" for key in values if key == "folder"]
    mistakes.extend(_overlay(values, environ))
    values["folder"] = path.resolve().parent if path is not None else Path.cwd()
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        mistakes.extend(_sentence(detail) for detail in error.errors(include_url=False))
        raise ConfigurationError(tuple(mistakes)) from None
    if mistakes:
        raise ConfigurationError(tuple(mistakes))
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mistake = f"{path}: there is no such file; copy config.example.toml and edit it"
    except tomllib.TOMLDecodeError as error:
        mistake = f"{path}: not valid TOML: {error}"
    except (OSError, UnicodeDecodeError) as error:
        mistake = f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
    raise ConfigurationError((mistake,))


def scalar_variables() -> dict[str, tuple[str, ...]]:
    """The environment's variables that are settings, each with the path of its key."""
    return {
        PREFIX + "__".join(path).upper(): path
        for path, field in walk(Settings)
        if not _is_sequence(field) and path != ("folder",)
    }


def walk(
    model: type[BaseModel], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting outside repeated blocks, with the path of its key."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from walk(kind, (*above, name))
        else:
            yield (*above, name), field


def _is_sequence(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Put the environment's values in place; a sentence for each variable that is no setting."""
    known = scalar_variables()
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES:
            continue
        if name not in known:
            yield f"{name}: not a setting (lists and blocks can only stand in the file)"
            continue
        *sections, key = known[name]
        table = values
        for section in sections:
            table = table.setdefault(section, {})
            if not isinstance(table, dict):
                break
        else:
            table[key] = environ[name]


def _sentence(detail: ErrorDetails) -> str:
    """`registry` block 2, `host`: what is wrong."""
    words: list[str] = []
    for part in detail["loc"]:
        if isinstance(part, int):
            kind = "block" if words and words[-1] == "`registry`" else "item"
            words[-1:] = [f"{words[-1]} {kind} {part + 1}"] if words else [f"{kind} {part + 1}"]
        else:
            words.append(f"`{part}`")
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "unknown setting"
    return f"{', '.join(words)}: {message}" if words else message
