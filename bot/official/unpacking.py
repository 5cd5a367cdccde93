"""Packed files, unpacked piece by piece: however well they pack, no piece is large."""

import zlib
from collections.abc import Iterator

from bot.core.errors import ArchbellError

PACKED = "gzip"
"""What to ask for, as Accept-Encoding spells it."""
STEP_BYTES = 65_536
_GZIP = zlib.MAX_WBITS | 16


class Unreadable(ArchbellError):
    """What arrives is not packed as it says; never leaves this package."""


class Unpacking:
    """One file on its way."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP)

    def pieces(self, arrived: bytes) -> Iterator[bytes]:
        """What can be unpacked by now, STEP_BYTES at most at a time. Raises Unreadable."""
        packed = arrived
        while packed:
            if self._inflate.eof:
                raise Unreadable("more follows than there is to unpack")
            try:
                piece = self._inflate.decompress(packed, STEP_BYTES)
            except zlib.error as error:
                raise Unreadable("not gzip") from error
            packed = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece

    def end(self) -> None:
        """Nothing more comes. Raises Unreadable if something is wanting."""
        if not self._inflate.eof:
            raise Unreadable("cut off")


def unpacking(encoding: str) -> Unpacking | None:
    """How to unpack an answer with this Content-Encoding; None: it is not packed.

    Raises Unreadable for an encoding that nobody asked for.
    """
    match encoding.strip().lower():
        case "gzip" | "x-gzip":
            return Unpacking()
        case "" | "identity":
            return None
        case _:
            raise Unreadable("packed in a way that was not asked for")
