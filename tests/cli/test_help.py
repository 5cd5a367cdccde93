"""What `archbell` says about itself, and how little it costs to ask."""

import re
import subprocess
import sys

import pytest
from typer._completion_shared import Shells

from bot.cli.main import app
from tests.support.command_line import ROOT, archbell

SCREEN = {"COLUMNS": "100", "TERM": "dumb"}
HEAVY = (
    "aiohttp",
    "alembic",
    "aiosqlite",
    "prometheus_client",
    "prompt_toolkit",
    "slack_sdk",
    "sqlalchemy",
    "structlog",
    "telegram",
    "tomlkit",
)
LEAVES = [
    ("check",),
    ("why",),
    ("wait",),
    ("scan",),
    ("watch",),
    ("unwatch",),
    ("list",),
    ("run",),
    ("doctor",),
    ("outbox",),
    ("outbox", "retry"),
    ("slack", "manifest"),
    ("config", "check"),
    ("config", "show"),
    ("db", "upgrade"),
]


async def test_help_teaches_the_tool_in_one_screen() -> None:
    ended = await archbell("--help", environment=SCREEN)

    assert ended.code == 0
    assert len(ended.output.splitlines()) <= 40
    for group in ("Look once", "Watch", "Run the bot"):
        assert f"─ {group} ─" in ended.output
    assert "archbell wait node:22.15-slim arm64" in ended.output
    assert "/watch node:22.15-slim arm64" in ended.output
    assert "--install-completion" in ended.output
    assert "--show-completion" in ended.output


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
async def test_every_command_says_its_exit_codes(words: tuple[str, ...]) -> None:
    ended = await archbell(*words, "--help", environment=SCREEN)

    assert ended.code == 0
    assert re.search(r"Exit\s+codes:\s+0 ", ended.output)


def test_no_command_is_missing_from_the_list_above() -> None:
    named = {info.name or info.callback.__name__ for info in app.registered_commands}  # type: ignore[union-attr]
    named |= {str(info.name) for info in app.registered_groups}

    assert named == {words[0] for words in LEAVES}


async def test_version_and_v_are_there() -> None:
    version, verbose = await archbell("--version"), await archbell("-vv", "config", "check")

    assert re.fullmatch(r"archbell \d+\.\d+\.\d+\n", version.output)
    assert verbose.code == 0


def test_the_command_line_imports_nothing_heavy_before_it_knows_the_command() -> None:
    code = "import sys, bot.cli.main; print(*sorted(sys.modules))"

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {name for name in loaded if name.partition(".")[0] in HEAVY}


def test_reading_the_configuration_loads_nothing_that_connects() -> None:
    code = "import sys, bot.config; print(*sorted(sys.modules))"

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert "bot.config" in loaded
    assert not {name for name in loaded if name.partition(".")[0] in HEAVY}


def test_a_look_without_a_store_loads_no_database_no_chat_no_log_and_no_grammar() -> None:
    code = """
import sys
from bot.cli.main import main
sys.argv = ["archbell", "check", "localhost/x:1", "arm64"]
try:
    main()
except SystemExit as ended:
    print(ended.code, *sorted(sys.modules))
"""

    code, *loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert code == "3"
    unneeded = {*HEAVY, "tenacity", "uvloop"} - {"aiohttp"}
    assert not {name for name in loaded if name.partition(".")[0] in unneeded}
    assert not [name for name in loaded if name.startswith(("bot.store", "bot.core.command"))]


@pytest.mark.parametrize("shell", [Shells.bash.value, Shells.zsh.value, Shells.fish.value])
async def test_each_shell_gets_a_completion_script(shell: str) -> None:
    ended = await archbell(
        "--show-completion",
        shell,
        environment={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )

    assert ended.code == 0
    assert f"complete_{shell}" in ended.output
