"""Bytes that do not lie in one piece of memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from io import BytesIO
from itertools import accumulate

from .wire import Bytes


class Pieces:
    """Bytes of several owners, one after the other. To put large ones together is a copy."""

    __slots__ = ("_ends", "parts")

    def __init__(self, pieces: Iterable[Bytes]) -> None:
        # Without empty ones.
        self.parts = list(filter(len, pieces))
        # Of each piece, when somebody asks.
        self._ends: list[int] = []

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def at(self, offset: int) -> tuple[Bytes, int, int]:
        """The piece with the byte at offset, and where it starts and ends."""
        if not self._ends:
            self._ends = list(accumulate(map(len, self.parts)))
        index = bisect_right(self._ends, offset)
        end = self._ends[index]
        return self.parts[index], end - len(self.parts[index]), end

    def __bytes__(self) -> bytes:
        return b"".join(self.parts)

    def slice(self, start: int, end: int) -> bytes:
        """A copy of some bytes."""
        parts = []
        while start < end:
            piece, first, stop = self.at(start)
            stop = min(stop, end)
            parts.append(piece[start - first : stop - first])
            start = stop
        return b"".join(parts)

    def source(self, offset: int, size: int, most: int) -> tuple[BytesIO, int]:
        """Something to read the bytes from offset on from, and how many portions of size it has.

        They are at least one and most at most. Only the last portion of all may be shorter.
        """
        piece, start, stop = self.at(offset)
        is_last = stop == self._ends[-1]
        portions = -(-(stop - offset) // size) if is_last else (stop - offset) // size
        if portions == 0:
            return BytesIO(self.slice(offset, min(offset + size, self._ends[-1]))), 1
        portions = min(portions, most)
        if type(piece) is not bytes:
            return BytesIO(piece[offset - start : offset - start + portions * size]), portions
        # These are not copied.
        source = BytesIO(piece)
        source.seek(offset - start)
        return source, portions
