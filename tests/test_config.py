from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config import (
    RegistryBlock,
    Settings,
    configured_services,
    load_settings,
    parse_place,
    scalar_variables,
)
from bot.core.errors import ConfigurationError, InvalidInput
from bot.core.model import TERMINAL, Place
from bot.core.platform import Platform


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_and_an_environment_the_defaults_hold() -> None:
    settings = load_settings(None, {})

    assert settings == Settings(folder=Path.cwd())
    assert settings.default_platforms == (Platform("linux", "arm64"),)
    assert settings.watch_for == timedelta(days=7)


def test_a_file_is_read_and_its_folder_kept(file: Path) -> None:
    file.write_text(
        'default_platforms = ["arm64", "armv7l"]\n'
        "[network]\n"
        'proxy = "http://user:word@proxy.example.com:3128/"\n'
        "[[registry]]\n"
        'host = "registry.example.com:5000"\n'
        'endpoint = "http://10.0.0.1:5000/"\n'
        "plain_http = true\n"
        'username = "me"\n'
        'password = "secret"\n'
        'places = ["terminal", "slack:C1", "telegram:-100:7"]\n',
        encoding="utf-8",
    )

    settings = load_settings(file, {})

    assert settings.default_platforms == (Platform("linux", "arm64"), Platform("linux", "arm"))
    assert settings.network.proxy is not None
    assert settings.network.proxy.get_secret_value() == "http://user:word@proxy.example.com:3128/"
    assert settings.folder == file.parent.resolve()
    assert settings.registry == (
        RegistryBlock(
            host="registry.example.com:5000",
            endpoint="http://10.0.0.1:5000",
            plain_http=True,
            username="me",
            password=SecretStr("secret"),
            places=(TERMINAL, Place("slack", "C1"), Place("telegram", "-100", "7")),
        ),
    )


def test_a_byte_order_mark_is_no_mistake(file: Path) -> None:
    file.write_text("[schedule]\nfast_s = 30\n", encoding="utf-8-sig")

    assert load_settings(file, {}).schedule.fast_s == 30


def test_the_environment_wins_over_the_file(file: Path) -> None:
    file.write_text("[schedule]\nfast_s = 90\nmin_s = 200\n", encoding="utf-8")
    environ = {
        "ARCHBELL_SCHEDULE__FAST_S": "30",
        "ARCHBELL_NETWORK__ALLOW_ANY_PUBLIC_REGISTRY": "true",
        "ARCHBELL_CONFIG": str(file),
        "ARCHBELL_CORPUS": "/somewhere",
        "ARCHBELL_REQUIRE_ALL": "1",
        "HOME": "/root",
    }

    settings = load_settings(file, environ)

    assert settings.schedule.fast_s == 30
    assert settings.schedule.min_s == 200
    assert settings.network.allow_any_public_registry


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("ARCHBELL_SCHEDULE__FSAT_S", "unknown setting", id="misspelt"),
        pytest.param("ARCHBELL_SCHEDULE", "unknown setting", id="section"),
        pytest.param("ARCHBELL_FOLDER", "unknown setting", id="internal field"),
        pytest.param("ARCHBELL_", "unknown setting", id="prefix alone"),
        pytest.param("ARCHBELL_DEFAULT_PLATFORMS", "lists can only stand in the file", id="a list"),
        pytest.param("ARCHBELL_REGISTRY", "lists can only stand in the file", id="blocks"),
    ],
)
def test_a_variable_that_is_no_setting_is_a_mistake(name: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, {name: "arm64"})

    assert caught.value.mistakes == (f"{name}: {sentence}",)


def test_a_bad_value_of_the_environment_is_reported_by_its_variable() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, {"ARCHBELL_SCHEDULE__FAST_S": "often"})

    assert caught.value.mistakes == ("ARCHBELL_SCHEDULE__FAST_S: must be a valid number",)


def test_variables_are_the_scalar_settings_and_nothing_else() -> None:
    known = scalar_variables()

    assert known["ARCHBELL_DATABASE__URL"] == ("database", "url")
    assert not known.keys() & {
        "ARCHBELL_FOLDER",
        "ARCHBELL_DEFAULT_PLATFORMS",
        "ARCHBELL_REGISTRY",
    }


def test_a_file_that_is_not_there_is_said_with_what_to_do(file: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {})

    assert str(caught.value) == (
        f"{file}: there is no such file; copy config.example.toml and edit it"
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"[schedule\n", "not valid TOML: ", id="no TOML"),
        pytest.param(b"\xff\xfe", "cannot be read: not UTF-8", id="not UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_said(file: Path, body: bytes, sentence: str) -> None:
    file.write_bytes(body)

    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {})

    assert str(caught.value).startswith(f"{file}: {sentence}")


def test_a_folder_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path, {})

    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_settings_do_not_show_secrets() -> None:
    settings = Settings.model_validate(
        {
            "database": {"url": "postgresql://me:hunter2@localhost/archbell"},
            "network": {"proxy": "http://me:hunter2@proxy:3128"},
            "registry": [{"host": "ghcr.io", "username": "me", "password": "hunter2"}],
        }
    )

    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("terminal", TERMINAL, id="terminal"),
        pytest.param("slack:C0123", Place("slack", "C0123"), id="conversation"),
        pytest.param("telegram:-100:7", Place("telegram", "-100", "7"), id="thread"),
    ],
)
def test_a_place_is_written_as_it_is_shown(text: str, place: Place) -> None:
    assert parse_place(text) == place
    assert str(place) == text


@pytest.mark.parametrize("text", ["", "slack", "slack:", "terminal:1", "irc:x"], ids=repr)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no place"):
        parse_place(text)


def test_settings_can_be_made_of_values() -> None:
    settings = Settings(default_platforms=(Platform("linux", "s390x"),))

    assert settings.default_platforms == (Platform("linux", "s390x"),)


def test_only_the_services_with_a_token_can_be_told_anything(file: Path) -> None:
    file.write_text('[telegram]\ntoken = "123:abc"\n', encoding="utf-8")

    assert configured_services(Settings()) == {"terminal"}
    assert configured_services(load_settings(file, {})) == {"telegram", "terminal"}
