"""docs/slack.md and docs/telegram.md: permissions, addresses, and what the bot is quoted to say."""

import pytest

from bot.chat.slack.manifest import app_manifest
from bot.chat.slack.signed import PATH as SLACK_PATH
from bot.chat.telegram.receiving import PATH as TELEGRAM_PATH
from tests.support.documents import (
    code_spans,
    document,
    every_document,
    fenced,
    quotes,
    rows,
    said_in_code,
)

SAID, WITH_HOLES = said_in_code()
QUOTES = [
    pytest.param(quote, id=f"{name}:{quote}")
    for name, text in every_document().items()
    for quote in dict.fromkeys(quotes(text))
]


def test_slacks_scopes_are_those_of_the_manifest() -> None:
    scopes = app_manifest()["oauth_config"]["scopes"]
    listed = {
        row[0].strip("`"): row[1].startswith("optional")
        for row in rows(document("docs/slack.md"))
        if len(row) == 2
    }

    assert listed == dict.fromkeys(scopes["bot"], False) | dict.fromkeys(
        scopes["bot_optional"], True
    )


def test_the_slash_commands_that_may_collide_are_those_of_the_manifest() -> None:
    commands = {each["command"] for each in app_manifest()["features"]["slash_commands"]}

    assert commands <= set(code_spans(document("docs/slack.md")))


@pytest.mark.parametrize(
    ("name", "path"), [("docs/slack.md", SLACK_PATH), ("docs/telegram.md", TELEGRAM_PATH)]
)
def test_a_reverse_proxy_is_told_the_path_the_bot_answers_at(name: str, path: str) -> None:
    text = document(name)

    assert f"https://bot.example.com{path}" in code_spans(text)
    assert f"http://127.0.0.1:8080{path}" in code_spans(text)
    assert any(f"location = {path} {{" in body for body in fenced(text))


def test_there_are_quotes_to_be_held_to_the_code() -> None:
    assert len(QUOTES) > 15


@pytest.mark.parametrize("quote", QUOTES)
def test_what_the_bot_is_quoted_to_say_it_says(quote: str) -> None:
    assert quote in SAID or any(sentence.search(quote) for sentence in WITH_HOLES)
