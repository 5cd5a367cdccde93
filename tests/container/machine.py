"""What the proof uses in place of a Docker engine and a registry: podman, and a base of its own."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FROM = re.compile(
    r"^FROM (?P<image>\S+/python:(?P<python>\d+\.\d+)-slim-(?P<suite>[a-z]+)) AS base$",
    re.MULTILINE,
)
_OLDEST_GLIBC, _NEWEST_GLIBC = 17, 41


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. Raises AssertionError with all it said if it fails."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    words = " ".join(map(str, command))
    assert not check or ended.returncode == 0, f"{words}\n{ended.stdout}\n{ended.stderr}"
    return ended


@dataclass(frozen=True, slots=True)
class Base:
    """The image that the Dockerfile builds on."""

    image: str
    python: str
    suite: str

    @classmethod
    def of_the_dockerfile(cls) -> "Base":
        """What stands in its FROM."""
        found = _FROM.search((ROOT / "Dockerfile").read_text(encoding="utf-8"))
        assert found, "The Dockerfile's base is not docker.io/library/python:X.Y-slim-SUITE"
        return cls(found["image"], found["python"], found["suite"])


@dataclass(frozen=True, slots=True)
class Podman:
    """podman over a store of its own; containers are as locked up as docs/container.md tells."""

    folder: Path

    def command(self, *words: str | Path) -> list[str | Path]:
        """A command of podman, which would ask for the login files that tests hide."""
        store = ("--root", self.folder / "store", "--runroot", self.folder / "run")
        manners = ("--storage-driver=overlay", "--runtime=crun", "--events-backend=none")
        return ["env", "--unset=DOCKER_CONFIG", "podman", *store, *manners, *words]

    def container(
        self, image: str, *words: str | Path, options: Sequence[str] = ()
    ) -> list[str | Path]:
        """Run a container: nothing but its volume can be written, and it may do nothing special.

        --read-only-tmpfs=false: Docker's --read-only has no writable /tmp either. The other options
        are the machine's: no engine that manages control groups, networks and limits.
        """
        locked = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL")
        limits = ("--security-opt=no-new-privileges", "--ulimit=nofile=1024", "--ulimit=nproc=512")
        here = ("--cgroups=disabled", "--network=host", "--log-driver=none", "--pull=never")
        return self.command("run", "--rm", *locked, *limits, *here, *options, image, *words)


def debian_mirror() -> str:
    """The mirror that this machine's own apt takes Debian from."""
    form = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    listed = run("apt-get", "indextargets", "--format", form, "Created-By: Packages").stdout
    mirrors = [line.removeprefix("Debian|Debian|") for line in listed.splitlines()]
    found = [mirror for mirror in mirrors if "|" not in mirror]
    assert found, "apt knows no mirror of Debian; run: apt-get update"
    return found[0]


def make_base(podman: Podman, base: Base, folder: Path) -> None:
    """Make an image of the base's name from Debian's packages: same release, same Python.

    Python lies where the real one has it; there it is Debian's build and not one from source.
    """
    packages = "--include=ca-certificates,python3,python3-venv"
    run("debootstrap", "--variant=minbase", packages, base.suite, folder, debian_mirror())
    for name in ("python", "python3"):
        (folder / "usr/local/bin" / name).symlink_to(f"/usr/bin/python{base.python}")
    archive = folder.with_suffix(".tar")
    run("tar", "-C", folder, "--exclude=./var/cache/apt/*", "-cf", archive, ".")
    path = "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    run(*podman.command("import", "--change", path, archive, base.image))
    archive.unlink()


def download(requirements: str, python: str, machine: str, folder: Path) -> None:
    """Fetch the wheels of a machine, hashes checked, from wherever this machine's pip does."""
    glibc = [f"manylinux_2_{n}_{machine}" for n in range(_OLDEST_GLIBC, _NEWEST_GLIBC + 1)]
    platforms = [f"--platform={name}" for name in (*glibc, f"manylinux2014_{machine}")]
    kind = ("--only-binary=:all:", "--implementation=cp", f"--python-version={python}", *platforms)
    how = ("--quiet", "--require-hashes", "--no-deps", f"--dest={folder}")
    wanted = f"--requirement={ROOT / requirements}"
    run(sys.executable, "-m", "pip", "download", *how, *kind, wanted)


def build(podman: Podman, wheels: Path, folder: Path) -> str:
    """Build the Dockerfile as it is, with a folder of wheels in the place of a package index."""
    settings = folder / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n", encoding="utf-8")
    given = ("--volume", f"{wheels}:/wheels:ro", "--volume", f"{settings}:/etc/pip.conf:ro")
    how = ("--isolation=chroot", "--format=docker", "--pull=never", "--ulimit=nofile=1024")
    run(*podman.command("build", *how, *given, "--tag", "archbell:proof", ROOT))
    return "localhost/archbell:proof"
