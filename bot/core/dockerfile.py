"""The images that a Dockerfile builds upon.

Source: Dockerfile reference, "FROM", "ARG", "COPY --from", "RUN --mount" and "Here-Documents".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.core.inventory import ImageUse
from bot.core.reference import Reference
from bot.core.variables import expand

MAX_DOCKERFILE_BYTES = 256 * 1024
"""Far more than any official image's; what is longer is not read."""

_SCRATCH = "scratch"
_ESCAPE_DIRECTIVE = re.compile(r"#[ \t]*escape[ \t]*=[ \t]*([`\\])[ \t]*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#[ \t]*[A-Za-z]+[ \t]*=.*")
_HEREDOC = re.compile(r"(?<!\S)[0-9]*<<-?([\"']?)([A-Za-z0-9_.]+)\1(?!\S)")
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(=?)(.*)", re.DOTALL)
# The one who builds always says these, so that a default beside their names never counts.
_PREDEFINED = frozenset(
    f"{side}{part}"
    for side in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")
)
_BUILDER = re.compile(r"\$\{?BUILD(?:PLATFORM|OS|ARCH)\b")


def parse_dockerfile(text: str) -> tuple[ImageUse, ...]:
    """Where the text names images, in its order; neither its own stages nor scratch are any.

    line is where the instruction begins. platform is what FROM --platform says, "" for the
    builder's; the target's is as good as none, and so is what cannot be known.
    Total: whatever is no instruction is passed over, and nothing is found in a text that is longer
    than MAX_DOCKERFILE_BYTES. ARGs before the first FROM have their defaults.
    """
    if len(text) > MAX_DOCKERFILE_BYTES:
        return ()
    reading = _Reading()
    for line, words in _instructions(text):
        reading.take(line, words)
    return tuple(reading.uses)


def parents_of(text: str) -> tuple[Reference, ...] | None:
    """The distinct images that a Dockerfile builds upon, in its order; None if one is not known."""
    uses = parse_dockerfile(text)
    references = dict.fromkeys(use.reference for use in uses)
    known = tuple(reference for reference in references if reference is not None)
    return known if len(known) == len(references) else None


@dataclass(slots=True)
class _Reading:
    """What is known after some instructions."""

    uses: list[ImageUse] = field(default_factory=list)
    # None: declared, but only the one who builds can say it.
    _arguments: dict[str, str | None] = field(default_factory=dict)
    _stages: set[str] = field(default_factory=set)
    _count: int = 0

    def take(self, line: int, words: list[str]) -> None:
        match words[0].upper():
            case "ARG" if not self._count:
                self._declare(words[1:])
            case "FROM":
                self._begin_stage(line, words[1:])
            case "COPY":
                self._take_from(line, _flags(words[1:], "--from="))
            case "RUN":
                for mount in _flags(words[1:], "--mount="):
                    options = mount.split(",")
                    self._take_from(line, [o[5:] for o in options if o.startswith("from=")])
            case _:
                pass

    def _declare(self, words: list[str]) -> None:
        for word in words:
            if (match := _ASSIGNMENT.fullmatch(word)) is not None:
                name, equals, value = match.groups()
                self._arguments[name] = _expand(value, self._arguments) if equals else None

    def _begin_stage(self, line: int, words: list[str]) -> None:
        platforms = _flags(words, "--platform=")
        named = [word for word in words if not word.startswith("--")]
        if not named:
            return
        platform = _platform(platforms[-1], self._arguments) if platforms else None
        self._use(line, named[0], _expand(named[0], self._arguments), platform)
        self._stages.add(str(self._count))
        if len(named) > 2 and named[1].upper() == "AS":
            self._stages.add(named[2].lower())
        self._count += 1

    def _take_from(self, line: int, names: list[str]) -> None:
        # Variables are not replaced there.
        for name in names:
            self._use(line, name, None if "$" in name else name.strip("\"'"), None)

    def _use(self, line: int, written: str, name: str | None, platform: str | None) -> None:
        if name is not None and (name == _SCRATCH or name.lower() in self._stages):
            return
        self.uses.append(ImageUse.of(line, written, name, platform))


def _flags(words: list[str], prefix: str) -> list[str]:
    """What follows the prefix in the flags at the beginning of the words."""
    found = []
    for word in words:
        if not word.startswith("--"):
            break
        if word.startswith(prefix):
            found.append(word.removeprefix(prefix))
    return found


def _platform(written: str, arguments: Mapping[str, str | None]) -> str | None:
    known = _expand(written, arguments)
    return "" if known is None and _BUILDER.search(written) else known


def _instructions(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each instruction's first line and its words, without comments and here-documents."""
    lines = text.split("\n")
    escape = _escape(lines)
    last = {line.strip(): number for number, line in enumerate(lines)}
    number = 0
    while number < len(lines):
        begun = number
        instruction, number = _joined(lines, number, escape)
        words = instruction.split()
        if not words:
            continue
        if words[0].upper() in _WITH_HEREDOCS:
            for heredoc in _HEREDOC.finditer(instruction):
                number = _after_heredoc(lines, number, heredoc[2], last)
        yield begun + 1, words


def _escape(lines: list[str]) -> str:
    """What continues a line: a backslash unless a directive at the very top says a backtick."""
    for line in lines:
        stripped = line.strip()
        if (match := _ESCAPE_DIRECTIVE.fullmatch(stripped)) is not None:
            return match[1]
        if _DIRECTIVE.fullmatch(stripped) is None:
            break
    return "\\"


def _joined(lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """The instruction that begins in this line, and the number of the line after it."""
    parts: list[str] = []
    while number < len(lines):
        # Space at the beginning of a later line is the space between two words.
        line = lines[number].rstrip()
        number += 1
        if not line or line.lstrip().startswith("#"):
            if parts:
                continue
            break
        parts.append(line.removesuffix(escape))
        if not line.endswith(escape):
            break
    return "".join(parts), number


def _after_heredoc(lines: list[str], number: int, end: str, last: Mapping[str, int]) -> int:
    """The line after the here-document; the same line if nothing ends it, as in `1 << x`."""
    if last.get(end, -1) < number:
        return number
    while lines[number].strip() != end:
        number += 1
    return number + 1


def _expand(text: str, arguments: Mapping[str, str | None]) -> str | None:
    """The text without quotes and with its variables replaced; None if one of them is not known."""
    plain = text.replace('"', "").replace("'", "")
    return expand(plain, arguments, unsayable=_PREDEFINED)
