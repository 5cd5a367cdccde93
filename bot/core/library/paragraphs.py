"""The paragraphs of a library file: fields with their lines, before anything is made of them.

Source: docker-library/official-images, "Instruction format"; bashbrew, which reads them as Debian's
control files but for comments, and these may stand anywhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.library.values import LibraryFault, Malformation


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its text without space around it, lines still apart, and where it begins."""

    text: str
    line: int

    @property
    def words(self) -> tuple[str, ...]:
        """What stands between its commas, but nothing empty."""
        return tuple(word for word in (each.strip() for each in self.text.split(",")) if word)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The fields of a paragraph by name, of which the last one of a name counts."""

    fields: Mapping[str, Field]
    line: int


class _Gathering:
    """The paragraph that is being read."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[int, list[str]]] = {}
        self._name: str | None = None
        self._line = 0

    def begin(self, name: str, text: str, line: int) -> None:
        self._line = self._line or line
        self._name = name
        self._lines[name] = (line, [text])

    def go_on(self, text: str, line: int) -> None:
        if self._name is not None:
            self._lines[self._name][1].append(text)
        elif text.strip():
            raise Malformation(LibraryFault.STRAY_CONTINUATION, line, text.strip())

    def end(self) -> Iterator[Paragraph]:
        """The paragraph if it has fields; what follows is another one."""
        if self._lines:
            fields = {
                name: Field("\n".join(texts).strip(), line)
                for name, (line, texts) in self._lines.items()
            }
            yield Paragraph(fields, self._line)
        self._lines, self._name, self._line = {}, None, 0


def read_paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a text, in its order. Raises Malformation."""
    gathering = _Gathering()
    for number, ended in enumerate(text.split("\n"), start=1):
        line = ended.removesuffix("\r")
        if line.lstrip().startswith("#"):
            continue
        if not line:
            yield from gathering.end()
        elif line[0] in " \t":
            gathering.go_on(line, number)
        else:
            name, colon, value = line.partition(":")
            if not colon:
                raise Malformation(LibraryFault.NOT_A_FIELD, number, line)
            gathering.begin(name.strip(), value, number)
    yield from gathering.end()
