"""Responses into the ring, from the loop's thread and from the sync thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from ._registry import (
    PRODUCER_SLEEP_MAX_NS,
    RESPONSE_HEADER_SIZE,
    RESPONSE_HEADER_STRUCT,
    SLOT_HEADER_SIZE,
    STATUS_CANCELED,
    STATUS_OK,
    STATUS_TOO_LARGE,
    TYPE_RESPONSE,
)
from .doorbell import Doorbell, fences, full_fence
from .failure import fit
from .pieces import Pieces
from .ring import Producer
from .wire import encode_response

# Slot header and the response header of a success in one, for the reason given in engine.py. What
# is the same in each is one field: status_code, error_message_len and success.
_SLOT_AND_RESULT: Final = Struct("<QBIII7s")
_pack_result: Final = _SLOT_AND_RESULT.pack_into
_SUCCESS: Final = Struct("<HIB").pack(STATUS_OK, 0, 1)
assert RESPONSE_HEADER_STRUCT == "<BIIIHIB"
_RESULT: Final = Struct("<BIII7s")
_BODY_OFFSET: Final = SLOT_HEADER_SIZE + RESPONSE_HEADER_SIZE

# The same in parts: all before request_id, and all between it and the body.
_FRAME_HEAD: Final = Struct("<QB")
_FRAME_TAIL: Final = Struct("<II7s")

# Below this length a body goes the direct way; there is a frame for each length.
DIRECT_MAX: Final = 512

# Up to this length putting a message together costs less than keeping it in pieces.
_MUCH: Final = 96 << 10

# A consumer that copies frees a slot long before a sleep of any length would end.
_SPIN_NS: Final = 50_000
_FIRST_SLEEP_NS: Final = 20_000


class Direct:
    """How the engine writes short results by itself, while no other thread can answer anything.

    A result is then the store of one frame, and a position; see result() for what is done and why.
    """

    __slots__ = (
        "base",
        "fences",
        "frames",
        "mask",
        "memory",
        "need_wakeup",
        "producer",
        "slot_count",
        "stride",
        "write_position",
    )

    def __init__(self, producer: Producer) -> None:
        ring = producer.ring
        self.producer = producer
        self.memory = ring.memory
        self.base, self.stride = ring.slots_offset, ring.slot_stride
        self.slot_count, self.mask = ring.slot_count, ring.slot_count - 1
        self.write_position, self.need_wakeup = ring.write_position, ring.need_wakeup
        # For each length of a body: what packs a frame, and the bytes before and after the id; None
        # until has_frame() was asked.
        longest = min(ring.slot_size, ring.max_message) - RESPONSE_HEADER_SIZE
        self.frames: list[Any] = [None] * min(longest + 1, DIRECT_MAX)
        # Full fences, to be called in turns.
        self.fences: tuple[Callable[[], object], Callable[[], object]] = fences()

    def has_frame(self, body_len: int) -> bool:
        """Whether bodies of this length go the direct way; from now on there is a frame for it."""
        if body_len >= len(self.frames):
            return False
        if self.frames[body_len] is None:
            total = RESPONSE_HEADER_SIZE + body_len
            head = _FRAME_HEAD.pack(total, TYPE_RESPONSE)
            tail = _FRAME_TAIL.pack(total, body_len, _SUCCESS)
            pack = Struct(f"<{len(head)}sI{len(tail)}s{body_len}s").pack_into
            self.frames[body_len] = (pack, head, tail)
        return True


class Responder:
    """The producer of the response ring, shared by threads.

    While the ring is full the calling thread waits. Its sleeps are bounded (RING-010), and between
    them it calls while_waiting, which may end the process.
    """

    __slots__ = (
        "_acquire",
        "_base",
        "_doorbell",
        "_longest",
        "_mask",
        "_max_message",
        "_memory",
        "_need_wakeup",
        "_producer",
        "_push",
        "_release",
        "_slot_count",
        "_stride",
        "_while_waiting",
        "_write_position",
        "direct",
    )

    def __init__(
        self,
        producer: Producer,
        doorbell: Doorbell,
        while_waiting: Callable[[], None],
        push: Callable[[int, bytes], bool | None] | None = None,
    ) -> None:
        ring = producer.ring
        self._producer = producer
        self._doorbell = doorbell
        # The accelerator's way for a small result: whether to ring; None if it is not for it.
        self._push = push
        self._while_waiting = while_waiting
        self._max_message = ring.max_message
        self._longest = min(ring.slot_size, ring.max_message)
        self._memory = ring.memory
        self._base, self._stride = ring.slots_offset, ring.slot_stride
        self._slot_count, self._mask = ring.slot_count, ring.slot_count - 1
        self._write_position = ring.write_position
        self._need_wakeup = ring.need_wakeup
        # None: results must go through result().
        self.direct: Direct | None = Direct(producer)
        lock = threading.Lock()
        self._acquire: Callable[[], object] = lock.acquire
        self._release = lock.release

    def abandon(self, leave: Callable[[], None]) -> None:
        """In a forked child: whoever comes to answer a call leaves instead. The lock may be held
        by a thread that is not there any more.
        """
        self._acquire = leave

    def ring_doorbell(self) -> None:
        """Wake the master."""
        self._doorbell.ring()

    # spec:req LIFE-013 LIFE-017 LIMIT-002 BELL-002 BELL-003
    def result(self, request_id: int, body: bytes | Pieces) -> None:
        """Answer a call with its encoded result, or with 413 if that is too large."""
        body_len = len(body)
        total = RESPONSE_HEADER_SIZE + body_len
        if total > self._longest:
            self._large_result(request_id, body)
            return
        body = bytes(body)
        self._acquire()
        if self._push is not None:
            ring = self._push(request_id, body)
            if ring is not None:
                self._release()
                if ring:
                    self._doorbell.ring()
                return
        producer, memory = self._producer, self._memory
        position = producer.position
        if position - producer.read_position >= self._slot_count:
            self._wait_for_slot()
        slot = self._base + (position & self._mask) * self._stride
        _pack_result(memory, slot, total, TYPE_RESPONSE, request_id, total, body_len, _SUCCESS)
        memory[slot + _BODY_OFFSET : slot + SLOT_HEADER_SIZE + total] = body
        producer.position = position + 1
        # Release; pairs with the master's acquire load.
        self._write_position[0] = position + 1
        # Releasing the lock is also the full fence between publishing and looking at the flag,
        # where there is no other (see doorbell.py).
        self._release()
        if self._push is not None:
            full_fence()
        if self._need_wakeup[0]:
            self._doorbell.ring()

    def _large_result(self, request_id: int, body: bytes | Pieces) -> None:
        total = RESPONSE_HEADER_SIZE + len(body)
        if total > self._max_message:
            reason = f"the result is too large: total_length={total} maximum={self._max_message}"
            self.failure(request_id, STATUS_TOO_LARGE, reason)
        else:
            header = _RESULT.pack(TYPE_RESPONSE, request_id, total, len(body), _SUCCESS)
            parts = (header, *body.parts) if isinstance(body, Pieces) else (header, body)
            self._send(b"".join(parts) if total <= _MUCH else Pieces(parts))

    def failure(
        self, request_id: int, status: int, message: str, details: dict[str, Any] | None = None
    ) -> None:
        """Answer a call with a failure; what does not fit the message is cut."""
        body, error_message = fit(message, details or {}, self._max_message)
        self._send(
            encode_response(
                request_id, status, False, body, error_message, max_message=self._max_message
            )
        )

    def canceled(self, request_id: int, started: bool) -> None:
        """Answer a call that was cancelled."""
        when = "while it ran" if started else "before it started"
        self.failure(request_id, STATUS_CANCELED, f"cancelled {when}", {"started": started})

    # spec:req RING-009 BELL-011
    def _send(self, message: bytes | Pieces) -> None:
        self._acquire()
        offset = self._producer.put(message)
        while offset < len(message):
            self._announce()
            self._wait_for_slot()
            offset = self._producer.put(message, offset)
        self._release()
        self._announce()

    def _announce(self) -> None:
        full_fence()
        if self._producer.consumer_sleeps():
            self._doorbell.ring()

    # spec:req RING-010
    def _wait_for_slot(self) -> None:
        free_slots = self._producer.free_slots
        end = time.perf_counter_ns() + _SPIN_NS
        while time.perf_counter_ns() < end:
            if free_slots():
                return
        sleep_ns = _FIRST_SLEEP_NS
        while free_slots() == 0:
            time.sleep(sleep_ns / 1e9)
            self._while_waiting()
            sleep_ns = min(2 * sleep_ns, PRODUCER_SLEEP_MAX_NS)
