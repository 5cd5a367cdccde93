"""`archbell config` and `archbell db`, as scripts meet them."""

import tomllib
from pathlib import Path

from bot.store.inspection import upgrade_store
from tests.support.canaries import canary, songs_in
from tests.support.command_line import archbell

CONFIG = f"""
default_platforms = ["arm64", "linux/arm/v7"]
[database]
url = "postgresql://bell:{canary("database")}@db.example.com/archbell?password={canary("query")}"
[schedule]
fast_s = 30
[[registry]]
host = "ghcr.io"
username = "me"
password = "{canary("registry")}"
places = ["slack:C1"]
"""


def write(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


async def test_show_gives_what_holds_with_its_origin_and_hides_secrets(tmp_path: Path) -> None:
    environment = {
        "ARCHBELL_NETWORK__PROXY": f"http://me:{canary('proxy')}@proxy:3128",
        "ARCHBELL_LOOKS__CONCURRENCY": "7",
    }

    ended = await archbell(
        "--config", write(tmp_path, CONFIG), "config", "show", environment=environment
    )

    assert ended.code == 0
    shown = tomllib.loads(ended.output)
    assert shown["default_platforms"] == ["linux/arm64", "linux/arm/v7"]
    assert shown["schedule"]["fast_s"] == 30
    assert shown["looks"]["concurrency"] == 7
    assert shown["database"]["url"] == "postgresql://bell:(hidden)@db.example.com/archbell"
    assert shown["network"]["proxy"] == "http://me:(hidden)@proxy:3128"
    assert shown["registry"][0]["password"] == "(hidden)"
    assert shown["registry"][0]["places"] == ["slack:C1"]
    lines = {line.partition(" = ")[0]: line for line in ended.output.splitlines()}
    assert lines["fast_s"].endswith("# file")
    assert lines["growth"].endswith("# default")
    assert lines["concurrency"].endswith("# ARCHBELL_LOOKS__CONCURRENCY")
    assert "# ca_file is not set" in lines
    assert not songs_in(ended.output + ended.errors)


async def test_check_tells_all_mistakes_at_once(tmp_path: Path) -> None:
    text = "[schedule]\nfast = 1\n[looks]\nconcurrency = 0\n[[registry]]\nhost = 'HTTP://x'\n"

    ended = await archbell(
        "--config",
        write(tmp_path, text),
        "config",
        "check",
        environment={"ARCHBELL_NONSENSE": "1"},
    )

    assert ended.code == 2
    assert not ended.output
    for mistake in ("`fast`", "`concurrency`", "`registry` block 1, `host`", "ARCHBELL_NONSENSE"):
        assert mistake in ended.errors
    assert all(line.startswith("archbell: ") for line in ended.errors.splitlines())


async def test_check_reads_the_files_that_are_named(tmp_path: Path) -> None:
    block = '[[registry]]\nhost = "{}"\n'
    text = "\n".join(
        [
            '[database]\nurl = "mysql://me:secret@db/x"',
            block.format("ghcr.io") + 'username = "me"\npassword_file = "missing"',
            block.format("quay.io") + 'ca_file = "config.toml"',
        ]
    )

    ended = await archbell("--config", write(tmp_path, text), "config", "check")

    assert ended.code == 2
    assert "`registry` block 1, `password_file`: cannot be read" in ended.errors
    assert "`registry` block 2, `ca_file`: no certificates" in ended.errors
    assert "`database`, `url`: names no known database" in ended.errors
    assert "secret" not in ended.errors


async def test_check_says_what_it_read_and_warns_of_what_is_unwise(tmp_path: Path) -> None:
    text = CONFIG + "plain_http = true\n"

    ended = await archbell("--config", write(tmp_path, text, mode=0o644), "config", "check")

    assert ended.code == 0
    assert f"Read: {tmp_path / 'config.toml'}" in ended.output
    assert "Registries configured: ghcr.io" in ended.output
    assert "other users can read the secret" in ended.output
    assert "the password travels where others can read it" in ended.output
    assert ended.output.endswith("No mistakes, 2 warnings.\n")


async def test_without_a_file_check_says_that_the_defaults_hold(tmp_path: Path) -> None:
    ended = await archbell("config", "check", folder=tmp_path)

    assert ended.code == 0
    assert "no file, so the defaults hold" in ended.output
    assert ended.output.endswith("No mistakes.\n")


async def test_upgrade_makes_a_database_and_says_with_which_version(tmp_path: Path) -> None:
    ended = await archbell("db", "upgrade", folder=tmp_path)

    assert ended.code == 0
    assert "archbell.db: made, with version 0" in ended.output


async def test_upgrade_says_when_there_was_nothing_to_do(tmp_path: Path) -> None:
    await upgrade_store(f"sqlite:///{tmp_path / 'archbell.db'}")

    ended = await archbell("db", "upgrade", folder=tmp_path)

    assert ended.code == 0
    assert "has the newest version already" in ended.output


async def test_upgrade_of_what_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "archbell.db").write_text("nothing of the kind" * 100)

    ended = await archbell("db", "upgrade", folder=tmp_path)

    assert ended.code == 3
    assert len(ended.errors.splitlines()) == 1
