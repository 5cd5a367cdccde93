"""Makes the lines of a message fit into what a service accepts."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

SHORTEST = 40
"""A line is not cut below this size; rather lines are left out."""

Size = Callable[[str], int]
"""What a text costs once it is escaped; grows with the text, and by 1 for an ellipsis."""


def shortened(text: str, room: int, *, size: Size = len) -> str:
    """The text, or as much of its beginning as fits into room (at least 1), with an ellipsis."""
    if size(text) <= room:
        return text
    kept = bisect_right(range(len(text)), room - 1, key=lambda end: size(text[:end]))
    return f"{text[: kept - 1]}…"


def fitted(lines: Sequence[str], room: int, *, size: Size = len) -> tuple[str, ...]:
    """Lines that, each with its line end, take no more than room.

    The longest are cut first and all to the same size; where that does not help the last are left
    out, and a line says how many.
    """
    sizes = [size(line) for line in lines]
    if sum(sizes) + len(sizes) <= room:
        return tuple(lines)
    widest = bisect_right(
        range(max(sizes) + 1), room, key=lambda cap: sum(min(one, cap) + 1 for one in sizes)
    )
    cap = max(widest - 1, SHORTEST)
    kept: list[str] = []
    left = room - SHORTEST
    for line in lines:
        cut = shortened(line, cap, size=size)
        left -= size(cut) + 1
        if left < 0 and widest <= SHORTEST:
            return (*kept, f"… and {len(lines) - len(kept)} more lines")
        kept.append(cut)
    return tuple(kept)
