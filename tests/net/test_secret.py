"""Secrets keep themselves."""

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
