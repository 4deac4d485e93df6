from __future__ import annotations

import pytest

from ringwire import _registry as registry
from ringwire.region import Layout
from ringwire.worker_block import WorkerBlock

BASE = registry.WORKER_BLOCK_OFFSET


@pytest.fixture
def memory() -> bytearray:
    return bytearray(Layout(slot_count=2, slot_size=64).region_size)


def number(memory: bytearray, offset: int, size: int) -> int:
    return int.from_bytes(memory[BASE + offset : BASE + offset + size], "little")


# spec:test LIFE-002
def test_introduction(memory: bytearray) -> None:
    WorkerBlock.introduce(memory, 4711, "ringwire-python 1")
    assert number(memory, registry.WORKER_PID, 4) == 4711
    assert number(memory, registry.WORKER_PROTOCOL_VERSION, 4) == 1 << 16
    name = BASE + registry.WORKER_IMPLEMENTATION
    assert memory[name : name + 64] == b"ringwire-python 1".ljust(64, b"\0")
    WorkerBlock.introduce(memory, 1, "x" * 100)
    assert memory[name : name + 65] == b"x" * 64 + b"\0"


# spec:test REGION-012
def test_calls_and_counters(memory: bytearray) -> None:
    block = WorkerBlock(memory)
    block.running(0xFFFFFFFF, 3)
    assert number(memory, registry.WORKER_CURRENT_CALL, 4) == 0xFFFFFFFF
    assert number(memory, registry.WORKER_IN_FLIGHT, 4) == 3
    assert number(memory, registry.WORKER_HEARTBEAT, 8) == 0
    block.idle(2)
    assert number(memory, registry.WORKER_CURRENT_CALL, 4) == 0
    assert number(memory, registry.WORKER_IN_FLIGHT, 4) == 2
    assert number(memory, registry.WORKER_HEARTBEAT, 8) == 1
    block.count_refused()
    block.count_refused()
    assert number(memory, registry.WORKER_REFUSED, 8) == 2
    assert not any(memory[:BASE])
    assert not any(memory[BASE + 512 :])


STATES = [
    registry.STATE_STARTING,
    registry.STATE_READY,
    registry.STATE_DRAINING,
    registry.STATE_STOPPED,
    registry.STATE_FAILED,
]
ALLOWED = {(0, 1), (0, 4), (1, 2), (1, 4), (2, 3), (2, 4)}


# spec:test LIFE-004
@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_transitions(memory: bytearray, before: int, after: int) -> None:
    memory[BASE + registry.WORKER_STATE] = before
    block = WorkerBlock(memory)
    if (before, after) in ALLOWED:
        block.set_state(after)
        assert block.state == after
    else:
        with pytest.raises(ValueError, match="no such transition"):
            block.set_state(after)
        assert block.state == before


def test_closed(memory: bytearray) -> None:
    block = WorkerBlock(memory)
    block.close()
    with pytest.raises(ValueError, match="released"):
        block.idle(0)
    del memory[:]
