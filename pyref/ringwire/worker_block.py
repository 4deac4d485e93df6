"""What a worker tells about itself in the region (chapters 02 and 05)."""

from __future__ import annotations

from typing import Final

from ._registry import (
    IMPLEMENTATION_SIZE,
    TRANSITIONS,
    VERSION_MAJOR,
    VERSION_MINOR,
    WORKER_BLOCK_OFFSET,
    WORKER_CURRENT_CALL,
    WORKER_HEARTBEAT,
    WORKER_IMPLEMENTATION,
    WORKER_IN_FLIGHT,
    WORKER_PID,
    WORKER_PROTOCOL_VERSION,
    WORKER_REFUSED,
    WORKER_STATE,
)
from .region import Memory
from .words import U32_BYTES, U64_BYTES, word

# For WorkerBlock.calls: what a request_id is put beside when no other call is in flight.
ONE_IN_FLIGHT: Final = 1 << 32


# spec:req REGION-012
class WorkerBlock:
    """The worker block of a region; the worker is its only writer."""

    __slots__ = ("_beats", "_fields", "_heartbeat", "_refused", "_state", "calls")

    def __init__(self, memory: Memory) -> None:
        self._fields: list[memoryview] = []
        self._state = self._field(memory, WORKER_STATE, U32_BYTES)
        self._beats = 0
        self._heartbeat = self._field(memory, WORKER_HEARTBEAT, U64_BYTES)
        # current_call and in_flight are neighbours and change together: one store for both.
        assert WORKER_IN_FLIGHT == WORKER_CURRENT_CALL + U32_BYTES
        self.calls = self._field(memory, WORKER_CURRENT_CALL, U64_BYTES)
        self._refused = self._field(memory, WORKER_REFUSED, U64_BYTES)

    def _field(self, memory: Memory, offset: int, size: int) -> memoryview:
        field = word(memory, WORKER_BLOCK_OFFSET + offset, size)
        self._fields.append(field)
        return field

    @staticmethod
    def introduce(memory: Memory, pid: int, implementation: str) -> None:
        """Write who the worker is; to be done before READY (LIFE-002)."""
        name = implementation.encode()[:IMPLEMENTATION_SIZE].ljust(IMPLEMENTATION_SIZE, b"\0")
        for offset, data in (
            (WORKER_PID, pid.to_bytes(U32_BYTES, "little")),
            (
                WORKER_PROTOCOL_VERSION,
                (VERSION_MAJOR << 16 | VERSION_MINOR).to_bytes(U32_BYTES, "little"),
            ),
            (WORKER_IMPLEMENTATION, name),
        ):
            start = WORKER_BLOCK_OFFSET + offset
            memory[start : start + len(data)] = data

    @property
    def state(self) -> int:
        state: int = self._state[0]
        return state

    # spec:req LIFE-004
    def set_state(self, state: int) -> None:
        """Enter a state; a transition that the specification does not know is a ValueError."""
        before = self._state[0]
        if (before, state) not in TRANSITIONS:
            raise ValueError(f"no such transition: before={before} after={state}")
        # Release; pairs with the master's acquire load of the state.
        self._state[0] = state

    def running(self, request_id: int, in_flight: int) -> None:
        """A call occupies the main thread."""
        self.calls[0] = request_id | in_flight << 32

    def idle(self, in_flight: int) -> None:
        """No call occupies the main thread. Shows progress, too: long calls end here each time."""
        self._beats += 1
        self._heartbeat[0] = self._beats
        self.calls[0] = in_flight << 32

    def count_refused(self) -> None:
        self._refused[0] += 1

    def close(self) -> None:
        """Give up the shared fields: whoever still uses them gets a ValueError."""
        for field in self._fields:
            field.release()
