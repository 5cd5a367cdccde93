"""Variables with defaults as Dockerfiles and compose files write them: `$X`, `${X:-y}`.

Source: Dockerfile reference, "Environment replacement"; Compose specification, "Interpolation".
"""

import re
from collections.abc import Container, Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# No name of an image is longer; without it a chain of values could double at each step.
_MAX_VALUE_LENGTH = 1024
_MAX_NESTING = 8


def expand(
    text: str, values: Mapping[str, str | None], *, unsayable: Container[str] = (), depth: int = 0
) -> str | None:
    """The text with its variables replaced; None if one of them is not known, or it is too long.

    values: None for a variable that is declared and has no value. unsayable: names whose value
    only the one who builds knows, so that not even a default beside them counts.
    """
    parts: list[str] = []
    position = size = 0
    while position < len(text):
        start = text.find("$", position)
        if start < 0:
            start = len(text)
        parts.append(text[position:start])
        position = start
        if start < len(text):
            value, position = _variable(text, start + 1, values, unsayable, depth)
            if value is None:
                return None
            parts.append(value)
        size += sum(map(len, parts[-2:]))
        if size > _MAX_VALUE_LENGTH:
            return None
    return "".join(parts)


def _variable(
    text: str,
    start: int,
    values: Mapping[str, str | None],
    unsayable: Container[str],
    depth: int,
) -> tuple[str | None, int]:
    """The value of the variable whose name or brace begins here, and the position after it."""
    braced = text.startswith("{", start)
    name = _NAME.match(text, start + braced)
    if name is None or name[0] in unsayable:
        return None, len(text)
    value = values.get(name[0])
    if not braced:
        return value, name.end()
    end = _closing_brace(text, name.end())
    rest = text[name.end() : end]
    sign = rest.removeprefix(":")[:1]
    if sign not in ("-", "+") or depth >= _MAX_NESTING:
        return (value if not rest else None), end + 1
    # `:-word`, `-word`, `:+word` and `+word`; with a colon an empty value counts as none.
    is_set = value is not None and not (rest.startswith(":") and not value)
    if is_set and sign == "-":
        return value, end + 1
    if not is_set and sign == "+":
        return "", end + 1
    word = rest.removeprefix(":")[1:]
    return expand(word, values, unsayable=unsayable, depth=depth + 1), end + 1


def _closing_brace(text: str, start: int) -> int:
    """Where the brace that is open at the start is closed, or the text's end."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if not depth:
            return position
    return len(text)
