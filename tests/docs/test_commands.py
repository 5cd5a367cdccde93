"""docs/commands.md and what the other documents tell people to type."""

import re
from collections.abc import Mapping

import pytest

from bot.chat.slack.manifest import spelling
from bot.core import command as said
from bot.core.command import Misunderstood, parse_command
from bot.core.command.verbs import verb_named
from bot.core.message.english.talk import COMMAND_MENU
from bot.core.verb import Verb
from tests.support.documents import code_spans, document, every_document, fenced, rows, sections

TEXT = document("docs/commands.md")
HEAD = TEXT.partition("\n## ")[0]
TYPED = [row[0].strip("`") for row in rows(HEAD)]
MEANT: Mapping[Verb, type] = {
    Verb.WATCH: said.Watch,
    Verb.UNWATCH: said.Unwatch,
    Verb.LIST: said.List,
    Verb.CHECK: said.Check,
    Verb.WHY: said.Why,
    Verb.MUTE: said.Mute,
    Verb.UNMUTE: said.Unmute,
    Verb.STATUS: said.Status,
    Verb.HELP: said.Help,
    Verb.SETTINGS: said.Help,
}
_VERB = re.compile(r"/([a-z]+)\b")
_TYPED_IN_A_CHAT = re.compile(rf"/({'|'.join(verb.value for verb in Verb)}|archbell)(?=[ @]|$)")
_CHAT_COMMANDS = [
    pytest.param(span, id=f"{name}:{span}")
    for name, text in every_document().items()
    for span in dict.fromkeys(code_spans(text))
    if _TYPED_IN_A_CHAT.match(span) and "…" not in span
]


def verb_of(line: str) -> Verb:
    found = _VERB.match(line)
    assert found
    return Verb(found[1])


def test_every_verb_has_a_row_and_no_row_has_another() -> None:
    assert {verb_of(line) for line in TYPED} == set(Verb)


@pytest.mark.parametrize("line", TYPED)
def test_a_row_is_understood_as_what_it_says(line: str) -> None:
    meant = parse_command(line)

    assert isinstance(meant, MEANT[verb_of(line)])


@pytest.mark.parametrize("line", _CHAT_COMMANDS)
def test_whatever_a_document_tells_people_to_type_is_understood(line: str) -> None:
    meant = parse_command(line.replace("YOUR_BOT", "archbell_bot"))

    assert not isinstance(meant, Misunderstood)


def test_other_ways_to_say_it_mean_the_same() -> None:
    meant = parse_command("/watch node:22-slim arm64")
    others = [row[0].strip("`") for row in rows(sections(TEXT)["What else is understood"])]
    pasted = [line for line in others if line.startswith("/")]

    assert len(pasted) == 3
    assert [parse_command(line) for line in pasted] == [meant] * len(pasted)


def test_other_words_are_those_of_their_command() -> None:
    listed = [
        (row[0].strip("`"), code_spans(row[1]))
        for row in rows(sections(TEXT)["What else is understood"])
        if len(row) == 2
    ]

    assert {command for command, _ in listed} == {verb.value for verb in Verb} - {"settings"}
    for command, words in listed:
        assert {verb_named(word) for word in words} == {Verb(command)}


def test_slacks_spelling_is_that_of_the_manifest() -> None:
    table = {row[0].strip("`"): row[1].strip("`") for row in rows(slack_section())}

    assert table == spelling("")


def test_the_example_of_a_prefix_is_what_comes_of_it() -> None:
    spelt = spelling("team-")

    for verb in ("watch", "unwatch", "list"):
        assert f"`{spelt[verb]}`" in slack_section()


def slack_section() -> str:
    return sections(TEXT)["How it is typed in Slack"]


def test_the_readme_names_every_command_of_the_menu() -> None:
    body = sections(document("README.md"))["Commands in a chat"]
    named = {word for span in code_spans(body) for word in _VERB.findall(span)}

    assert named == COMMAND_MENU.keys()


def test_a_slash_command_in_a_code_block_is_understood() -> None:
    lines = [
        line.removeprefix("archbell> ")
        for text in every_document().values()
        for body in fenced(text)
        for line in body.splitlines()
        if line.startswith("archbell> ")
    ]

    assert lines
    assert not [line for line in lines if isinstance(parse_command(line), Misunderstood)]
