from pathlib import Path

import pytest

from bot.config import load_settings
from bot.core.errors import ConfigurationError

SLACK = '[slack]\nbot_token = "xoxb-canary"\n'


def load(tmp_path: Path, text: str, **environ: str) -> object:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, environ)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(SLACK, "needs `app_token`", id="no way in"),
        pytest.param('[slack]\napp_token = "xapp-canary"', "`bot_token` is missing", id="no token"),
        pytest.param(
            '[slack]\nbot_token = "xapp-canary"\napp_token = "xapp-1"',
            "begins with xoxb-; is this the app token?",
            id="the wrong one of two",
        ),
        pytest.param(
            SLACK + 'app_token = "xapp-canary"\nbot_token_file = "x"',
            "give `bot_token` or `bot_token_file`, not both",
            id="twice",
        ),
        pytest.param(
            SLACK + 'app_token = "xapp-canary"\ncommand_prefix = "Team "',
            "small letters",
            id="prefix",
        ),
        pytest.param(SLACK + 'api_url = "slack.com"', "write it as https://host", id="no URL"),
        pytest.param('[telegram]\ntoken = "canary"', "looks like 123456:ABC", id="no token of it"),
        pytest.param(
            '[telegram]\ntoken = "1:canary"\n[delivery]\nuncertain_after_s = 2',
            "at least 5 with Slack or Telegram",
            id="no time to wait for a turn",
        ),
        pytest.param(
            '[telegram]\ntoken = "1:canary"\nwebhook_url = "http://bot.example"',
            "must begin with https://",
            id="a webhook over http",
        ),
        pytest.param(
            '[telegram]\ntoken = "1:canary"\nallowed_chats = ["@team"]',
            "`telegram`, `allowed_chats`",
            id="a name for a chat",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_without_the_secret(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)

    assert told in str(refused.value)
    assert "canary" not in str(refused.value)


def test_the_chats_are_off_unless_they_have_a_token(tmp_path: Path) -> None:
    settings = load_settings(None, {})

    assert not settings.slack.is_configured
    assert not settings.telegram.is_configured


def test_tokens_come_from_the_environment_too(tmp_path: Path) -> None:
    environ = {"ARCHBELL_TELEGRAM__TOKEN": "1:canary", "ARCHBELL_SLACK__BOT_TOKEN": "xoxb-canary"}

    settings = load_settings(None, environ | {"ARCHBELL_SLACK__APP_TOKEN": "xapp-canary"})

    assert settings.telegram.is_configured
    assert settings.slack.is_configured
    assert "canary" not in repr(settings)
