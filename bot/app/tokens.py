"""What the chats' adapters need to know, with the secrets read from wherever they are kept."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import Settings
from bot.config.hooks import HookBlock
from bot.config.page import SHORTEST_TOKEN
from bot.config.section import Section
from bot.config.webhooks import WebhookBlock
from bot.core.errors import ConfigurationError
from bot.core.pushed import Sender
from bot.net.secret import Secret
from bot.net.signing import signing_key

if TYPE_CHECKING:
    from bot.chat.slack.workspace import SlackSettings
    from bot.chat.telegram.account import TelegramSettings
    from bot.chat.webhook.hooks import Hook
    from bot.web.hooks import Hook as IncomingHook

SHORTEST_HOOK_SECRET = 16
_FIT_FOR_ADDRESSES = re.compile(r"[A-Za-z0-9._~-]*")


def slack_settings(settings: Settings) -> "SlackSettings":
    """For Slack. Raises ConfigurationError."""
    from bot.chat.slack.workspace import SlackSettings

    section, folder = settings.slack, settings.folder
    return SlackSettings(
        bot_token=_secret_of(section, "bot_token", "`slack`", folder) or "",
        app_token=_secret_of(section, "app_token", "`slack`", folder),
        signing_secret=_secret_of(section, "signing_secret", "`slack`", folder),
        api_url=f"{section.api_url}/",
        prefix=section.command_prefix,
        teams=frozenset(section.allowed_teams),
    )


def telegram_settings(settings: Settings) -> "TelegramSettings":
    """For Telegram. Raises ConfigurationError."""
    from bot.chat.telegram.account import TelegramSettings

    section = settings.telegram
    return TelegramSettings(
        token=_secret_of(section, "token", "`telegram`", settings.folder) or "",
        api_url=f"{section.api_url}/bot",
        chats=frozenset(section.allowed_chats),
        webhook_url=section.webhook_url,
    )


def webhooks_of(settings: Settings) -> "tuple[Hook, ...]":
    """Where alerts are posted to. Raises ConfigurationError."""
    from bot.chat.webhook.hooks import Hook, Kind

    folder = settings.folder
    return tuple(
        Hook(
            name=block.name,
            url=block.url.get_secret_value(),
            secret=_checked(block, title, folder),
            kind=Kind(block.kind),
            allow_private=block.allow_private,
            ca_file=folder / block.ca_file if block.ca_file else None,
        )
        for title, block in _titled_webhooks(settings)
    )


def page_token(settings: Settings) -> Secret | None:
    """What signs people in on the page; None if nobody can. Raises ConfigurationError."""
    token = _secret_of(settings.page, "token", "`page`", settings.folder)
    if token is None:
        return None
    if len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            (f"`page`, `token_file`: must have {SHORTEST_TOKEN} characters or more",)
        )
    return Secret(token)


def _titled_webhooks(settings: Settings) -> Iterator[tuple[str, WebhookBlock]]:
    for number, block in enumerate(settings.webhook, start=1):
        yield f"`webhook` block {number}", block


def hooks_of(settings: Settings) -> "tuple[IncomingHook, ...]":
    """Who may say that something was pushed. Raises ConfigurationError."""
    from bot.web.hooks import Hook

    return tuple(
        Hook(
            name=block.name,
            sender=block.sender,
            secret=_checked(block, title, settings.folder),
            registry=block.speaks_for,
        )
        for title, block in _titled_hooks(settings)
    )


def _titled_hooks(settings: Settings) -> Iterator[tuple[str, HookBlock]]:
    for number, block in enumerate(settings.hook, start=1):
        yield f"`hook` block {number}", block


def _checked(block: WebhookBlock | HookBlock, title: str, folder: Path) -> Secret:
    """The secret of a block. Raises ConfigurationError."""
    secret = _secret_of(block, "secret", title, folder) or ""
    if mistakes := tuple(_mistakes_in(block, secret, title)):
        raise ConfigurationError(mistakes)
    return Secret(secret)


def mistakes_in_secrets(settings: Settings) -> Iterator[str]:
    """A sentence for each file with a secret that cannot be read, and each secret that is none."""
    sections: list[tuple[Section, str, tuple[str, ...]]] = [
        (settings.slack, "`slack`", ("bot_token", "app_token", "signing_secret")),
        (settings.telegram, "`telegram`", ("token",)),
        *((block, title, ("secret",)) for title, block in _titled_webhooks(settings)),
        *((block, title, ("secret",)) for title, block in _titled_hooks(settings)),
    ]
    for section, title, names in sections:
        for name in names:
            try:
                secret = _secret_of(section, name, title, settings.folder)
            except ConfigurationError as error:
                yield from error.mistakes
            else:
                yield from _mistakes_in(section, secret or "", title)
    try:
        page_token(settings)
    except ConfigurationError as error:
        yield from error.mistakes


def _mistakes_in(section: Section, secret: str, title: str) -> Iterator[str]:
    if isinstance(section, WebhookBlock):
        yield from _mistakes_in_signing(secret, title)
    if isinstance(section, HookBlock):
        yield from _mistakes_in_hook(section, secret, title)


def _mistakes_in_signing(secret: str, title: str) -> Iterator[str]:
    try:
        if not signing_key(Secret(secret)):
            yield f"{title}, `secret`: is empty"
    except ValueError as error:
        yield f"{title}, `secret`: {error}"


def _mistakes_in_hook(block: HookBlock, secret: str, title: str) -> Iterator[str]:
    if len(secret) < SHORTEST_HOOK_SECRET:
        yield (
            f"{title}, `secret`: has fewer than {SHORTEST_HOOK_SECRET} characters; make one with "
            "openssl rand -hex 32"
        )
    elif not _FIT_FOR_ADDRESSES.fullmatch(secret) and block.secret_is_in_address:
        yield f"{title}, `secret`: stands in an address: only letters, digits and . _ ~ -"
    elif block.sender is Sender.GENERIC:
        yield from _mistakes_in_signing(secret, title)


def _secret_of(section: Section, name: str, title: str, folder: Path) -> str | None:
    """A secret that stands in the configuration or in a file of its own; None if it is in neither.

    Raises ConfigurationError.
    """
    value, file = getattr(section, name), getattr(section, f"{name}_file")
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        return str((folder / file).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError((f"{title}, `{name}_file`: cannot be read: {why}",)) from error
