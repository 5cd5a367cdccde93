"""docs/ci.md and the pre-commit hook run commands that exist, over the files that are read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.scan.reading import Form, form_of
from tests.docs.test_command_line import exists
from tests.support.documents import ROOT, document

TEXT = document("docs/ci.md")
SNIPPETS = re.findall(r"```yaml\n(# (\S+)\n.*?)```", TEXT, re.DOTALL)
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def snippet(name: str) -> Any:
    [body] = [body for body, first in SNIPPETS if first == name]
    return yaml.safe_load(body)


def test_the_workflow_runs_commands_that_exist() -> None:
    jobs = snippet(".github/workflows/images.yml")["jobs"].values()

    lines = [step["run"] for job in jobs for step in job["steps"] if "docker run" in str(step)]
    words = [line.partition("archbell:0.1.0 ")[2] for line in lines]

    assert len(words) == 2
    assert [line for line in words if exists(line)] == words


def test_the_pipeline_runs_a_command_that_exists() -> None:
    [line] = snippet(".gitlab-ci.yml")["images"]["script"]

    assert exists(line.removeprefix("archbell "))


def test_the_hook_is_the_one_that_exists_with_options_that_exist() -> None:
    [repo] = snippet(".pre-commit-config.yaml")["repos"]
    [used] = repo["hooks"]

    assert used["id"] == HOOK["id"]
    assert exists(" ".join([HOOK["entry"].removeprefix("archbell "), *used["args"]]))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("Dockerfile", Form.DOCKERFILE),
        ("a/b.Dockerfile", Form.DOCKERFILE),
        ("a/Containerfile.x", Form.DOCKERFILE),
        ("compose.yaml", Form.COMPOSE),
        ("k8s/x.yml", Form.OTHER_YAML),
        ("README.md", None),
        ("a/x.py", None),
    ],
)
def test_the_hook_gets_the_files_that_are_read(path: str, form: Form | None) -> None:
    assert form_of(Path(path).name) is form
    assert (re.search(HOOK["files"], path) is not None) is (form is not None)
