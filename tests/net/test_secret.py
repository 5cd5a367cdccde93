"""Secrets keep themselves."""

import copy
import dataclasses
import io
import json
import logging
import pickle
from collections.abc import Callable

import pytest
import structlog
from rich.console import Console
from rich.pretty import Pretty

from bot.net.secret import Secret
from bot.net.settings import RegistrySettings

CANARY = "canary-password"


def test_a_secret_shows_itself_only_when_asked_by_name() -> None:
    settings = RegistrySettings("registry.test", username="me", password=Secret(CANARY))

    shown = f"{settings} {settings!r} {settings.password} {settings.password!r} {[settings]}"

    assert CANARY not in shown
    assert settings.password is not None
    assert settings.password.reveal() == CANARY


def test_secrets_of_the_same_text_are_equal() -> None:
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


def _rich(secret: Secret) -> str:
    out = io.StringIO()
    Console(file=out).print(Pretty({"password": secret}), secret)
    return out.getvalue()


def _logged(secret: Secret) -> str:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%s %r", (secret, secret), None)
    return record.getMessage()


def _as_event(secret: Secret) -> str:
    event = {"event": "asked", "password": secret}
    rendered = structlog.processors.JSONRenderer()(None, "info", dict(event))
    console = structlog.dev.ConsoleRenderer()(None, "info", dict(event))
    return f"{rendered!r} {console}"


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param("{:}".format, id="format"),
        pytest.param("{0!r:>40}".format, id="padded"),
        pytest.param("%s".__mod__, id="percent"),
        pytest.param(lambda secret: json.dumps({"p": secret}, default=str), id="json"),
        pytest.param(lambda secret: str(copy.deepcopy([secret])), id="copied"),
        pytest.param(_rich, id="rich"),
        pytest.param(_logged, id="logging"),
        pytest.param(_as_event, id="structlog"),
    ],
)
def test_no_way_of_showing_things_shows_a_secret(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(CANARY))

    assert shown
    assert CANARY not in shown


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not to be written down"):
        pickle.dumps(Secret(CANARY), protocol)


def test_settings_with_a_secret_can_be_taken_apart_without_showing_it() -> None:
    settings = RegistrySettings("registry.test", password=Secret(CANARY))

    fields = dataclasses.asdict(settings)

    assert fields["password"] == Secret(CANARY)
    assert CANARY not in str(fields)


def test_a_secret_is_no_json() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(Secret(CANARY))
