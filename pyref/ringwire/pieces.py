"""Bytes that do not lie in one piece of memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from .wire import Bytes


class Pieces:
    """Bytes of several owners, one after the other. To put large ones together is a copy."""

    __slots__ = ("_ends", "_starts", "parts")

    def __init__(self, pieces: Iterable[Bytes]) -> None:
        # Without empty ones.
        self.parts = [memoryview(piece) for piece in pieces if len(piece)]
        self._ends = list(accumulate(map(len, self.parts)))
        self._starts = [0, *self._ends[:-1]]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def at(self, offset: int) -> tuple[memoryview, int, int]:
        """The piece with the byte at offset, and where it starts and ends; the last one behind."""
        index = min(bisect_right(self._ends, offset), len(self.parts) - 1)
        return self.parts[index], self._starts[index], self._ends[index]

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
