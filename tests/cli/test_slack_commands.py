"""`archbell slack manifest`, as whoever sets Slack up meets it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.chat.slack.manifest import app_manifest
from tests.support.command_line import archbell


async def printed(*words: str | Path) -> Any:
    ended = await archbell(*words)
    assert ended.code == 0
    assert not ended.errors
    return yaml.safe_load(ended.output)


def commands_of(manifest: Any) -> list[str]:
    return [command["command"] for command in manifest["features"]["slash_commands"]]


async def test_it_prints_the_manifest_for_socket_mode_as_yaml() -> None:
    manifest = await printed("slack", "manifest")

    assert manifest == app_manifest()
    assert commands_of(manifest) == ["/watch", "/unwatch", "/archbell"]


async def test_with_an_address_slack_posts_there() -> None:
    manifest = await printed("slack", "manifest", "--url", "https://bot.example.com/slack")

    assert manifest == app_manifest(request_url="https://bot.example.com/slack")


async def test_the_configured_prefix_is_the_default_and_the_option_goes_before_it(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[slack]\ncommand_prefix = "team-"\n')

    configured = await printed("--config", config, "slack", "manifest")
    named = await printed("--config", config, "slack", "manifest", "--prefix", "our-")

    assert commands_of(configured)[0] == "/team-watch"
    assert commands_of(named)[0] == "/our-watch"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("--prefix", "A b"), "small letters", id="prefix"),
        pytest.param(("--url", "http://bot.example.com/slack"), "https://host/path", id="http"),
        pytest.param(("--url", "bot"), "https://host/path", id="no-url"),
    ],
)
async def test_what_slack_would_not_take_is_refused_with_what_to_type(
    words: tuple[str, ...], says: str
) -> None:
    ended = await archbell("slack", "manifest", *words)

    assert ended.code == 2
    assert not ended.output
    assert says in ended.errors


async def test_its_help_says_where_to_paste_it() -> None:
    ended = await archbell("slack", "manifest", "--help", environment={"COLUMNS": "100"})

    assert "https://api.slack.com/apps" in ended.output
    assert "From a manifest" in ended.output
