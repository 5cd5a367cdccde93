from pathlib import Path

import pytest

from bot.config import load_settings
from bot.core.errors import ConfigurationError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def mistakes_of(file: Path, text: str, **environ: str) -> tuple[str, ...]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, environ)
    return caught.value.mistakes


MISTAKES = {
    "unknown key": ("fast = 1", "`fast`: unknown setting"),
    "unknown section": ("[scheduel]", "`scheduel`: unknown setting"),
    "unknown key of a section": ("[looks]\nfast = 1", "`looks`, `fast`: unknown setting"),
    "internal field": ('folder = "/"', "`folder`: unknown setting"),
    "no number": ('[schedule]\nfast_s = "x"', "`schedule`, `fast_s`: must be a valid number"),
    "not above zero": ("[schedule]\nfast_s = 0", "`schedule`, `fast_s`: must be greater than 0"),
    "not a number at all": (
        "[schedule]\nfast_s = nan",
        "`schedule`, `fast_s`: must be less than or equal to 315360000",
    ),
    "endless": (
        "[limits]\nwatch_for_s = inf",
        "`limits`, `watch_for_s`: must be less than or equal to 315360000",
    ),
    "confirmed too late": (
        "[schedule]\nconfirm_s = 301",
        "`schedule`, `confirm_s`: must be less than or equal to 300",
    ),
    "lease too short": (
        "[looks]\ntimeout_s = 60\nlease_s = 64",
        "`looks`: `lease_s` must be at least 5 s longer than `timeout_s`",
    ),
    "no platforms": ("default_platforms = []", "`default_platforms`: must not be empty"),
    "platforms are no list": ('default_platforms = "arm64"', "`default_platforms`: must be a list"),
    "platform is no text": (
        "default_platforms = [5]",
        "`default_platforms` item 1: must be a text such as arm64",
    ),
    "place is no text": (
        '[[registry]]\nhost = "ghcr.io"\nplaces = [{service = "slack"}]',
        "`registry` block 1, `places` item 1: must be a text such as slack:C0123",
    ),
    "database with a control character": (
        '[database]\nurl = "sqlite:///a\\u0000hunter2.db"',
        "`database`, `url`: has control characters; write it as sqlite:///archbell.db or "
        "postgresql://user:password@host/archbell",
    ),
    "database is no text": ("[database]\nurl = 5", "`database`, `url`: must be a valid string"),
    "proxy of another kind": (
        '[network]\nproxy = "socks5://me:hunter2@proxy"',
        "`network`, `proxy`: write it as http://host:port or https://user:password@host:port",
    ),
    "proxy without a host": (
        '[network]\nproxy = "http://:3128"',
        "`network`, `proxy`: write it as http://host:port or https://user:password@host:port",
    ),
    "proxy with an impossible port": (
        '[network]\nproxy = "http://me:hunter2@proxy:99999"',
        "`network`, `proxy`: write it as http://host:port or https://user:password@host:port",
    ),
    "proxy with a path": (
        '[network]\nproxy = "http://proxy/hunter2"',
        "`network`, `proxy`: write it as http://host:port or https://user:password@host:port",
    ),
    "two blocks for one host": (
        '[[registry]]\nhost = "ghcr.io"\n[[registry]]\nhost = "ghcr.io"',
        "`registry`: more than one block for ghcr.io",
    ),
    "no host": ("[[registry]]", "`registry` block 1, `host`: is missing"),
    "host in capitals": (
        '[[registry]]\nhost = "GHCR.io"',
        "`registry` block 1, `host`: write the host as it stands in references: ghcr.io",
    ),
    "host of another name": (
        '[[registry]]\nhost = "ghcr.io"\n[[registry]]\nhost = "registry-1.docker.io"',
        "`registry` block 2, `host`: write the host as it stands in references: docker.io",
    ),
    "host that is a word": (
        '[[registry]]\nhost = "mine"',
        "`registry` block 1, `host`: write the host as it stands in references, such as ghcr.io",
    ),
    "host with a login": (
        '[[registry]]\nhost = "me:hunter2@ghcr.io"',
        "`registry` block 1, `host`: write the host as it stands in references, such as ghcr.io",
    ),
    "endpoint with a path": (
        '[[registry]]\nhost = "ghcr.io"\nendpoint = "https://ghcr.io/v2"',
        "`registry` block 1, `endpoint`: "
        "write it as https://host or http://host:port, without a path",
    ),
    "endpoint with a login": (
        '[[registry]]\nhost = "ghcr.io"\nendpoint = "https://me:hunter2@ghcr.io"',
        "`registry` block 1, `endpoint`: "
        "write it as https://host or http://host:port, without a path",
    ),
    "plain endpoint": (
        '[[registry]]\nhost = "a.example"\nendpoint = "http://a.example"',
        "`registry` block 1: an `endpoint` with http:// needs `plain_http = true`",
    ),
    "password without a name": (
        '[[registry]]\nhost = "ghcr.io"\npassword = "hunter2"',
        "`registry` block 1: `username` and `password` (or `password_file`) go together",
    ),
    "name without a password": (
        '[[registry]]\nhost = "ghcr.io"\nusername = "me"',
        "`registry` block 1: `username` and `password` (or `password_file`) go together",
    ),
    "two passwords": (
        '[[registry]]\nhost = "ghcr.io"\nusername = "me"\npassword = "hunter2"\n'
        'password_file = "hunter2.txt"',
        "`registry` block 1: give `password` or `password_file`, not both",
    ),
    "password is no text": (
        '[[registry]]\nhost = "ghcr.io"\npassword = 5',
        "`registry` block 1, `password`: must be a valid string",
    ),
    "file is no path": (
        '[[registry]]\nhost = "ghcr.io"\nca_file = 5',
        "`registry` block 1, `ca_file`: must be a path",
    ),
    "place of no service": (
        '[[registry]]\nhost = "ghcr.io"\nplaces = ["terminal", "irc:x"]',
        "`registry` block 1, `places` item 2: "
        "'irc:x' is no place: write terminal, slack:C0123, telegram:-100123:topic or webhook:name",
    ),
    "webhook without a secret": (
        '[[webhook]]\nname = "a"\nurl = "https://ci.example.com/x"',
        "`webhook` block 1: give `secret` or `secret_file`, one of the two",
    ),
    "webhook with two secrets": (
        '[[webhook]]\nname = "a"\nurl = "https://ci.example.com/x"\nsecret = "canary-1"\n'
        'secret_file = "x"',
        "`webhook` block 1: give `secret` or `secret_file`, one of the two",
    ),
    "webhook of plain http": (
        '[[webhook]]\nname = "a"\nurl = "http://ci.example.com/x"\nsecret = "canary-1"',
        "`webhook` block 1: a private address, or http://, needs `allow_private = true`",
    ),
    "webhook at a private address": (
        '[[webhook]]\nname = "a"\nurl = "https://192.168.1.2/x"\nsecret = "canary-1"',
        "`webhook` block 1: a private address, or http://, needs `allow_private = true`",
    ),
    "webhook with a login in its address": (
        '[[webhook]]\nname = "a"\nurl = "https://u:canary-1@ci.example.com"\nsecret = "canary-1"',
        "`webhook` block 1, `url`: write it as https://host/path",
    ),
    "webhook at a broken address": (
        '[[webhook]]\nname = "a"\nurl = "https://[ci"\nsecret = "canary-1"',
        "`webhook` block 1, `url`: write it as https://host/path",
    ),
    "webhook named as none can be": (
        '[[webhook]]\nname = "A b"\nurl = "https://ci.example.com"\nsecret = "canary-1"',
        "`webhook` block 1, `name`: up to 40 small letters, digits, - and _, such as nightly-build",
    ),
    "webhooks of one name": (
        '[[webhook]]\nname = "a"\nurl = "https://ci.example.com"\nsecret = "canary-1"\n' * 2,
        "`webhook`: more than one block is named a",
    ),
    "rate without an end": (
        '[[registry]]\nhost = "ghcr.io"\nrate = inf',
        "`registry` block 1, `rate`: must be less than or equal to 10000",
    ),
    "blocks are no list": ("registry = 3", "`registry`: must be a list"),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_sentence_that_names_its_place(file: Path, text: str, sentence: str) -> None:
    assert mistakes_of(file, text) == (sentence,)


def test_no_mistake_repeats_a_secret(file: Path) -> None:
    for text, _ in MISTAKES.values():
        assert "hunter2" not in "".join(mistakes_of(file, text))


def test_an_unknown_platform_is_explained(file: Path) -> None:
    (mistake,) = mistakes_of(file, 'default_platforms = ["arm64", "amr64"]')

    assert mistake.startswith("`default_platforms` item 2: 'amr64' is not a platform: did you mean")


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    mistakes = mistakes_of(
        file,
        'folder = "/"\n[schedule]\nfast_s = -1\nslow_s = 1\n[looks]\nlease_s = 1\n'
        '[[registry]]\nhost = "ghcr.io"\nusername = "me"\nendpoint = "http://ghcr.io"\n'
        '[[registry]]\nhost = "Quay.io"\nrate = -1\n',
        ARCHBELL_SCHEDULE__MIN_S="soon",
        ARCHBELL_NOPE="1",
    )

    assert set(mistakes) == {
        "`folder`: unknown setting",
        "ARCHBELL_NOPE: unknown setting",
        "ARCHBELL_SCHEDULE__MIN_S: must be a valid number",
        "`schedule`, `fast_s`: must be greater than 0",
        "`schedule`, `slow_s`: unknown setting",
        "`looks`: `lease_s` must be at least 5 s longer than `timeout_s`",
        "`registry` block 1: `username` and `password` (or `password_file`) go together; "
        "an `endpoint` with http:// needs `plain_http = true`",
        "`registry` block 2, `host`: write the host as it stands in references: quay.io",
        "`registry` block 2, `rate`: must be greater than or equal to 0",
    }


def test_a_variable_of_a_section_that_is_none_does_not_hide_that(file: Path) -> None:
    mistakes = mistakes_of(file, "schedule = 3\n", ARCHBELL_SCHEDULE__FAST_S="30")

    assert mistakes == ("`schedule`: must be a section",)
