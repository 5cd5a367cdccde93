"""The check for shown secrets finds what it is for."""

import asyncio
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.canaries import canary, songs_in
from tests.support.command_line import ROOT

LEAKS = {
    "printed": "print(secret)",
    "on standard error": "print(secret, file=sys.stderr)",
    "logged": "logging.getLogger('somebody').warning('sent %s', secret)",
    "in a basic header": "print(base64.b64encode(f'me:{secret}'.encode()).decode())",
}


async def run_pytest(folder: Path, body: str) -> tuple[int, str]:
    (folder / "test_leak.py").write_text(
        "import base64, logging, sys\n\n"
        f"def test_it():\n    secret = {canary('password')!r}\n    {body}\n"
    )
    plugins = ["-p", "tests.support.canaries", "-p", "no:cacheprovider"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", *plugins, "-c", "/dev/null", "--rootdir", str(folder), str(folder)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
async def test_a_test_that_shows_a_secret_in_any_way_fails(tmp_path: Path, leak: str) -> None:
    code, output = await run_pytest(tmp_path, leak)

    assert code == 1, output
    assert "A secret was shown" in output


async def test_a_test_that_keeps_its_secret_passes(tmp_path: Path) -> None:
    code, output = await run_pytest(tmp_path, "print('nothing')")

    assert code == 0, output


@pytest.mark.parametrize("user", ["", "m", "me", "you", "robot"])
def test_a_canary_is_found_in_base64_wherever_it_begins(user: str) -> None:
    header = "Basic " + b64encode(f"{user}:{canary('password')}".encode()).decode()

    assert songs_in(f"Authorization: {header}\r\n")


def test_a_signed_token_is_found_and_ordinary_text_is_not() -> None:
    token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ0ZXN0In0.c2lnbmF0dXJl"

    assert songs_in(f"Bearer {token}")
    assert not songs_in("Y2FuYXJ5 is a bird; sha256:30cc9f0493005f145ed297d562abba5b00cc90")
