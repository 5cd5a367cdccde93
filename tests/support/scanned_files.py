"""Many files that name images, and what it costs to read them.

    python -m tests.support.scanned_files FOLDER

prints how many files were read, how many images they name, and the processor time of the reading.
"""

import sys
import time
from pathlib import Path

from bot.scan.folders import take_inventory

ROOT = Path(__file__).parents[2]

_DOCKERFILE = "ARG V=22\nFROM node:${V} AS build\n" + "RUN echo \\\n  step\n" * 20
_SERVICE = "  s%d:\n    image: redis:${V:-7}\n    environment: {A: 1, B: 2}\n"
_COMPOSE = "services:\n" + "".join(_SERVICE % number for number in range(10))
_MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: x, labels: {app: x}}
spec:
  template:
    spec:
      containers:
      - name: x
        image: nginx:1
        ports: [{containerPort: 80}]
"""


def write_project(top: Path, *, folders: int) -> int:
    """Write a Dockerfile, a compose file and a manifest into each folder; how many files it is."""
    for number in range(folders):
        folder = top / str(number % 40) / str(number)
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(_DOCKERFILE)
        (folder / "compose.yaml").write_text(_COMPOSE)
        (folder / "deployment.yaml").write_text(_MANIFEST)
    return 3 * folders


def main() -> None:
    begun = time.process_time()
    found = take_inventory([sys.argv[1]])
    print(found.files, len(found.named), time.process_time() - begun)


if __name__ == "__main__":
    main()
