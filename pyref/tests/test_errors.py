from __future__ import annotations

from ringwire._registry import BAD_TYPE, RING_POSITION
from ringwire.errors import LaneError, RegionError, RingwireError, WireError


def test_wire_error_carries_its_facts() -> None:
    error = WireError(BAD_TYPE, 0, "type")
    assert (error.code, error.number, error.category) == ("BAD_TYPE", 5, "unsupported")
    assert (error.offset, error.field) == (0, "type")
    assert str(error) == "message refused: code=BAD_TYPE offset=0 field=type"


def test_lane_error_carries_its_facts() -> None:
    error = LaneError(RING_POSITION, "write_position=9")
    assert (error.code, error.number, error.category) == ("RING_POSITION", 32, "corrupt")
    assert str(error) == "lane corrupt: code=RING_POSITION write_position=9"


def test_all_blame_the_peer() -> None:
    assert all(issubclass(kind, RingwireError) for kind in (WireError, LaneError, RegionError))
