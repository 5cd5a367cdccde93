"""Pasted command lines of docker, podman, crane and their like: which word is the image."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.command.links import is_link
from bot.core.command.words import Spoken, split_shell, split_words, word_set
from bot.core.platform import is_platform_word

_TOOLS = word_set(
    """
    docker podman nerdctl finch buildah crictl ctr crane gcrane skopeo regctl oras
    """
)
# What may stand between a tool and an image. Those whose image is followed by the command of the
# container are apart: what comes after is not for us.
_STARTING = frozenset({("run",), ("create",), ("container", "run"), ("container", "create")})
_NAMING = frozenset(
    {("image", word) for word in ("pull", "push", "inspect", "digest", "manifest")}
    | {("manifest", word) for word in ("inspect", "get", "head", "fetch")}
    | {("images", "pull"), ("i", "pull"), ("buildx", "imagetools", "inspect")}
    | {
        (word,)
        for word in word_set(
            "pull push inspect manifest digest config validate copy from save history"
        )
    }
)
_IMAGELESS = frozenset(
    (word,)
    for word in word_set(
        """
        build compose buildx builder exec images load login logout logs ps service stack
        start stop system
        """
    )
)
_KNOWN = _STARTING | _NAMING | _IMAGELESS
_LONGEST_PATH = 3

# "docker" may also be an image, or a word of prose, before it is a command.
_MOST_TOOLS = 4

_OPERATORS = frozenset({"&&", "||", "|", "&", ";", ">", ">>", "<", "2>&1"})
_PROMPT = re.compile(".{0,120}[$#%>\u276f\u279c]")

# Options that take the next word as their value. Source: the reference pages of docker run, podman
# run, nerdctl, crane and skopeo.
_VALUED = word_set(
    """
    add-host address annotation arch attach authfile blkio-weight builder cap-add cap-drop
    cert-dir cgroup-parent cgroupns cidfile command-timeout context cpu-period cpu-quota
    cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems creds data-root
    detach-keys device device-cgroup-rule device-read-bps device-read-iops device-write-bps
    device-write-iops dns dns-option dns-search domainname entrypoint env env-file expose file
    filter format gpus group-add health-cmd health-interval health-retries health-start-interval
    health-start-period health-timeout host hostname image-volume ip ip6 ipc isolation
    kernel-memory label label-file link link-local-ip log-driver log-level log-opt mac-address
    memory memory-reservation memory-swap memory-swappiness mount name namespace network
    network-alias os override-arch override-os override-variant pid pids-limit platform pod
    policy profile publish pull restart root runtime secret security-opt shm-size snapshotter
    stop-signal stop-timeout storage-opt sysctl tag tmpfs tz ulimit umask user userns uts
    variant volume volume-driver volumes-from workdir
    """
)
# The last letter of a cluster such as -dp takes the value.
_VALUED_LETTERS = frozenset("cefhlmnpuvwH")
_PLATFORM_OPTIONS = frozenset({"platform", "platforms", "docker_default_platform"})
_PLATFORM_PARTS = ("os", "arch", "variant")
_SEPARATE_PLATFORMS = re.compile(r"[,;|+]+")


@dataclass(frozen=True, slots=True)
class Options:
    """Words with their options taken out; platforms are those that options named."""

    rest: tuple[str, ...]
    platforms: tuple[str, ...]


def read_options(words: Sequence[str]) -> Options:
    """Take options, their values and NAME=VALUE words away; variables are no platforms."""
    rest: list[str] = []
    platforms: list[str] = []
    parts: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if is_link(word) or not (equals or _is_option(word)):
            rest.append(word)
            continue
        key = name.lstrip("-").lower()
        if not equals and _takes_value(name):
            value = next(waiting, "")
        if key in _PLATFORM_OPTIONS:
            platforms.extend(_SEPARATE_PLATFORMS.split(value))
        elif key.removeprefix("override-") in _PLATFORM_PARTS:
            parts[key.removeprefix("override-")] = value
    platforms.append("/".join(parts[part] for part in _PLATFORM_PARTS if parts.get(part)))
    return Options(tuple(rest), tuple(text for text in platforms if text and "$" not in text))


def read_command_line(line: str) -> Spoken | None:
    """What a line with such a command names, or None if there is no such command in it.

    Words before the command count only if they are platforms: they are a prompt, or prose.
    """
    words = split_shell(line)
    tools = [index for index, word in enumerate(words) if word.rpartition("/")[2] in _TOOLS]
    for index in tools[:_MOST_TOOLS]:
        found = _read_arguments(words[index + 1 :])
        if found is not None:
            return _with_words_before(words[:index], found)
    return None


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _takes_value(name: str) -> bool:
    if name.startswith("--"):
        return name[2:].lower() in _VALUED
    return name[1:].isalpha() and name[-1] in _VALUED_LETTERS and name != "-rm"


def _read_arguments(words: Sequence[str]) -> Spoken | None:
    options = read_options(_one_command(words))
    path = _subcommand(options.rest)
    if path is None:
        return None
    arguments = options.rest[len(path) :]
    if not arguments or path in _IMAGELESS:
        return Spoken((), options.platforms)
    image = arguments[0]
    after = [] if path in _STARTING else split_words(" ".join(arguments[1:]))
    return Spoken((image,), options.platforms, tuple(after))


def _one_command(words: Sequence[str]) -> list[str]:
    command: list[str] = []
    for word in words:
        if word in _OPERATORS or word.startswith("#"):
            break
        command.append(word.rstrip(";"))
        if word.endswith(";"):
            break
    return command


def _subcommand(words: Sequence[str]) -> tuple[str, ...] | None:
    for length in range(_LONGEST_PATH, 0, -1):
        path = tuple(words[:length])
        if path in _KNOWN:
            return path
    return None


def _with_words_before(before: Sequence[str], found: Spoken) -> Spoken:
    prompts = [index for index, word in enumerate(before) if _PROMPT.fullmatch(word)]
    said = read_options(before[prompts[-1] + 1 :] if prompts else before)
    named = [word.rstrip(":,") for word in said.rest]
    platforms = tuple(word for word in named if is_platform_word(word))
    return Spoken(found.images, (*said.platforms, *platforms, *found.platforms), found.words)
