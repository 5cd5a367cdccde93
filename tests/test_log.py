"""The log, and that it costs nothing before there is something to say."""

import os
import subprocess
import sys

import structlog
from structlog.testing import capture_logs

from bot.log import Log, before_the_first_line
from tests.support.command_line import ROOT


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )


def test_structlog_is_loaded_and_set_up_by_the_first_line_and_not_before() -> None:
    code = """
import sys
from bot.app.logs import log_to_stderr
from bot.log import Log
log_to_stderr(verbose=0)
log = Log("here")
print("structlog" in sys.modules)
log.warning("first", number=7)
print("structlog" in sys.modules)
"""

    ended = run(code)

    assert ended.stdout.split() == ["False", "True"]
    assert '"event": "first"' in ended.stderr
    assert '"number": 7' in ended.stderr


def test_what_is_set_up_last_before_the_first_line_is_what_holds() -> None:
    code = """
from bot.log import Log, before_the_first_line
before_the_first_line(lambda: print("former"))
before_the_first_line(lambda: print("latter"))
Log("here").info("first")
Log("there").info("second")
"""

    ended = run(code)

    assert ended.stdout.count("latter") == 1
    assert "former" not in ended.stdout


def test_with_structlog_loaded_it_is_set_up_at_once() -> None:
    done: list[str] = []

    assert structlog.get_logger() is not None
    before_the_first_line(lambda: done.append("prepared"))

    assert done == ["prepared"]


def test_every_level_is_told_with_its_fields() -> None:
    log = Log("here")

    with capture_logs() as lines:
        log.debug("a", n=1)
        log.info("b", n=2)
        log.warning("c", n=3)
        log.error("d", n=4)
        try:
            int("no number")
        except ValueError:
            log.exception("e", n=5)

    assert [(line["event"], line["log_level"], line["n"]) for line in lines] == [
        ("a", "debug", 1),
        ("b", "info", 2),
        ("c", "warning", 3),
        ("d", "error", 4),
        ("e", "error", 5),
    ]
    assert lines[-1]["exc_info"] is True
