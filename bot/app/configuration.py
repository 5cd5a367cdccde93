"""Everything that can be said about a configuration without reaching out."""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from bot.app.configured import plan_of
from bot.app.logins import logins_of
from bot.app.tokens import mistakes_in_secrets
from bot.app.wiring import database_url, registry_settings
from bot.app.world import World
from bot.config import (
    HIDDEN,
    Loaded,
    RegistryBlock,
    Settings,
    effective_groups,
    load_settings,
    scalar_variables,
)
from bot.config.webhooks import WebhookBlock
from bot.core.errors import ConfigurationError, StoreError
from bot.net.sessions import trusting

IMPOLITE_S = 10
_SECRET_FILES = ("password_file", "token_file", "secret_file")
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration without mistakes. variables: names of those it takes values from.

    watches, patterns: how many the [[watch]] blocks make.
    """

    settings: Settings
    path: Path | None
    variables: tuple[str, ...]
    warnings: tuple[str, ...]
    watches: int = 0
    patterns: int = 0


def check_configuration(path: Path | None, environ: Mapping[str, str]) -> Checked:
    """Read the configuration and the files it names. Raises ConfigurationError with all mistakes.

    Files are read only once there is nothing else wrong: before that their names may be.
    """
    settings = load_settings(path, environ)
    plan, mistakes_in_files, gaps = plan_of(Loaded(settings))
    mistakes = [
        *mistakes_in_files,
        *_mistakes_of(lambda: registry_settings(settings)),
        *_mistakes_in_certificates(settings),
        *mistakes_in_secrets(settings),
        *_mistakes_of(
            lambda: logins_of(settings, by_operator=False, environ=environ, clock=World().clock)
        ),
        *_mistakes_in_database(settings),
    ]
    if mistakes:
        raise ConfigurationError(tuple(mistakes))
    variables = tuple(sorted(name for name in scalar_variables() if name in environ))
    checked = Checked(settings, path, variables, (), len(plan.wanted), len(plan.patterns))
    return replace(checked, warnings=(*gaps, *_warnings(checked, environ)))


def _mistakes_of(attempt: Callable[[], object]) -> tuple[str, ...]:
    try:
        attempt()
    except ConfigurationError as error:
        return error.mistakes
    return ()


def _mistakes_in_database(settings: Settings) -> Iterator[str]:
    from bot.store.address import parse_address

    try:
        parse_address(database_url(settings))
    except StoreError as error:
        yield f"`database`, `url`: {str(error).removeprefix('[database] url ')}"


def _mistakes_in_certificates(settings: Settings) -> Iterator[str]:
    for title, ca_file in _certificates(settings):
        try:
            trusting(settings.folder / ca_file)
        except ConfigurationError:
            yield (
                f"{title}, `ca_file`: no certificates can be read from {ca_file}; name a PEM file"
            )


def _certificates(settings: Settings) -> Iterator[tuple[str, Path]]:
    blocks: Mapping[str, Sequence[RegistryBlock | WebhookBlock]] = {
        "registry": settings.registry,
        "webhook": settings.webhook,
    }
    for name, found in blocks.items():
        for number, block in enumerate(found, start=1):
            if block.ca_file is not None:
                yield f"`{name}` block {number}", block.ca_file


def _warnings(checked: Checked, environ: Mapping[str, str]) -> Iterator[str]:
    settings, path = checked.settings, checked.path
    yield from _warnings_of_secrets(settings, path, environ)
    for number, block in enumerate(settings.registry, start=1):
        for sentence in _warnings_of(block):
            yield f"`registry` block {number}: {sentence}"
    if settings.schedule.fast_s < IMPOLITE_S and not settings.registry:
        yield (
            f"`schedule`, `fast_s`: public registries do not like to be asked every "
            f"{settings.schedule.fast_s:g} s; 60 is polite"
        )
    if settings.schedule.min_s > settings.schedule.max_s:
        yield "`schedule`: `min_s` is larger than `max_s`, which counts; lower `min_s`"
    yield from warnings_of_page(settings)


def warnings_of_page(settings: Settings) -> Iterator[str]:
    """That the page is not shown to those who can reach the server."""
    host = settings.server.host
    if settings.page.enabled and not settings.page.can_sign_in and not _is_loopback(host):
        yield (
            f"`page`: without `token` or `token_file` only this machine is shown anything, though "
            f'`server`, `host` is {host!r}; give it a token, or `host = "127.0.0.1"`'
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _warnings_of_secrets(
    settings: Settings, path: Path | None, environ: Mapping[str, str]
) -> Iterator[str]:
    shown = [each for group in effective_groups(settings, path, environ) for each in group.settings]
    if path is not None and any(
        HIDDEN in str(each.value) and each.origin == "file" for each in shown
    ):
        yield from _open_to_others(path, "move it into a file of its own, or ")
    for each in shown:
        if each.key.endswith(_SECRET_FILES) and each.value is not None:
            yield from _open_to_others(settings.folder / str(each.value), "")


def _warnings_of(block: RegistryBlock) -> Iterator[str]:
    if block.plain_http and block.username is not None:
        yield "the password travels where others can read it; use https, not `plain_http`"
    if block.rate == 0 and block.endpoint is None and not block.allow_private:
        yield f"`rate = 0` lets {block.host} be asked without limit; leave `rate` out"


def _open_to_others(path: Path, instead: str) -> Iterator[str]:
    try:
        is_open = path.stat().st_mode & _OTHERS_READ
    except OSError:
        return  # whoever needs the file says that it cannot be read
    if is_open:
        yield f"other users can read the secret in {path}; {instead}chmod 600 {path.name}"
