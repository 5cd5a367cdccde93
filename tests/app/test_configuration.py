"""What is unwise in a configuration without being a mistake."""

from pathlib import Path

import pytest

from bot.app.configuration import Checked, check_configuration
from bot.core.errors import ConfigurationError
from tests.support.canaries import canary


def checked(folder: Path, text: str, *, mode: int = 0o644) -> Checked:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return check_configuration(path, {})


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param("[schedule]\nfast_s = 1\n", "60 is polite", id="impolite"),
        pytest.param("[schedule]\nmin_s = 4000\n", "lower `min_s`", id="crossed"),
        pytest.param(
            '[[registry]]\nhost = "ghcr.io"\nrate = 0\n', "leave `rate` out", id="no-limit"
        ),
        pytest.param(
            '[server]\nhost = "0.0.0.0"\n[page]\nenabled = true\n',
            "only this machine is shown anything",
            id="page-for-nobody-else",
        ),
        pytest.param(
            f'[network]\nproxy = "http://me:{canary("proxy")}@proxy:3128"\n',
            "chmod 600 config.toml",
            id="password-others-can-read",
        ),
    ],
)
def test_what_is_unwise_is_told_with_what_is_better(
    tmp_path: Path, text: str, warning: str
) -> None:
    [told] = checked(tmp_path, text).warnings

    assert warning in told


def test_a_name_that_a_watched_file_leaves_open_is_no_mistake_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM ${BASE}\nFROM node:22\n")
    text = '[[watch]]\nimages = ["file:Dockerfile"]\nplaces = ["terminal"]\n'

    found = checked(tmp_path, text)

    assert (found.watches, found.patterns) == (1, 0)
    [told] = found.warnings
    assert "Dockerfile:1: not watched" in told


def test_a_password_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(canary("password"))
    (tmp_path / "password").chmod(0o640)
    text = '[[registry]]\nhost = "ghcr.io"\nusername = "me"\npassword_file = "password"\n'

    [told] = checked(tmp_path, text).warnings

    assert "chmod 600 password" in told


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        pytest.param("", 0o644, id="empty"),
        pytest.param('[database]\nurl = "sqlite:///x.db"\n', 0o644, id="no-secret"),
        pytest.param(
            '[[registry]]\nhost = "ghcr.io"\nusername = "me"\npassword = "canary-x"\n',
            0o600,
            id="secret-of-ours-alone",
        ),
        pytest.param('[server]\nhost = "0.0.0.0"\n', 0o644, id="no-page"),
        pytest.param("[page]\nenabled = true\n", 0o644, id="page-for-this-machine"),
        pytest.param(
            '[server]\nhost = "localhost"\n[page]\nenabled = true\n',
            0o644,
            id="page-under-a-local-name",
        ),
        pytest.param(
            '[server]\nhost = "::"\n[page]\nenabled = true\ntoken = "canary-0123456789"\n',
            0o600,
            id="page-with-a-token",
        ),
        pytest.param(
            '[[registry]]\nhost = "a.test"\nrate = 0\nallow_private = true\n',
            0o644,
            id="own-registry-without-limit",
        ),
    ],
)
def test_what_is_fine_gets_no_warning(tmp_path: Path, text: str, mode: int) -> None:
    assert checked(tmp_path, text, mode=mode).warnings == ()


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        pytest.param('secret_file = "none"', "`secret_file`: cannot be read", id="no file"),
        pytest.param('secret = "whsec_canary!"', "must be base64", id="not base64"),
        pytest.param('secret = ""', "`secret`: is empty", id="empty"),
        pytest.param(
            'secret = "canary-x"\nca_file = "config.toml"',
            "`ca_file`: no certificates",
            id="no certificates",
        ),
    ],
)
def test_a_webhook_that_could_not_be_signed_or_reached_is_a_mistake(
    tmp_path: Path, lines: str, mistake: str
) -> None:
    text = f'[[webhook]]\nname = "ci"\nurl = "https://ci.example.com/{canary("way")}"\n{lines}\n'

    with pytest.raises(ConfigurationError) as caught:
        checked(tmp_path, text)

    [told] = caught.value.mistakes
    assert told.startswith("`webhook` block 1, ")
    assert mistake in told
    assert "canary" not in told
