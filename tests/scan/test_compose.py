"""Which images compose files name."""

from pathlib import Path

import pytest

from bot.core.inventory import NotRead
from bot.scan.compose import expanded, parse_environment
from bot.scan.reading import Form, read_text


def found(text: str, folder: Path | None = None) -> list[str]:
    """`LINE IMAGE`, with its platform and whether it is built."""
    said = []
    for each in read_text(text, Form.COMPOSE, "compose.yaml", folder=folder):
        assert not isinstance(each, NotRead)
        use = each.use
        name = use.reference.familiar if use.reference else f"?{use.written}"
        on = f" on {use.platform}" if use.platform else ""
        said.append(f"{use.line} {name}{on}{' built' if use.is_built else ''}")
    return said


def service(*lines: str) -> str:
    return "services:\n  x:\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(["image: node:22"], ["3 node:22"], id="plain"),
        pytest.param(["build: .", "command: image"], [], id="built and not named"),
        pytest.param(["image: app:1", "build: ."], ["3 app:1 built"], id="built and named"),
        pytest.param(["platform: linux/arm64", "image: a"], ["4 a:latest on linux/arm64"], id="on"),
        pytest.param(["image: a:${V:-22}"], ["3 a:22"], id="default"),
        pytest.param(["image: a:${V-22}-slim"], ["3 a:22-slim"], id="default without colon"),
        pytest.param(['image: "${R:-ghcr.io/b}/a:${V:-${W:-1}}"'], ["3 ghcr.io/b/a:1"], id="deep"),
        pytest.param(["image: a:$V"], ["3 ?a:$V"], id="no default"),
        pytest.param(["image: a:${V:?say it}"], ["3 ?a:${V:?say it}"], id="demanded"),
        pytest.param(["image: a:$$V"], ["3 ?a:$$V"], id="a dollar"),
        pytest.param(["image: !reset null"], [], id="reset"),
        pytest.param(
            ["volumes:", "- {type: image, source: 'a:1'}", "- ./b:/c", "- {type: bind, source: d}"],
            ["4 a:1"],
            id="volume  # image",
        ),
        pytest.param(
            ["build:", "  dockerfile_inline: |", "    ARG V=1", "    FROM a:$$V"],
            ["6 a:1"],
            id="inline",
        ),
    ],
)
def test_services_name_images(lines: list[str], said: list[str]) -> None:
    assert found(service(*lines)) == said


def test_anchors_are_followed_and_other_sections_name_nothing() -> None:
    text = """\
x-base: &base
  image: a:${V:-1}
services:
  one: *base
  two:
    <<: *base
    image: b:1
  three:
    <<: *base
configs:
  c: {content: "image: c:1"}
models: {m: {image: d:1}}
"""

    assert found(text) == ["2 a:1", "7 b:1", "2 a:1"]


@pytest.mark.parametrize(
    "text", ["image: a", "services: image", "services: [image]", "services: {x: image}", "# image"]
)
def test_what_is_no_service_names_nothing(text: str) -> None:
    assert found(text) == []


def test_the_environment_beside_the_file_goes_before_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("V=23\n")

    assert found(service("image: a:${V:-22}"), tmp_path) == ["3 a:23"]


def test_an_environment_that_is_no_text_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"V=\xff")

    assert found(service("image: a:${V:-22}"), tmp_path) == ["3 a:22"]


def test_assignments_are_read_as_compose_reads_them() -> None:
    text = "# A=0\nA=1\nexport B = 'x y' \nC=\"2\" \nD=3 # three\nE=\nF=$A\nnothing\n"

    assert parse_environment(text) == {"A": "1", "B": "x y", "C": "2", "D": "3", "E": "", "F": None}


def test_two_dollars_are_one() -> None:
    assert expanded("a$$b${C:-d}", {}) == "a$bd"
