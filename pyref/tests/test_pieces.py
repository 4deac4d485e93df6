"""Bytes in pieces are what they are put together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_ring import Lane

from ringwire.pieces import Pieces
from ringwire.region import Layout
from ringwire.wire import Bytes

PIECES = (b"", b"a", b"bcd", bytearray(b"efghij"), b"", memoryview(b"kl"), b"")
WHOLE = b"abcdefghijkl"


def test_every_part() -> None:
    pieces = Pieces(PIECES)
    assert len(pieces) == len(WHOLE)
    assert bytes(pieces) == b"".join(pieces.parts) == WHOLE
    for start in range(len(WHOLE) + 1):
        for end in range(start, len(WHOLE) + 1):
            assert pieces.slice(start, end) == WHOLE[start:end]
    for offset in range(len(WHOLE)):
        piece, start, end = pieces.at(offset)
        assert start <= offset < end
        assert piece == WHOLE[start:end]


def test_nothing() -> None:
    assert len(Pieces((b"",))) == 0
    assert bytes(Pieces(())) == b""


# spec:test RING-002 RING-003
@pytest.mark.parametrize(
    "lengths", [(1, 200), (64, 64), (63, 65), (20, 5, 150, 3), (64, 1), (191,)]
)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_in_a_ring(lengths: tuple[int, ...], kind: Callable[[bytes], Bytes]) -> None:
    data = bytes(range(256))
    pieces = [kind(data[i : i + length]) for i, length in enumerate(lengths)]
    whole = b"".join(pieces)
    lane = Lane(Layout(slot_count=2, slot_size=64, max_message=1024))
    offset = lane.producer.put(Pieces(pieces))
    while (message := lane.consumer.peek()) is None:
        offset = lane.producer.put(Pieces(pieces), offset)
    assert message == whole
    assert offset == len(whole)
