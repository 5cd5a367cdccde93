"""The incident of 2025-04-23 with docker-library's files of that day."""

import os
from pathlib import Path

from tests.scenarios.incident import Files, replay

CORPUS = Path(os.environ["ARCHBELL_CORPUS"])
COMMIT = "9bb97e784231f01e61df4d22aaa95a110432a1c7"


def read(path: str) -> str:
    return (CORPUS / path).read_text(encoding="utf-8")


async def test_the_incident_is_explained_with_the_real_files(tmp_path: Path) -> None:
    path = f"/git/nodejs/docker-node/{COMMIT}/22/bullseye-slim/Dockerfile"

    await replay(
        tmp_path,
        Files(
            before=read("incident/node.before.bd577757"),
            listed=read("incident/node.2025-04-23.9b77d4c0"),
            after=read("incident/node.after.a025713e"),
            debian=read("incident/debian.2025-04-23.bd577757"),
            dockerfiles={path: read("dockerfile/node-22-bullseye-slim.Dockerfile")},
            newest="23.11.0",
        ),
    )
