"""Configurations for the bot as a process, over registries on this machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

WriteConfig = Callable[..., Path]

_FAST = """
[schedule]
fast_s = 0.3
confirm_s = 0.3
error_min_s = 0.3
[looks]
timeout_s = 2
lease_s = 7
[delivery]
uncertain_after_s = 1
group_within_s = 0
"""


@pytest.fixture
def write_config(tmp_path: Path) -> WriteConfig:
    """Writes a configuration whose docker.io is the given endpoint; more lines for its block."""

    def write(endpoint: str, *more: str) -> Path:
        path = tmp_path / "config.toml"
        block = [
            "[[registry]]",
            'host = "docker.io"',
            f'endpoint = "{endpoint}"',
            "plain_http = true",
            "allow_private = true",
            "rate = 0",
            *more,
        ]
        database = '[database]\nurl = "sqlite:///bot.db"'
        path.write_text("\n".join((database, _FAST, *block)) + "\n")
        return path

    return write
