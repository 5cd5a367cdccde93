"""Which files are read, and what of them is known."""

import asyncio
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.core.dockerfile import MAX_DOCKERFILE_BYTES
from bot.core.errors import InvalidInput
from bot.core.inventory import Inventory, Unread
from bot.scan.folders import take_inventory
from bot.scan.reading import MAX_YAML_BYTES, Form, form_of, form_of_text
from tests.support.scanned_files import ROOT, write_project

POD = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: %s}]}\n"


def write(top: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def named(found: Inventory, top: Path) -> dict[str, str]:
    """Where each image stands, below the top."""
    return {
        os.path.relpath(use.where, top): str(use.use.reference and use.use.reference.familiar)
        for use in found.named
    }


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (
            "Dockerfile dockerfile Dockerfile.dev Dockerfile.go Dockerfile-arm Dockerfile2 "
            "api.Dockerfile api.dockerfile Containerfile Containerfile.x dockerfile.dev",
            Form.DOCKERFILE,
        ),
        (
            "compose.yml compose.yaml compose.override.yaml docker-compose.yml "
            "docker-compose.prod.yml docker-compose-dev.yaml prod.docker-compose.yml "
            "local-compose.yaml DOCKER-COMPOSE.YML",
            Form.COMPOSE,
        ),
        (
            "deployment.yaml x.yml composer.yml decompose.yml .x.yaml Dockerfile.yml",
            Form.OTHER_YAML,
        ),
        (
            "Dockerfile.dockerignore Dockerfile.md Dockerfile.j2 Dockerfile.tmpl Dockerfile.orig "
            "Dockerfile~ dockerfile.go dockerfile_test.py dockerfiles x.json README.md yaml "
            "notadockerfile",
            None,
        ),
    ],
)
def test_a_file_is_known_by_its_name(names: str, form: Form | None) -> None:
    assert {name: form_of(name) for name in names.split()} == dict.fromkeys(names.split(), form)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (POD, Form.OTHER_YAML),
        ("name: x\nservices:\n  a: {image: b}", Form.COMPOSE),
        ("FROM node", Form.DOCKERFILE),
    ],
)
def test_a_text_is_known_by_its_words(text: str, form: Form) -> None:
    assert form_of_text(text) is form


def test_folders_are_searched_but_for_those_of_tools(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Dockerfile": "FROM a:1\n",
            "app/compose.yaml": "services: {x: {image: b:1}}\n",
            "deploy/k8s/pod.yml": POD % "c:1",
            ".github/pod.yaml": POD % "d:1",
            ".gitlab-ci.yml": "image: e:1\nservices: [f:1]\n",
            "README.md": "FROM g:1\n",
            **{
                f"{tool}/Dockerfile": "FROM h:1\n"
                for tool in (".git", "x/node_modules/y", ".venv", "x/venv")
            },
        },
    )

    assert named(take_inventory([str(tmp_path)]), tmp_path) == {
        "Dockerfile:1": "a:1",
        ".github/pod.yaml:3": "d:1",
        "app/compose.yaml:1": "b:1",
        "deploy/k8s/pod.yml:3": "c:1",
    }


def test_a_file_that_is_met_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, {"x/Dockerfile": "FROM a:1\n"})
    (tmp_path / "x" / "again.Dockerfile").symlink_to("Dockerfile")
    (tmp_path / "x" / "around").symlink_to(tmp_path, target_is_directory=True)

    found = take_inventory([str(tmp_path), str(tmp_path / "x"), str(tmp_path / "x/Dockerfile")])

    assert (found.files, len(found.named)) == (1, 1)


def test_a_named_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, {"build.txt": "FROM a:1\n"})

    assert named(take_inventory([str(tmp_path / "build.txt")]), tmp_path) == {"build.txt:1": "a:1"}


def test_a_path_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        take_inventory([str(tmp_path / "nothing")])


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        pytest.param([], {"Dockerfile:1", "charts/a/Dockerfile:1"}, id="none"),
        pytest.param(["charts"], {"Dockerfile:1"}, id="folder"),
        pytest.param(["charts/"], {"Dockerfile:1"}, id="folder with slash"),
        pytest.param(["charts/*"], {"Dockerfile:1"}, id="path"),
        pytest.param(["a", "x"], {"Dockerfile:1"}, id="name anywhere"),
        pytest.param(["Docker*"], set(), id="file"),
    ],
)
def test_what_is_excluded_is_not_read(tmp_path: Path, patterns: list[str], left: set[str]) -> None:
    write(tmp_path, {"Dockerfile": "FROM a:1\n", "charts/a/Dockerfile": "FROM b:1\n"})

    assert named(take_inventory([str(tmp_path)], exclude=patterns), tmp_path).keys() == left


def test_a_named_file_can_be_excluded(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM a:1\n"})

    assert not take_inventory([str(tmp_path / "Dockerfile")], exclude=["Docker*"]).named


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile.pipe")
    (tmp_path / "Dockerfile.gone").symlink_to("nowhere")
    (tmp_path / "Dockerfile.binary").write_bytes(b"FROM \xff")
    (tmp_path / "Dockerfile.large").write_text("#" * (MAX_DOCKERFILE_BYTES + 1))
    (tmp_path / "other.yaml").write_bytes(b"\xff")
    (tmp_path / "huge.yaml").write_text(POD + "#" * MAX_YAML_BYTES)
    (tmp_path / "openapi.yaml").write_text("#" * (MAX_YAML_BYTES + 1))

    found = take_inventory([str(tmp_path)])

    assert {Path(each.file).name: each.why for each in found.not_read} == {
        "Dockerfile.pipe": Unread.UNREADABLE,
        "Dockerfile.gone": Unread.UNREADABLE,
        "Dockerfile.binary": Unread.NOT_TEXT,
        "Dockerfile.large": Unread.TOO_LARGE,
        "huge.yaml": Unread.TOO_LARGE,
    }


class Input(io.TextIOWrapper):
    """Standard input that holds this."""

    def __init__(self, body: bytes) -> None:
        super().__init__(io.BytesIO(body))


@pytest.mark.parametrize(
    ("body", "images"),
    [
        ((POD % "a:1").encode() * 2, 1),
        (b"FROM a:1\nFROM b:1", 2),
        (b"services:\n  x: {image: a:1}\n", 1),
        (b"FROM \xff", 1),
        (b"", 0),
    ],
)
def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, body: bytes, images: int) -> None:
    monkeypatch.setattr(sys, "stdin", Input(body))

    assert len(take_inventory(["-"]).named) == images


def test_standard_input_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b"#" * (MAX_YAML_BYTES + 2)))

    [gap] = take_inventory(["-"]).not_read

    assert (gap.file, gap.why) == ("-", Unread.TOO_LARGE)


async def test_a_thousand_files_take_no_more_than_two_seconds(tmp_path: Path) -> None:
    files = write_project(tmp_path, folders=334)

    # In a process of its own, where nobody measures which lines are run.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.scanned_files", tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env={name: text for name, text in os.environ.items() if "COVERAGE" not in name},
        cwd=ROOT,
    )
    output, _ = await process.communicate()

    count, images, cpu_s = map(float, output.split())
    assert (count, images) == (files, 334 * 12)
    assert cpu_s < 2
