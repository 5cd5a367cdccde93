"""A failed test is reported as such, whatever the garbage collector finds meanwhile."""

import asyncio
import sys
from pathlib import Path

FAILING = """
import ast
import gc

import pytest


class Forgotten:
    def __init__(self):
        self.me = self

    def __del__(self):
        ast.parse("[1, [2, [3]]]")


def leave_one_more(phase, info):
    if phase == "stop":
        Forgotten()


@pytest.fixture
def litter():
    gc.callbacks.append(leave_one_more)
    yield
    gc.callbacks.remove(leave_one_more)
    gc.set_threshold(1000)
    gc.collect()


def test_that_fails(litter):
    gc.set_threshold(1, 1, 1)
    assert 1 == 2
"""


async def test_a_failure_is_no_internal_error(tmp_path: Path) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    options = ("-q", "-c", "/dev/null", "--rootdir", str(tmp_path), "-p", "no:cacheprovider")

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", *options, "-p", "tests.support.undisturbed"),
        tmp_path / "test_failing.py",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()

    assert "1 failed" in said, said
    assert "INTERNALERROR" not in said
