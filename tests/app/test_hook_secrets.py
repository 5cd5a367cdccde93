"""The secrets of [[hook]] and [[webhook]] blocks, which are refused before anything is served."""

from pathlib import Path

import pytest

from bot.app.configuration import check_configuration
from bot.app.tokens import hooks_of, webhooks_of
from bot.config import load_settings
from bot.core.errors import ConfigurationError
from bot.core.pushed import Sender

LONG = "canary-of-a-hook-0123456789"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def block(kind: str, *more: str, secret: str = LONG) -> tuple[str, ...]:
    return ("[[hook]]", f'name = "{kind}"', f'kind = "{kind}"', f'secret = "{secret}"', *more)


@pytest.mark.parametrize(
    ("kind", "more", "registry"),
    [
        pytest.param("dockerhub", (), "docker.io", id="docker hub"),
        pytest.param("github", (), "ghcr.io", id="github"),
        pytest.param("quay", (), "quay.io", id="quay"),
        pytest.param("quay", ('registry = "quay.example.com"',), "quay.example.com", id="own quay"),
        pytest.param("generic", (), None, id="generic"),
        pytest.param(
            "distribution", ('registry = "localhost:5000"',), "localhost:5000", id="distribution"
        ),
    ],
)
def test_a_hook_speaks_for_one_registry(
    tmp_path: Path, kind: str, more: tuple[str, ...], registry: str | None
) -> None:
    settings = load_settings(written(tmp_path, *block(kind, *more)), {})

    [hook] = hooks_of(settings)

    assert (hook.name, hook.sender, hook.registry) == (kind, Sender(kind), registry)
    assert hook.secret.reveal() == LONG


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{LONG}\n", encoding="utf-8")
    lines = ("[[hook]]", 'name = "q"', 'kind = "quay"', 'secret_file = "secret"')

    [hook] = hooks_of(load_settings(written(tmp_path, *lines), {}))

    assert hook.secret.reveal() == LONG


WEAK = [
    pytest.param(block("github", secret="short"), "fewer than 16", id="short"),
    pytest.param(block("github", secret=""), "fewer than 16", id="empty"),
    pytest.param(block("quay", secret=f"{LONG}/x"), "stands in an address", id="a slash"),
    pytest.param(block("generic", secret="whsec_!!!!!!!!!!!!!!!!"), "base64", id="no base64"),
    pytest.param(
        ("[[hook]]", 'name = "q"', 'kind = "quay"', 'secret_file = "missing"'),
        "cannot be read",
        id="no file",
    ),
]


@pytest.mark.parametrize(("lines", "told"), WEAK)
def test_a_weak_secret_is_refused_by_the_bot_and_by_the_check(
    tmp_path: Path, lines: tuple[str, ...], told: str
) -> None:
    path = written(tmp_path, *lines)

    with pytest.raises(ConfigurationError, match=f"^`hook` block 1, .*{told}"):
        hooks_of(load_settings(path, {}))
    with pytest.raises(ConfigurationError, match=f"^`hook` block 1, .*{told}"):
        check_configuration(path, {})


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(
            block("harbor"), r"`hook` block 1: `registry` is missing", id="no usual registry"
        ),
        pytest.param(
            block("harbor", 'registry = "https://x"'), "write the host as it stands", id="a URL"
        ),
        pytest.param(block("gitlab"), "`kind`: must be 'distribution'", id="unknown kind"),
        pytest.param(
            (*block("quay"), 'secret_file = "x"'), "one of the two", id="both, secret and file"
        ),
        pytest.param((*block("quay"), *block("quay")), "more than one block is named quay", id="2"),
    ],
)
def test_a_block_that_makes_no_sense_is_named(
    tmp_path: Path, lines: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        load_settings(written(tmp_path, *lines), {})

    assert LONG not in str(caught.value)


@pytest.mark.parametrize(("secret", "told"), [("", "is empty"), ("whsec_!", "base64")])
def test_a_webhook_that_could_not_sign_is_refused(tmp_path: Path, secret: str, told: str) -> None:
    lines = ("[[webhook]]", 'name = "n"', 'url = "https://ci.example.com"', f'secret = "{secret}"')
    settings = load_settings(written(tmp_path, *lines), {})

    with pytest.raises(ConfigurationError, match=told):
        webhooks_of(settings)
