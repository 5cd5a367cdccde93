"""Which tags the running bot looks at for the sake of others."""

from pathlib import Path

import pytest

from bot.app.officials import early_of, listed_of
from bot.app.running import assembled
from bot.app.world import World
from bot.config import Settings, load_settings
from bot.core.errors import ConfigurationError
from bot.flows.early import NOTHING_EARLY


def settings_in(folder: Path, *lines: str) -> Settings:
    path = folder / "config.toml"
    path.write_text("\n".join(("[official]", *lines)), encoding="utf-8")
    return load_settings(path, {})


@pytest.mark.parametrize(
    ("line", "keeps_records"),
    [("built_alerts = true", False), ("build_records = true", True), ("enabled = false", False)],
)
async def test_records_are_kept_only_where_that_is_switched_on(
    tmp_path: Path, line: str, *, keeps_records: bool
) -> None:
    async with assembled(settings_in(tmp_path, line), World()) as bot:
        assert bot.official.keeps_records is keeps_records


@pytest.mark.parametrize(
    "line",
    ['build_records_url = "http://mirror.test/meta"', 'github_api_url = "https://10.0.0.1"'],
)
def test_a_private_address_must_be_allowed(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError, match=line.split()[0]):
        settings_in(tmp_path, line)

    assert settings_in(tmp_path, line, "allow_private = true").official.allow_private


@pytest.mark.parametrize("told", [True, False], ids=["told", "noted alone"])
async def test_what_is_built_is_looked_for_and_told_as_configured(
    tmp_path: Path, *, told: bool
) -> None:
    settings = settings_in(tmp_path, f"built_alerts = {str(told).lower()}")

    async with assembled(settings, World()) as bot:
        early = early_of(settings, listed_of(bot.foyer))

    assert (early.enabled, early.tells) == (True, told)


async def test_with_official_images_switched_off_nothing_is_looked_for(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "enabled = false")

    async with assembled(settings, World()) as bot:
        listed = listed_of(bot.foyer)

    assert listed is None
    assert early_of(settings, listed) == NOTHING_EARLY
