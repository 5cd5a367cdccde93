"""Transcripts in the documents, made by running the bot: what a reader sees is what it says.

A document names a scenario of this module between two comments, and what lies between them is
written by `make transcripts` (python -m tests.support.transcripts), never by hand:

    <!-- transcript: main-job -->
    <!-- end of transcript -->

The bot runs as a process over Debian's docker-registry, which it takes for docker.io, and over a
library file of the stage's own. Digests, moments and lengths of time differ from run to run, so
each is replaced by an example; see EXAMPLES.
"""

import asyncio
import re
import shlex
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from tests.support.bot_process import NOTHING_OUTSIDE, BotProcess
from tests.support.docker_registry import DockerRegistry, docker_registries
from tests.support.images import push_image
from tests.support.source_server import source_server

ROOT = Path(__file__).parents[2]
TAG = "22.15-bullseye-slim"
IMAGE = f"node:{TAG}"

EXAMPLES: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"sha256:[0-9a-f]{12}…"), "sha256:1f3c9d2a44b0…"),
    (re.compile(r"\b(\d{4}-\d\d-\d\d )?\d\d:\d\d UTC"), "14:05 UTC"),
    (re.compile(r"\bwaited \d+ s\b"), "waited 41 min"),
    (re.compile(r"\b(after|in) \d+ s\b"), r"\1 60 s"),
    (re.compile(r"\b\d+ s ago\b"), "12 s ago"),
    (re.compile(r"next look (now|in \d+ (?:s|min))"), "next look in 48 s"),
    (re.compile(r"(?<![:/])/\w\S*/(?=config\.toml|archbell\.db)"), "/etc/archbell/"),
    (re.compile(r"\d+\.\d GiB free at /\S+"), "41.5 GiB free at /etc/archbell"),
)
"""What differs from run to run, and the example that stands for it."""

_BLOCK = re.compile(
    r"(?P<begin><!-- transcript: (?P<name>[a-z-]+) -->\n)(?P<shown>.*?)"
    r"(?P<end><!-- end of transcript -->)",
    re.DOTALL,
)
_LIBRARY = f"""
Maintainers: somebody
GitRepo: https://github.com/nodejs/docker-node.git
GitCommit: {"9" * 40}

Tags: 22-bullseye-slim, {TAG}
Architectures: amd64, arm32v7, arm64v8
Directory: 22/bullseye-slim
"""
_ENVIRONMENT = dict.fromkeys(NOTHING_OUTSIDE, "")
_CONFIG = """
[database]
url = "sqlite:///archbell.db"
[schedule]
fast_s = 0.3
[delivery]
group_within_s = 0
[official]
library_url = "{sources}/library"
dockerfile_url = "{sources}/git"
allow_private = true
[[registry]]
host = "docker.io"
endpoint = "{endpoint}"
plain_http = true
allow_private = true
rate = 0
"""


class Stage:
    """A registry that the bot takes for docker.io, and everything typed and said so far."""

    def __init__(self, registry: DockerRegistry, config: Path) -> None:
        self.config = config
        self._registry = registry
        self._shown: list[str] = []

    @property
    def text(self) -> str:
        """What a reader sees, with examples for what differs from run to run."""
        text = "\n".join(self._shown)
        for pattern, example in EXAMPLES:
            text = pattern.sub(example, text)
        return text

    def bot(self, *words: str, folder: Path = ROOT) -> BotProcess:
        """The bot over this stage; words: another command than `run`."""
        if not words:
            return BotProcess(self.config, environment=_ENVIRONMENT)
        command: list[str | Path] = [sys.executable, "-m", "bot", "--config", self.config, *words]
        return BotProcess(command=command, environment=_ENVIRONMENT, folder=folder)

    async def publish(self, *architectures: str) -> None:
        """Let the tag have these architectures from now on."""
        platforms = [f"linux/{architecture}" for architecture in architectures]
        await push_image(self._registry.url, "library/node", TAG, platforms)

    async def say(self, bot: BotProcess, line: str, *, last_line: str) -> None:
        """Type a line into the running bot, and show it with the answer up to its last line."""
        self._shown.append(f"archbell> {line}")
        before = bot.position
        await bot.say(line)
        await self._show(bot, before, last_line)

    async def hear(self, bot: BotProcess, *, after: int, last_line: str) -> None:
        """Show what the bot says by itself, up to its last line."""
        await self._show(bot, after, last_line)

    async def shell(self, *words: str, folder: Path = ROOT) -> None:
        """Show a command of the command line, what it prints, and how it ends."""
        async with self.bot(*words, folder=folder) as process:
            code = await process.ended(timeout_s=90)
        self._shown += [f"$ archbell {shlex.join(words)}", process.transcript.rstrip("\n")]
        self._shown += ["$ echo $?", str(code)]

    async def _show(self, bot: BotProcess, after: int, last_line: str) -> None:
        found = await bot.wait_for(rf"{last_line}.*$", after=after)
        self._shown.append(bot.transcript[after : found.end()])


async def main_job(stage: Stage) -> None:
    """From /watch to the alert."""
    await stage.publish("amd64")
    async with stage.bot() as bot:
        await stage.say(bot, f"/watch {IMAGE} arm64", last_line="  → ")
        said = bot.position
        await stage.publish("amd64", "arm64")
        await stage.hear(bot, after=said, last_line="    docker pull ")
        await bot.stop()


async def check_in_a_script(stage: Stage) -> None:
    """A look from the command line, before and after."""
    await stage.publish("amd64")
    await stage.shell("check", IMAGE, "arm64")
    await stage.publish("amd64", "arm64")
    await stage.shell("check", IMAGE, "arm64")


async def scan_a_folder(stage: Stage) -> None:
    """Every image of a small project."""
    await stage.publish("amd64")
    project = stage.config.parent / "project"
    (project / "deploy").mkdir(parents=True)
    (project / "Dockerfile").write_text(f"ARG TAG={TAG}\nFROM node:${{TAG}}\n")
    (project / "deploy" / "job.yaml").write_text(
        "apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n"
        f"      containers:\n      - image: {IMAGE}\n"
    )
    await stage.shell("scan", ".", "--platform", "amd64", "--platform", "arm64", folder=project)


async def a_day_in_the_chat(stage: Stage) -> None:
    """Each command once, from the first watch to the last."""
    await stage.publish("amd64")
    async with stage.bot() as bot:
        await stage.say(bot, f"/watch {IMAGE} arm64 arm/v7 for 12h", last_line="  → ")
        await stage.say(bot, "/list", last_line="  #1")
        await stage.say(bot, "/why #1", last_line="  Checked at ")
        await stage.say(bot, "/mute 2h", last_line="  Alerts are kept")
        await stage.say(bot, "/unmute", last_line="🔔")
        await stage.say(bot, f"/unwatch {IMAGE} arm/v7", last_line="  It goes on")
        await stage.say(bot, "/unwatch #1", last_line="🛑")
        await bot.stop()


async def before_the_first_start(stage: Stage) -> None:
    """What an operator asks before anybody is told anything."""
    await stage.shell("config", "check")
    await stage.shell("doctor")


SCENARIOS: Mapping[str, Callable[[Stage], Awaitable[None]]] = {
    "main-job": main_job,
    "check-in-a-script": check_in_a_script,
    "scan-a-folder": scan_a_folder,
    "a-day-in-the-chat": a_day_in_the_chat,
    "before-the-first-start": before_the_first_start,
}


async def play(name: str) -> str:
    """Run a scenario and give its transcript as it stands in a document."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="archbell-")))
        start = await stack.enter_async_context(docker_registries(folder))
        registry = await start()
        config = folder / "config.toml"
        sources = await stack.enter_async_context(source_server())
        sources.files["/library/node"] = _LIBRARY
        sources.files[f"/git/nodejs/docker-node/{'9' * 40}/22/bullseye-slim/Dockerfile"] = (
            "FROM scratch\n"
        )
        config.write_text(_CONFIG.format(endpoint=registry.url, sources=sources.url))
        stage = Stage(registry, config)
        await SCENARIOS[name](stage)
    return f"```text\n{stage.text}\n```\n"


def shown_in(document: str) -> dict[str, str]:
    """The transcripts in a document, by the name of their scenario."""
    return {block["name"]: block["shown"] for block in _BLOCK.finditer(document)}


def renewed(document: str, transcripts: Mapping[str, str]) -> str:
    """The document with these transcripts in their places."""
    return _BLOCK.sub(
        lambda block: f"{block['begin']}{transcripts[block['name']]}{block['end']}", document
    )


def documents() -> dict[Path, str]:
    """The documents that hold transcripts, with their text."""
    paths = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    return {path: text for path, text in texts.items() if shown_in(text)}


async def play_all(names: Iterable[str]) -> dict[str, str]:
    """The transcripts of these scenarios."""
    return {name: await play(name) for name in names}


def renew(texts: Mapping[Path, str]) -> None:
    """Run what the documents show, and write down what came of it."""
    names = sorted({name for text in texts.values() for name in shown_in(text)})
    transcripts = asyncio.run(play_all(names))
    for path, text in texts.items():
        path.write_text(renewed(text, transcripts), encoding="utf-8")


if __name__ == "__main__":
    try:
        with redirect_stdout(StringIO()):
            renew(documents())
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
