"""How settings become what the program works with."""

from pathlib import Path

import pytest

from bot.app.wiring import database_url
from bot.config import load_settings
from bot.store.address import parse_address


@pytest.mark.parametrize(
    ("url", "file"),
    [
        pytest.param("sqlite:///archbell.db", Path.cwd() / "archbell.db", id="relative"),
        pytest.param("sqlite:////var/lib/a.db", Path("/var/lib/a.db"), id="absolute"),
        pytest.param("sqlite:///~/a.db", Path.home() / "a.db", id="home"),
    ],
)
def test_the_database_is_where_its_url_says(url: str, file: Path) -> None:
    settings = load_settings(None, {"ARCHBELL_DATABASE__URL": url})

    assert parse_address(database_url(settings)) == file
