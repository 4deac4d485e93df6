from __future__ import annotations

import types
from typing import Any

import pytest

from ringwire import _registry as registry
from ringwire import fast_lane, native
from ringwire.codec import Codec
from ringwire.region import Layout
from ringwire.ring import Consumer, Producer, Ring

LAYOUT = Layout(slot_count=16, slot_size=128, max_message=4096)


def make(module: Any) -> Any:
    memory = bytearray(LAYOUT.region_size)
    consumer = Consumer(Ring.requests(memory, LAYOUT))
    producer = Producer(Ring.responses(memory, LAYOUT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "module", module)
        return fast_lane.make(consumer, producer, Codec(long_text=7))


def test_nothing_without_accelerator() -> None:
    assert make(None) is None


def test_what_the_accelerator_is_told() -> None:
    given = make(types.SimpleNamespace(Lane=lambda **given: given))
    assert given["requests"] == LAYOUT.request_slots_offset
    assert given["responses"] == LAYOUT.response_slots_offset
    assert (
        given["read_position"] == registry.REQUEST_CONTROL_OFFSET + registry.CONTROL_READ_POSITION
    )
    assert (
        given["write_position"]
        == registry.RESPONSE_CONTROL_OFFSET + registry.CONTROL_WRITE_POSITION
    )
    assert (given["slot_count"], given["slot_size"]) == (LAYOUT.slot_count, LAYOUT.slot_size)
    assert (given["slot_stride"], given["max_message"]) == (LAYOUT.slot_stride, LAYOUT.max_message)
    assert (given["options"], given["long_text"]) == (None, 7)
