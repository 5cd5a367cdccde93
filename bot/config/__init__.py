"""The configuration: one TOML file, and the environment for single values."""

from bot.config.loading import load_settings, scalar_variables, walk
from bot.config.settings import RegistryBlock, Settings, parse_place

__all__ = ["RegistryBlock", "Settings", "load_settings", "parse_place", "scalar_variables", "walk"]
