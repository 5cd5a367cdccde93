"""What the chats' adapters need to know, with the tokens read from wherever they are kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import Settings
from bot.config.section import Section
from bot.core.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.chat.slack.workspace import SlackSettings
    from bot.chat.telegram.account import TelegramSettings


def slack_settings(settings: Settings) -> "SlackSettings":
    """For Slack. Raises ConfigurationError."""
    from bot.chat.slack.workspace import SlackSettings

    section, folder = settings.slack, settings.folder
    return SlackSettings(
        bot_token=_secret_of(section, "bot_token", "slack", folder) or "",
        app_token=_secret_of(section, "app_token", "slack", folder),
        signing_secret=_secret_of(section, "signing_secret", "slack", folder),
        api_url=f"{section.api_url}/",
        prefix=section.command_prefix,
        teams=frozenset(section.allowed_teams),
    )


def telegram_settings(settings: Settings) -> "TelegramSettings":
    """For Telegram. Raises ConfigurationError."""
    from bot.chat.telegram.account import TelegramSettings

    section = settings.telegram
    return TelegramSettings(
        token=_secret_of(section, "token", "telegram", settings.folder) or "",
        api_url=f"{section.api_url}/bot",
        chats=frozenset(section.allowed_chats),
        webhook_url=section.webhook_url,
    )


def mistakes_in_token_files(settings: Settings) -> Iterator[str]:
    """A sentence for each file with a token that cannot be read."""
    for section, title, names in (
        (settings.slack, "slack", ("bot_token", "app_token", "signing_secret")),
        (settings.telegram, "telegram", ("token",)),
    ):
        for name in names:
            try:
                _secret_of(section, name, title, settings.folder)
            except ConfigurationError as error:
                yield from error.mistakes


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
        raise ConfigurationError((f"`{title}`, `{name}_file`: cannot be read: {why}",)) from error
