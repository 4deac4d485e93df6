"""The hot path in C: what the accelerator must know of a lane."""

from __future__ import annotations

from typing import Any, Final

from . import native
from ._registry import (
    CONTROL_NEED_WAKEUP,
    CONTROL_READ_POSITION,
    CONTROL_URGENT_COUNT,
    CONTROL_WRITE_POSITION,
    REQUEST_CONTROL_OFFSET,
    RESPONSE_CONTROL_OFFSET,
    WORKER_BLOCK_OFFSET,
    WORKER_CURRENT_CALL,
)
from .codec import Codec
from .ring import Consumer, Producer

# Why serve() came back: all was handled, the next message is for the engine, time is over.
REACHED: Final = 0
OTHER: Final = 1
TURN_OVER: Final = 2


def make(consumer: Consumer, producer: Producer, codec: Codec) -> Any:
    """The accelerator's side of a lane, or None without accelerator."""
    if native.module is None:
        return None
    ring = consumer.ring
    decode, encode, options = codec.raw
    return native.module.Lane(
        memory=ring.memory,
        consumer=consumer,
        producer=producer,
        slot_count=ring.slot_count,
        slot_size=ring.slot_size,
        slot_stride=ring.slot_stride,
        max_message=ring.max_message,
        requests=ring.slots_offset,
        responses=producer.ring.slots_offset,
        read_position=REQUEST_CONTROL_OFFSET + CONTROL_READ_POSITION,
        urgent_count=REQUEST_CONTROL_OFFSET + CONTROL_URGENT_COUNT,
        write_position=RESPONSE_CONTROL_OFFSET + CONTROL_WRITE_POSITION,
        need_wakeup=RESPONSE_CONTROL_OFFSET + CONTROL_NEED_WAKEUP,
        calls=WORKER_BLOCK_OFFSET + WORKER_CURRENT_CALL,
        decode=decode,
        encode=encode,
        options=options,
        long_text=codec.long_text,
    )
