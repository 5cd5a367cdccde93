"""Programs on the machine are found or named, and no test gets off the machine."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.components import REQUIRE_ALL, require
from tests.support.loopback import LeftTheMachine, only_loopback


def test_a_program_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "made-for-this-test"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert require("made-for-this-test", "some-package") == program


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        pytest.param("", pytest.skip.Exception, id="skipped"),
        pytest.param("1", pytest.fail.Exception, id="failed where everything is required"),
    ],
)
def test_a_missing_program_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch, value: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, value)

    with pytest.raises(outcome) as caught:
        require("no-such-program", "its-package")

    expected = "no-such-program is not installed; run: apt-get install its-package"
    assert str(caught.value) == expected


def test_a_connection_that_would_leave_the_machine_fails_the_test_even_if_it_is_swallowed() -> None:
    def swallow() -> None:
        with (
            only_loopback(),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gate,
            suppress(Exception),
        ):
            gate.connect(("203.0.113.1", 53))

    with pytest.raises(LeftTheMachine, match=r"203\.0\.113\.1"):
        swallow()


async def test_a_name_is_not_looked_up_outside() -> None:
    with pytest.raises(LeftTheMachine, match=r"registry\.example"), only_loopback():
        await asyncio.get_running_loop().getaddrinfo("registry.example", 443)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "192.0.2.1", None])
def test_loopback_names_and_addresses_are_resolved(name: str | None) -> None:
    with only_loopback():
        assert socket.getaddrinfo(name, 80)


def test_an_invalid_name_does_not_resolve_and_harms_nobody() -> None:
    with only_loopback(), pytest.raises(socket.gaierror):
        socket.getaddrinfo("registry.invalid", 443)


@given(st.integers())
def test_properties_run_under_the_guard(number: int) -> None:
    assert number == int(str(number))
