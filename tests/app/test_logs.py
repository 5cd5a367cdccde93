"""What the log looks like, for people and for machines, and what it never shows."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from bot.app.logs import log_to_stderr
from tests.support.canaries import canary

SECRET = canary("in-a-local-variable")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_each_action_is_one_line_of_json() -> None:
    stream = io.StringIO()

    log_to_stderr(verbose=1, stream=stream)
    structlog.get_logger().info("delivered", place="slack:C1", text="two\nlines")

    [line] = lines(stream)
    assert line["event"] == "delivered"
    assert line["level"] == "info"
    assert line["place"] == "slack:C1"
    assert str(line["timestamp"]).endswith("Z")


def test_on_a_terminal_it_is_for_people() -> None:
    stream = Terminal()

    log_to_stderr(verbose=1, stream=stream)
    structlog.get_logger().info("delivered", place="slack:C1")

    assert "delivered" in stream.getvalue()
    assert "{" not in stream.getvalue()


@pytest.mark.parametrize(
    ("verbose", "quiet", "told"),
    [
        pytest.param(0, True, ["error"], id="quiet"),
        pytest.param(0, False, ["warning", "error"], id="usually"),
        pytest.param(1, False, ["info", "warning", "error"], id="-v"),
        pytest.param(2, False, ["debug", "info", "warning", "error"], id="-vv"),
        pytest.param(5, False, ["debug", "info", "warning", "error"], id="-vvvvv"),
    ],
)
def test_each_v_tells_more(verbose: int, quiet: bool, told: list[str]) -> None:
    stream = io.StringIO()

    log_to_stderr(verbose=verbose, quiet=quiet, stream=stream)
    for level in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), level)("something_happened")

    assert [line["level"] for line in lines(stream)] == told


def test_warnings_of_libraries_and_of_python_come_in_the_same_form() -> None:
    stream = io.StringIO()

    log_to_stderr(verbose=0, stream=stream)
    logging.getLogger("aiohttp.client").warning("closing %s", "badly")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    said, warned = lines(stream)
    assert said["event"] == warned["event"] == "library_said"
    assert (said["library"], said["message"]) == ("aiohttp.client", "closing badly")
    assert warned["library"] == "py.warnings"


@pytest.mark.parametrize("verbose", [0, 2])
def test_libraries_are_not_heard_below_a_warning(verbose: int) -> None:
    stream = io.StringIO()

    log_to_stderr(verbose=verbose, stream=stream)
    logging.getLogger("httpx").info("POST https://api.telegram.org/bot%s/getUpdates", SECRET)

    assert not stream.getvalue()


@pytest.mark.parametrize("kind", [io.StringIO, Terminal], ids=["file", "terminal"])
def test_a_traceback_shows_no_local_variables(kind: type[io.StringIO]) -> None:
    stream = kind()
    log_to_stderr(verbose=0, stream=stream)

    def fail(password: str) -> None:
        raise ValueError("nothing to do with it")

    try:
        fail(SECRET)
    except ValueError:
        structlog.get_logger().exception("look_failed")
        logging.getLogger("library").exception("oops")

    assert stream.getvalue().count("ValueError: nothing to do with it") == 2
    assert "Traceback" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_set_up_twice_it_still_tells_everything_once() -> None:
    first, second = io.StringIO(), io.StringIO()

    log_to_stderr(verbose=0, stream=first)
    log_to_stderr(verbose=0, stream=second)
    logging.getLogger("aiohttp").warning("once")

    assert not first.getvalue()
    assert len(lines(second)) == 1
