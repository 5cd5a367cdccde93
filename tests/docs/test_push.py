"""docs/push.md: every kind, address, answer and example is as the bot has it."""

import json
import re
from pathlib import Path

import pytest

from bot.app.serving import has_something_to_serve
from bot.app.tokens import hooks_of
from bot.config import load_settings
from bot.core.pushed import MAX_EVENTS, SECRET_IN_ADDRESS, Sender, read_notice
from bot.web.hooks import PATH, READ_WITHIN_S
from bot.web.server import MAX_BODY_BYTES
from tests.support.documents import document, fenced, rows, sections

TEXT = document("docs/push.md")
SECTIONS = sections(TEXT)
CODE = Path(__file__).parents[2] / "bot" / "web" / "hooks.py"
EXAMPLES = [block for block in fenced(TEXT) if "[[hook]]" in block]


def test_the_kinds_are_those_of_the_bot_with_their_way_to_prove_themselves() -> None:
    kinds = {row[0].strip("`"): row[2] for row in rows(SECTIONS["The bot's side"])}

    assert list(kinds) == [sender.value for sender in Sender]
    in_address = {kind for kind, how in kinds.items() if "end of the address" in how}
    assert in_address == {sender.value for sender in SECRET_IN_ADDRESS}


def test_the_answers_are_those_that_are_given() -> None:
    documented = {int(row[0]) for row in rows(SECTIONS["What is answered"])}
    code = CODE.read_text(encoding="utf-8")
    given = {int(status) for status in re.findall(r"\b(?:status=|Heard\.\w+, |how, )(\d{3})", code)}

    assert documented == given
    assert "ten seconds" in SECTIONS["What is answered"]
    assert READ_WITHIN_S == 10
    assert "1 MB" in SECTIONS["What is answered"]
    assert MAX_BODY_BYTES == 1_000_000
    assert f"up to {MAX_EVENTS}" in SECTIONS["Anything else"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split('"')[-4])
def test_an_example_is_a_configuration(example: str, tmp_path: Path) -> None:
    for name in re.findall(r'secret_file = "(.+)"', example):
        (tmp_path / name).write_text("0123456789abcdef" * 4, encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(example, encoding="utf-8")

    settings = load_settings(path, {})

    assert has_something_to_serve(settings)
    for hook in hooks_of(settings):
        slash = "/SECRET" if hook.sender in SECRET_IN_ADDRESS else ""
        assert f"{PATH}/{hook.name}{slash}" in TEXT


def test_there_is_an_example_of_each_kind() -> None:
    kinds = re.findall(r'kind = "(\w+)"', "\n".join(EXAMPLES))

    assert sorted(kinds) == sorted(sender.value for sender in Sender)


def test_the_generic_form_is_understood() -> None:
    [shown] = re.findall(r"--json '(\{.+?\})'", TEXT, re.DOTALL)
    body = json.dumps(json.loads(shown)).encode()

    [pushed] = read_notice(
        Sender.GENERIC, body, registry=None, event_type="", cap_bytes=MAX_BODY_BYTES
    ).pushed

    assert str(pushed.reference) == "registry.example.com/team/app:1.2"
    assert pushed.event == "build-77"
