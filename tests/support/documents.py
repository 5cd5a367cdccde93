"""The documents as text with structure: their headings, links, tables, code and quotes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FEWEST_LETTERS = 12
"""Patterns with fewer letters of their own fit what nobody has said."""
TABLE_RULE = re.compile(r"\|[\s:|-]+\|")

_FENCE = re.compile(r"^ *```(?P<language>\w*)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_SPAN = re.compile(r"`([^`]+)`")
_QUOTE = re.compile(r"“([^”]+)”")


def every_document() -> dict[str, str]:
    """The text of each document, by its path from the top."""
    paths = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def document(name: str) -> str:
    """The text of one document."""
    return (ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A document without its fenced code."""
    return _FENCE.sub("", text)


def fenced(text: str) -> list[str]:
    """What stands between the fences of a document."""
    return [found["body"] for found in _FENCE.finditer(text)]


def code_spans(text: str) -> list[str]:
    """What is set as code within the prose, with line ends as spaces."""
    return [" ".join(span.split()) for span in _SPAN.findall(prose(text))]


def quotes(text: str) -> list[str]:
    """What stands in “quotes”, which is what the bot says, word for word."""
    return [" ".join(quote.split()) for quote in _QUOTE.findall(prose(text))]


def links(text: str) -> list[str]:
    """Where the links of a document lead, each once."""
    return list(dict.fromkeys(_LINK.findall(prose(text))))


def anchors(text: str) -> set[str]:
    """The names by which the headings of a document can be linked to, as GitHub makes them."""
    titles = (title.replace("`", "").lower() for title in _HEADING.findall(prose(text)))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


def sections(text: str) -> dict[str, str]:
    """What stands below each heading of the second level, by the heading without backticks."""
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    split = (part.partition("\n") for part in parts)
    return {title.replace("`", "").strip(): body for title, _, body in split}


def entries(text: str) -> list[tuple[str, str]]:
    """The items of lists that begin with code: that code, all of it, and what follows it."""
    items = re.findall(r"^- (`.+(?:\n  .+)*)", text, re.MULTILINE)
    split = (re.match(r"((?:`[^`]+`(?:, )?)+)(.*)", item, re.DOTALL) for item in items)
    return [(found[1].strip(), " ".join(found[2].split())) for found in split if found]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of all tables, a cell each, without the headings of their columns."""
    lines = prose(text).splitlines()
    for number, line in enumerate(lines):
        ahead = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not TABLE_RULE.fullmatch(line) and not TABLE_RULE.match(ahead):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def modules() -> list[Path]:
    """The modules of the program."""
    return sorted((ROOT / "bot").rglob("*.py"))


def syntax() -> Iterator[ast.AST]:
    """Every node of the syntax of every module."""
    for path in modules():
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def said_in_code() -> tuple[str, list[re.Pattern[str]]]:
    """The texts that stand in the program, line by line, and patterns of those with holes."""
    texts: list[str] = []
    with_holes: list[re.Pattern[str]] = []
    for node in syntax():
        match node:
            case ast.Constant(value=str() as text):
                texts.append(" ".join(text.split()))
            case ast.JoinedStr(values=parts):
                pattern = "".join(map(_pattern, parts))
                if sum(map(str.isalpha, pattern)) >= FEWEST_LETTERS:
                    with_holes.append(re.compile(pattern))
    return "\n".join(texts), with_holes


def _pattern(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return re.escape(str(part.value))
    return ".+"
