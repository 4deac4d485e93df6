"""What can be wrong with what the other side sent.

Errors in this module blame the peer. A mistake of the caller (a value that fits no field, say)
is a ValueError, and what the system refuses stays an OSError.
"""

from __future__ import annotations

from ._registry import CODES


class RingwireError(Exception):
    """Base of the errors that blame the other side."""


class WireError(RingwireError):
    """A message that chapter 01 refuses.

    Implementations agree on code, category, offset and field; the text is free.
    """

    __slots__ = ("category", "code", "field", "number", "offset")

    def __init__(self, code: str, offset: int, field: str) -> None:
        number, category = CODES[code]
        super().__init__(f"message refused: code={code} offset={offset} field={field}")
        self.code = code
        self.number = number
        self.category = category
        self.offset = offset
        self.field = field


class LaneError(RingwireError):
    """A ring that its other side has corrupted; the lane must not be touched again (RING-020)."""

    __slots__ = ("category", "code", "number")

    def __init__(self, code: str, facts: str) -> None:
        number, category = CODES[code]
        super().__init__(f"lane corrupt: code={code} {facts}")
        self.code = code
        self.number = number
        self.category = category


class RegionError(RingwireError):
    """A region header that chapter 02 tells a worker to refuse."""
