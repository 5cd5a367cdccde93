"""The configuration: one TOML file, and the environment for single values."""

from bot.config.chats import parse_command_prefix, parse_https_url
from bot.config.loading import (
    Loaded,
    load_forgiving,
    load_settings,
    repeated_blocks,
    scalar_variables,
    walk,
)
from bot.config.origins import Effective, Group, effective_groups
from bot.config.settings import HIDDEN, RegistryBlock, Settings, configured_services
from bot.config.values import parse_place
from bot.config.watches import WatchBlock

__all__ = [
    "HIDDEN",
    "Effective",
    "Group",
    "Loaded",
    "RegistryBlock",
    "Settings",
    "WatchBlock",
    "configured_services",
    "effective_groups",
    "load_forgiving",
    "load_settings",
    "parse_command_prefix",
    "parse_https_url",
    "parse_place",
    "repeated_blocks",
    "scalar_variables",
    "walk",
]
