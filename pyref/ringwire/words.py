"""Shared fields of the region, and where a producer or consumer stands.

word[0] is a single aligned load or store of the whole field. As a view, x86-64 orders it like
acquire and release (chapter 03, Memory ordering); as a Word of the accelerator it is one of each on
every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import native
from .region import Memory

U32_BYTES: Final = 4
U64_BYTES: Final = 8


# spec:req RING-024
def word(memory: Memory, offset: int, size: int) -> memoryview:
    """The field of size bytes at offset; release() gives it up."""
    if native.module is not None:
        found: memoryview = native.module.Word(memory, offset, size)
        return found
    part = memoryview(memory)[offset : offset + size]
    return part.cast("Q" if size == U64_BYTES else "I")


class _Cursor:
    __slots__ = ("position", "read_position")


if TYPE_CHECKING:

    class Cursor:
        """position, and for a producer the read_position that it has last seen."""

        position: int
        read_position: int

elif native.module is None:
    Cursor = _Cursor
else:
    Cursor = native.module.Cursor
