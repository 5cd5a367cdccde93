"""What the chats' adapters need to know, with the secrets read from wherever they are kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import Settings
from bot.config.section import Section
from bot.config.webhooks import WebhookBlock
from bot.core.errors import ConfigurationError
from bot.net.secret import Secret

if TYPE_CHECKING:
    from bot.chat.slack.workspace import SlackSettings
    from bot.chat.telegram.account import TelegramSettings
    from bot.chat.webhook.hooks import Hook


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
            secret=Secret(_secret_of(block, "secret", title, folder) or ""),
            kind=Kind(block.kind),
            allow_private=block.allow_private,
            ca_file=folder / block.ca_file if block.ca_file else None,
        )
        for title, block in _titled_webhooks(settings)
    )


def _titled_webhooks(settings: Settings) -> Iterator[tuple[str, WebhookBlock]]:
    for number, block in enumerate(settings.webhook, start=1):
        yield f"`webhook` block {number}", block


def mistakes_in_secrets(settings: Settings) -> Iterator[str]:
    """A sentence for each file with a secret that cannot be read, and each secret that is none."""
    sections: list[tuple[Section, str, tuple[str, ...]]] = [
        (settings.slack, "`slack`", ("bot_token", "app_token", "signing_secret")),
        (settings.telegram, "`telegram`", ("token",)),
        *((block, title, ("secret",)) for title, block in _titled_webhooks(settings)),
    ]
    for section, title, names in sections:
        for name in names:
            try:
                secret = _secret_of(section, name, title, settings.folder)
            except ConfigurationError as error:
                yield from error.mistakes
            else:
                if isinstance(section, WebhookBlock):
                    yield from _mistakes_in_signing(secret or "", title)


def _mistakes_in_signing(secret: str, title: str) -> Iterator[str]:
    from bot.chat.webhook.payload import signing_key

    try:
        if not signing_key(Secret(secret)):
            yield f"{title}, `secret`: is empty"
    except ValueError as error:
        yield f"{title}, `secret`: {error}"


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
