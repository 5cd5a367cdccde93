"""The Dockerfile does what docs/container.md says. Run it with `make container`."""

import asyncio
import json
import platform
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.container.machine import ROOT, Base, Podman, build, download, make_base, run
from tests.support.bot_process import BotProcess
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image

CONFIG = """
[database]
url = "sqlite:////data/archbell.db"
[schedule]
fast_s = 0.3
[[registry]]
host = "docker.io"
endpoint = "{endpoint}"
plain_http = true
allow_private = true
rate = 0
"""
NAME = "bot"
MAX_MEBIBYTES = 150
BACKUP = re.compile(r"^docker exec archbell (?P<command>.*VACUUM INTO .*)$", re.MULTILINE)
DATA = "--volume=archbell-data:/data"


@pytest.fixture(scope="session")
def base() -> Base:
    return Base.of_the_dockerfile()


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    return Podman(tmp_path_factory.mktemp("podman"))


@pytest.fixture(autouse=True)
def _none_is_left(podman: Podman) -> Iterator[None]:
    """A test that fails leaves no container to the next."""
    yield
    run(*podman.command("rm", "--all", "--force", "--time=0"))


@pytest.fixture(scope="session")
def image(podman: Podman, base: Base, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Dockerfile, built."""
    make_base(podman, base, tmp_path_factory.mktemp("base"))
    wheels = tmp_path_factory.mktemp("wheels")
    for requirements in ("requirements.txt", "requirements-build.txt"):
        download(requirements, base.python, platform.machine(), wheels)
    return build(podman, wheels, tmp_path_factory.mktemp("build"))


def configured(folder: Path, endpoint: str) -> list[str]:
    """Options that give a container a configuration whose docker.io is the endpoint."""
    config = folder / "config.toml"
    config.write_text(CONFIG.format(endpoint=endpoint), encoding="utf-8")
    mount = f"--volume={config}:/etc/archbell/config.toml:ro"
    return [mount, "--env=ARCHBELL_CONFIG=/etc/archbell/config.toml"]


def described(podman: Podman, image: str) -> dict[str, Any]:
    printed = run(*podman.command("image", "inspect", image)).stdout
    about: dict[str, Any] = json.loads(printed)[0]
    return about


def healthcheck(podman: Podman) -> int:
    return run(*podman.command("healthcheck", "run", NAME), check=False).returncode


def shell(podman: Podman, image: str, script: str) -> str:
    """What a script in the image prints; the image's own user runs it."""
    return run(*podman.container(image, "-c", script, options=["--entrypoint=sh"])).stdout


def shell_in_volume(podman: Podman, image: str, script: str) -> str:
    return run(*podman.container(image, "-c", script, options=["--entrypoint=sh", DATA])).stdout


async def until_healthy(podman: Podman) -> None:
    async with asyncio.timeout(30):
        while healthcheck(podman) != 0:  # noqa: ASYNC110  another process makes it so
            await asyncio.sleep(0.5)


def test_it_runs_as_nobody_special_and_says_what_it_is(podman: Podman, image: str) -> None:
    about = described(podman, image)

    settings = about["Config"]
    assert settings["User"] == "10001:10001"
    assert settings["StopSignal"] in {"SIGTERM", "15"}
    assert list(settings["Volumes"]) == ["/data"]
    assert settings["Entrypoint"] == ["archbell"]
    assert settings["Cmd"] == ["run"]
    assert settings["Labels"]["org.opencontainers.image.title"] == "archbell"
    assert about["Healthcheck"]["Test"][0] == "CMD"


def test_it_says_the_version_of_the_project(podman: Podman, image: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    printed = run(*podman.container(image, "--version")).stdout

    assert printed.strip() == f"archbell {project['version']}"


def test_the_python_is_the_one_the_dockerfile_names(podman: Podman, image: str, base: Base) -> None:
    printed = shell(podman, image, "python --version; command -v python")

    assert printed.split()[1].startswith(f"{base.python}.")
    assert printed.split()[2] == "/opt/archbell/bin/python"


def test_nobody_can_change_the_program_or_install_another(podman: Podman, image: str) -> None:
    writable = shell(podman, image, "find /opt/archbell -writable ! -type l")
    installers = shell(podman, image, "ls /opt/archbell/bin | grep -c pip || true")

    assert writable == ""
    assert installers.strip() == "0"


def test_every_module_has_bytecode_that_no_date_makes_stale(podman: Podman, image: str) -> None:
    count = (
        "import pathlib; packages = pathlib.Path('/opt/archbell/lib');"
        "found = [path.read_bytes()[4:8] for path in packages.rglob('*.pyc')];"
        "print(len(list(packages.rglob('*.py'))), len(found), found.count(bytes([1, 0, 0, 0])))"
    )

    sources, compiled, unchecked = map(int, shell(podman, image, f'python -c "{count}"').split())

    assert 0 < sources == compiled == unchecked


def test_the_build_leaves_nothing_behind(podman: Podman, image: str) -> None:
    # What the proof mounts for the build leaves empty names, which a build with an index has not.
    found = shell(podman, image, "ls -A /wheels; cat /etc/pip.conf; find /opt -name '*.whl'")
    is_gone = shell(podman, image, "test ! -e /build && echo gone")
    size = shell(podman, image, "du -sm /opt/archbell | cut -f1")

    assert found == ""
    assert is_gone == "gone\n"
    assert int(size) < MAX_MEBIBYTES


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["node:22", "amd64"], 0, id="there"),
        pytest.param(["node:22", "arm64"], 1, id="missing"),
        pytest.param(["node:22", "arm65"], 2, id="wrong-usage"),
        pytest.param(["registry.invalid/app:1", "arm64"], 3, id="not-known"),
    ],
)
async def test_check_exits_as_documented(
    podman: Podman,
    image: str,
    docker_registry_factory: StartRegistry,
    tmp_path: Path,
    words: list[str],
    code: int,
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    options = configured(tmp_path, registry.url)

    ended = run(*podman.container(image, "check", *words, options=options), check=False)

    assert ended.returncode == code, ended.stderr


async def test_a_watch_is_answered_met_healthy_stopped_and_kept(
    podman: Podman, image: str, docker_registry_factory: StartRegistry, tmp_path: Path
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    options = [*configured(tmp_path, registry.url), DATA]
    command = podman.container(image, options=["--interactive", f"--name={NAME}", *options])

    async with BotProcess(command=command) as bot:
        await bot.say("/watch node:22 arm64 keep")
        await bot.wait_for("Watching node:22", timeout_s=60)
        health_running = healthcheck(podman)
        await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
        await bot.wait_for("linux/arm64 is there", timeout_s=60)
        run(*podman.command("stop", "--time=9", NAME))
        code = await bot.ended()
    kept = run(*podman.container(image, "list", "--json", options=options)).stdout
    files = shell_in_volume(podman, image, "ls /data")

    assert health_running == 0
    assert code == 0
    assert json.loads(kept)[0]["platforms"] == {"linux/arm64": "met"}
    assert "archbell.db" in files
    assert "heartbeat" not in files


async def test_a_bot_that_hangs_is_unhealthy_until_it_goes_on(
    podman: Podman, image: str, tmp_path: Path
) -> None:
    options = [*configured(tmp_path, "http://127.0.0.1:1"), f"--name={NAME}", "--interactive"]
    age = ("exec", NAME, "touch", "-d", "2 minutes ago", "/data/heartbeat")

    async with BotProcess(command=podman.container(image, options=options)) as bot:
        await bot.say("/help")
        await bot.wait_for("/watch", timeout_s=60)
        run(*podman.command("kill", "--signal=STOP", NAME))
        run(*podman.command(*age))
        health_hanging = healthcheck(podman)
        run(*podman.command("kill", "--signal=CONT", NAME))
        await bot.say("/watch node:22 arm64")
        await until_healthy(podman)
        run(*podman.command("stop", "--time=9", NAME))
        code = await bot.ended()

    assert health_hanging == 1
    assert code == 0


async def test_it_talks_on_a_terminal(podman: Podman, image: str) -> None:
    there = podman.container(image, options=["--interactive", "--tty", f"--name={NAME}"])
    words = shlex.join(map(str, there))
    command = ["script", "--quiet", "--return", "--command", words, "/dev/null"]

    async with BotProcess(command=command, environment={"TERM": "xterm"}) as bot:
        await bot.wait_for("/help", timeout_s=60)
        before = bot.position
        await bot.say("/list\r")
        await bot.wait_for("Nothing is watched here", timeout_s=60, after=before)
        run(*podman.command("stop", "--time=9", NAME))
        code = await bot.ended()

    assert code == 0


async def test_the_documented_backup_of_a_running_bot_is_a_database_to_start_from(
    podman: Podman, image: str, docker_registry_factory: StartRegistry, tmp_path: Path
) -> None:
    found = BACKUP.search((ROOT / "docs/container.md").read_text(encoding="utf-8"))
    assert found
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    options = [*configured(tmp_path, registry.url), "--volume=backed-up:/data"]
    restored = [*options, "--env=ARCHBELL_DATABASE__URL=sqlite:////data/backup.db"]
    command = podman.container(image, options=["--interactive", f"--name={NAME}", *options])

    async with BotProcess(command=command) as bot:
        await bot.say("/watch node:22 s390x")
        await bot.wait_for("Watching node:22", timeout_s=60)
        run(*podman.command("exec", NAME, *shlex.split(found["command"])))
        run(*podman.command("stop", "--time=9", NAME))
        assert await bot.ended() == 0
    listed = run(*podman.container(image, "list", "--json", options=restored)).stdout

    assert json.loads(listed)[0]["platforms"] == {"linux/s390x": "waiting"}


def test_the_hashes_hold_wheels_for_arm_too(base: Base, tmp_path: Path) -> None:
    download("requirements.txt", base.python, "aarch64", tmp_path)

    assert [wheel for wheel in tmp_path.iterdir() if "aarch64" in wheel.name]
