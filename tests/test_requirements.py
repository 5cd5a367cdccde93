"""What the container installs fits what the project asks for, and does not say where it is from."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = [
    pytest.param("requirements.txt", id="what-the-bot-needs"),
    pytest.param("requirements-build.txt", id="what-builds-it"),
]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
MACHINES = [pytest.param("x86_64", id="x86_64"), pytest.param("aarch64", id="aarch64")]


def python_of_the_container() -> str:
    found = re.search(
        r"^FROM \S+/python:(\d+\.\d+)-", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    assert found, "The Dockerfile does not name its Python"
    return found[1]


def environment(machine: str) -> dict[str, str]:
    """The values of environment markers in the container."""
    python = python_of_the_container()
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def entries(name: str) -> list[list[str]]:
    """Each requirement of a file as its words: the pin, perhaps a marker, the hashes."""
    lines = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def pins(name: str, machine: str) -> dict[str, Version]:
    """The versions that pip takes from a file in the container."""
    found: dict[str, Version] = {}
    for entry in entries(name):
        pin = Requirement(" ".join(word for word in entry if not HASH.fullmatch(word)))
        if pin.marker is None or pin.marker.evaluate(environment(machine)):
            [specifier] = pin.specifier
            assert specifier.operator == "=="
            found[canonicalize_name(pin.name)] = Version(specifier.version)
    return found


def asked_for(machine: str) -> list[Requirement]:
    """What pyproject.toml wants in the container: the dependencies and every extra's."""
    project = PROJECT["project"]
    extras = project.get("optional-dependencies", {}).values()
    wanted = [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]
    return [one for one in wanted if not one.marker or one.marker.evaluate(environment(machine))]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_dependency_is_pinned_within_its_range(machine: str) -> None:
    pinned = pins("requirements.txt", machine)

    wrong = [
        str(wanted)
        for wanted in asked_for(machine)
        if pinned.get(canonicalize_name(wanted.name), Version("0")) not in wanted.specifier
    ]

    assert not wrong, "requirements.txt does not give these; run: make requirements"


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_fast_paths_need_is_pinned_too(machine: str) -> None:
    pinned = pins("requirements.txt", machine)

    assert {"greenlet", "uvloop"} <= pinned.keys()


def test_the_build_backend_is_pinned_within_its_range() -> None:
    pinned = pins("requirements-build.txt", "x86_64")

    wanted = [Requirement(line) for line in PROJECT["build-system"]["requires"]]

    assert wanted
    assert all(pinned[canonicalize_name(one.name)] in one.specifier for one in wanted)


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_has_hashes(name: str) -> None:
    found = entries(name)

    assert found
    assert all(HASH.fullmatch(entry[-1]) for entry in found)


@pytest.mark.parametrize("name", FILES)
def test_nothing_says_where_a_package_comes_from(name: str) -> None:
    words = [word for entry in entries(name) for word in entry]
    comments = [line for line in (ROOT / name).read_text("utf-8").splitlines() if "#" in line]

    options = [word for word in words if word.startswith("-") and not HASH.fullmatch(word)]

    assert not options
    assert not [word for word in words if "/" in word or "@" in word]
    assert not [line for line in comments if "/" in line or "index" in line]


def test_the_requirements_are_resolved_for_the_python_of_the_container() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert f"--python-version {python_of_the_container()} " in makefile


def test_the_image_says_the_version_of_the_project() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    found = re.search(r'org\.opencontainers\.image\.version="([^"]+)"', dockerfile)

    assert found
    assert found[1] == PROJECT["project"]["version"]
