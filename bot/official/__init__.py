"""What docker-library publishes about the official images, fetched politely and kept."""

from bot.official.client import Addresses, OfficialClient
from bot.official.source import opened_source

__all__ = ["Addresses", "OfficialClient", "opened_source"]
