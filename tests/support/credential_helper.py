"""A real credential helper: a program of its own that speaks docker-credential-helpers' protocol.

helper = CredentialHelper(tmp_path / "bin", "vault")
helper.keeps("registry.test", "robot", "password")
... PATH = helper.folder ...
assert helper.calls == ["registry.test"]
"""

import json
import sys
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python} -IS
import json, pathlib, subprocess, sys, time
folder = pathlib.Path({folder!r})
server = sys.stdin.read()
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([sys.argv[1:], server]) + "\\n")
answer = json.loads((folder / "answers").read_text()).get(server)
if answer is None:
    print("credentials not found in native keychain")
    sys.exit(1)
if answer.get("hangs"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder / "child").write_text(str(child.pid))
    time.sleep(600)
sys.stdout.write(answer["output"])
sys.exit(answer["code"])
"""


class CredentialHelper:
    """The program docker-credential-NAME in a folder; what it answers can change at any time."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._own = folder / f"{name}.d"
        self._own.mkdir()
        self._answers: dict[str, dict[str, Any]] = {}
        self._write()
        program = folder / f"docker-credential-{name}"
        program.write_text(_PROGRAM.format(python=sys.executable, folder=str(self._own)))
        program.chmod(0o755)

    def keeps(self, server: str, user: str, secret: str) -> None:
        """Answer with this login for a server."""
        login = {"ServerURL": server, "Username": user, "Secret": secret}
        self.says(server, json.dumps(login) + "\n")

    def says(self, server: str, output: str, *, code: int = 0) -> None:
        """Answer with anything."""
        self._answers[server] = {"output": output, "code": code}
        self._write()

    def hangs(self, server: str) -> None:
        """Start a process, and never answer."""
        self._answers[server] = {"hangs": True}
        self._write()

    @property
    def calls(self) -> list[str]:
        """The servers it was asked for, in order; it was always asked to `get`."""
        path = self._own / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        calls = [json.loads(line) for line in lines]
        assert all(arguments == ["get"] for arguments, _ in calls), calls
        return [server for _, server in calls]

    @property
    def child(self) -> int:
        """The process that it started before it hung."""
        return int((self._own / "child").read_text())

    def _write(self) -> None:
        (self._own / "answers").write_text(json.dumps(self._answers))
