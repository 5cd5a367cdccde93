"""docs/cli.md and the README name every command, option, argument and exit code."""

import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from bot.cli.main import app
from bot.flows.wait import Verdict
from tests.support.command_line import archbell
from tests.support.documents import (
    code_spans,
    document,
    entries,
    every_document,
    fenced,
    rows,
    sections,
)

Tree = TyperCommand | TyperGroup

_EXIT_CODES = re.compile(r"Exit\s+codes:\s+(.+?)\.?\s*(?:\n\n|\Z)", re.DOTALL)
_COMMAND = re.compile(
    r"^(?:\$ |docker exec archbell )?(?:\.venv/bin/)?archbell((?: +[^\s#&|>]+)*)", re.MULTILINE
)


def walked(command: Tree, name: str = "archbell") -> Iterator[tuple[str, Tree]]:
    """The command and those below it, by what people type for them."""
    yield name, command
    if isinstance(command, TyperGroup):
        for below, sub in command.commands.items():
            assert isinstance(sub, TyperCommand | TyperGroup)
            yield from walked(sub, f"{name} {below}")


def tree() -> dict[str, Tree]:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return dict(walked(root))


def does_something(command: Tree) -> bool:
    return not isinstance(command, TyperGroup) or command.invoke_without_command


TREE = tree()
COMMANDS = [name for name, command in TREE.items() if name == "archbell" or does_something(command)]
WITH_CODES = [name for name in COMMANDS if name != "archbell"]
DOCUMENTED = sections(document("docs/cli.md"))


def words_of(command: Tree) -> set[str]:
    """What can be typed after a command: its options in all forms, and its arguments."""
    options = {
        word
        for param in command.params
        if isinstance(param, TyperOption)
        for word in (*param.opts, *param.secondary_opts)
    }
    arguments = {
        param.metavar or str(param.name)
        for param in command.params
        if isinstance(param, TyperArgument)
    }
    return (options | arguments) - {"--help", "-h"}


def documented_words(body: str) -> dict[str, str]:
    """What the document says can be typed after a command, each with the metavar it shows."""
    found = {}
    for code, _ in entries(body):
        for word in re.findall(r"`([^`]+)`", code):
            name, _, metavar = word.partition(" ") if word.startswith("-") else (word, "", "")
            found[name] = metavar
    return found


def exit_codes(text: str) -> dict[int, str]:
    """The codes of a sentence such as `Exit codes: 0 shown, 2 wrong usage.`, and their meaning."""
    found = _EXIT_CODES.search(text)
    assert found, f"no exit codes in: {text}"
    parts = re.split(r"[,;] (?=\d+ )", " ".join(found[1].split()))
    return {int(code): meaning for code, _, meaning in (part.partition(" ") for part in parts)}


def test_the_document_has_every_command_and_no_other() -> None:
    assert DOCUMENTED.keys() == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_document_has_every_option_and_argument_and_no_other(name: str) -> None:
    words = documented_words(DOCUMENTED[name]).keys() - {"--help", "-h"}

    assert words == words_of(TREE[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_options_that_take_a_value_are_documented_with_its_name(name: str) -> None:
    shown = documented_words(DOCUMENTED[name])
    options = [param for param in TREE[name].params if isinstance(param, TyperOption)]

    for param in options:
        if param.metavar is not None:
            assert shown[param.opts[0]] == param.metavar


@pytest.mark.parametrize("name", COMMANDS)
def test_the_document_gives_the_defaults_of_options(name: str) -> None:
    body = " ".join(DOCUMENTED[name].split())
    options = [param for param in TREE[name].params if isinstance(param, TyperOption)]

    for param in options:
        if isinstance(param.default, str | int) and not param.is_flag and not param.count:
            assert f"default `{param.default}`" in body


@pytest.mark.parametrize("name", WITH_CODES)
def test_the_document_gives_the_exit_codes_of_the_help(name: str) -> None:
    helped = exit_codes(TREE[name].help or "")

    assert exit_codes(DOCUMENTED[name]) == helped


@pytest.mark.parametrize("name", WITH_CODES)
def test_the_readme_gives_the_exit_codes_of_the_help(name: str) -> None:
    body = sections(document("README.md"))["For scripts and CI"]
    table = {cells[0].split("`")[1]: cells[1] for cells in rows(body)}

    codes = [int(code) for code in re.findall(r"(?:^|, )(\d+) ", table[name])]

    assert codes == list(exit_codes(TREE[name].help or ""))


def test_the_readme_has_no_command_that_does_not_exist() -> None:
    body = sections(document("README.md"))["For scripts and CI"]

    assert {cells[0].split("`")[1] for cells in rows(body)} == set(WITH_CODES)


def test_the_codes_of_looks_are_those_the_program_ends_with() -> None:
    verdicts = {verdict.value for verdict in Verdict} | {2}

    assert exit_codes(DOCUMENTED["archbell wait"]).keys() == verdicts


@pytest.mark.parametrize("name", WITH_CODES)
async def test_wrong_usage_ends_with_the_code_that_is_documented(name: str) -> None:
    ended = await archbell(*name.split()[1:], "--no-such-option")

    assert ended.code == 2
    assert ended.code in exit_codes(DOCUMENTED[name])


def test_every_command_line_in_a_document_is_one_that_exists() -> None:
    texts = [
        text for shown in every_document().values() for text in (*code_spans(shown), *fenced(shown))
    ]

    typed = {line.strip() for text in texts for line in _COMMAND.findall(text)}

    assert {"run", "config check"} <= typed
    assert not {line for line in typed if not exists(line)}


def exists(line: str) -> bool:
    """Whether the command of a line, and its options, are the program's."""
    words = [word.partition("=")[0] for word in line.split()]
    names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
    name, known = "archbell", words_of(TREE["archbell"]) | {"--help", "-h"}
    for word in names:
        if f"{name} {word}" not in TREE:
            break
        name = f"{name} {word}"
        known |= words_of(TREE[name])
    is_command = name != "archbell" or not names
    return is_command and {word for word in words if word.startswith("-")} <= known
