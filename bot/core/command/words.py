"""A message made plain, and cut into words: what phones, editors and chats do to text is undone."""

import re
from dataclasses import dataclass

from bot.core.command.links import is_link

# Letters that autocorrection and East Asian keyboards put where a command line wants ASCII.
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02"
_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\uff07"
_FULL_WIDTH = {chr(0xFEE0 + ord(ascii_one)): ascii_one for ascii_one in ":;,()/#@=?!+|&"}
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
_CONTROLS = "".join(chr(code) for code in range(32) if chr(code) not in "\n\r")
_PLAIN_LETTERS = str.maketrans(
    {
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **_FULL_WIDTH,
        **dict.fromkeys(_INVISIBLE),
        **dict.fromkeys(_CONTROLS, " "),
        "\N{IDEOGRAPHIC COMMA}": ",",
        "\N{NO-BREAK SPACE}": " ",
        "`": " ",
        "\r": "\n",
    }
)
# Hyphen to horizontal bar, minus, small and full-width hyphen.
_SMART_DASHES = "\u2010-\u2015\u2212\ufe63\uff0d"
_LONG_DASHES = "\u2014\u2015"
_LEADING_DASHES = re.compile(rf"(?<!\S)([{_SMART_DASHES}-]+)(\w*)")
_LONG_DASH_INSIDE = re.compile(rf"[{_LONG_DASHES}](?=\w)")
_LONG_DASH_AFTER = re.compile(rf"[{_LONG_DASHES}]")
_SHORT_DASH = re.compile(rf"[{_SMART_DASHES}]")

_CODE_FENCE = re.compile(r"```(?:(?:ba|z)?sh|shell|console|text|ya?ml|dockerfile|log)?(?=\s)")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_CONTINUED_LINE = re.compile(r"\\[ \t]{0,8}\n")

# Source: Slack, "Formatting text for app surfaces".
_SLACK_MARKUP = re.compile(r"<([@#!]|https?://|mailto:)([^<>|\s]*)(?:\|([^<>]*))?>")

_USER_INFO = re.compile(r"://[^/\s]{0,300}@")
_MOST_SHOWN = 80

_EDGES = "\"'()<>*~,;.!?"
_SEPARATORS = re.compile(r"[,;|+&]+")
_SHELL_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+|["']""")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a text names before its words are judged.

    images, platforms: the ones whose place in the text says what they are. words: all others.
    """

    images: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def tidy(text: str) -> str:
    """The text in plain ASCII punctuation, without chat markup, colours and mentions of people."""
    text = _SLACK_MARKUP.sub(_without_markup, text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = _COLOUR.sub("", _CODE_FENCE.sub(" ", text)).translate(_PLAIN_LETTERS)
    text = _CONTINUED_LINE.sub(" ", text).replace('\\"', '"')
    return _plain_dashes(text)


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set to look words up in."""
    return frozenset(text.split())


def split_words(line: str) -> list[str]:
    """The words of prose: enumerations are taken apart, punctuation and quotes around words go."""
    words: list[str] = []
    for raw in line.split():
        word = trimmed(raw)
        parts = [word] if is_link(word) else map(trimmed, _SEPARATORS.split(word))
        words.extend(part for part in parts if part)
    return words


def split_shell(line: str) -> list[str]:
    """The words of a command line: quotes hold together what stands in them; never fails."""
    words = (word.replace('"', "").replace("'", "") for word in _SHELL_WORD.findall(line))
    return [word for word in words if word]


def trimmed(raw: str) -> str:
    """A word without the punctuation, quotes and emphasis around it."""
    word = raw.strip(_EDGES).rstrip(":")
    if word[:1] == "[" and word[-1:] == "]":
        word = word[1:-1]
    if len(word) > 2 and word[0] == "_" == word[-1]:
        word = word[1:-1]
    return word


def shortened(words: str) -> str:
    """Words to be shown to the one who wrote them: not too many, and without a password."""
    harmless = _USER_INFO.sub("://", words)
    return harmless if len(harmless) <= _MOST_SHOWN else f"{harmless[: _MOST_SHOWN - 1]}…"


def _without_markup(markup: re.Match[str]) -> str:
    kind, address, label = markup.groups()
    if kind in "@#!":
        return " "
    if kind == "mailto:" or (label and address.rstrip("/").endswith(label.rstrip("/"))):
        return label or address
    return f"{kind}{address}"


def _plain_dashes(text: str) -> str:
    text = _LEADING_DASHES.sub(_plain_leading_dash, text)
    # A phone writes -- as one long dash.
    text = _LONG_DASH_INSIDE.sub("--", text)
    text = _LONG_DASH_AFTER.sub(" ", text)
    return _SHORT_DASH.sub("-", text)


def _plain_leading_dash(found: re.Match[str]) -> str:
    dashes, word = found.groups()
    if dashes.strip("-") == "":
        return found[0]
    if not word:
        return " "
    return f"--{word}" if len(word) > 1 else f"-{word}"
