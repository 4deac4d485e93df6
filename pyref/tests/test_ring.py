from __future__ import annotations

import random
import struct

import pytest

from ringwire import _registry as registry
from ringwire.errors import LaneError
from ringwire.region import Layout
from ringwire.ring import Consumer, Producer, Ring

LAYOUT = Layout(slot_count=4, slot_size=64, max_message=4096)


class Lane:
    """The request ring in plain memory, and ways to spoil it."""

    def __init__(self, layout: Layout = LAYOUT, start: int = 0) -> None:
        self.memory = bytearray(layout.region_size)
        self.ring = Ring.requests(self.memory, layout)
        self.ring.write_position[0] = start
        self.ring.read_position[0] = start
        self.producer = Producer(self.ring)
        self.consumer = Consumer(self.ring)

    def header(self, position: int) -> tuple[int, int]:
        length, offset = struct.unpack_from("<II", self.memory, self.ring.slot(position))
        return length, offset

    def set_header(self, position: int, length: int, offset: int) -> None:
        struct.pack_into("<II", self.memory, self.ring.slot(position), length, offset)

    def peek(self) -> bytes | None:
        message = self.consumer.peek()
        return None if message is None else bytes(message)

    def receive(self) -> bytes | None:
        message = self.peek()
        if message is not None:
            self.consumer.take()
        return message


def message(length: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(length)


def test_the_two_rings_lie_where_the_layout_says() -> None:
    memory = bytearray(LAYOUT.region_size)
    requests, responses = Ring.requests(memory, LAYOUT), Ring.responses(memory, LAYOUT)
    requests.write_position[0] = 1
    requests.urgent_count[0] = 2
    requests.read_position[0] = 3
    requests.need_wakeup[0] = 4
    responses.write_position[0] = 5
    assert memory[512] == 1
    assert memory[512 + 8] == 2
    assert memory[512 + 128] == 3
    assert memory[512 + 256] == 4
    assert memory[1024] == 5
    assert requests.slot(0) == requests.slot(4) == 4096
    assert requests.slot(5) == 4096 + 128
    assert responses.slot(0) == LAYOUT.response_slots_offset


# spec:test RING-024
def test_shared_fields_are_accessed_in_their_full_width() -> None:
    ring = Ring.requests(bytearray(LAYOUT.region_size), LAYOUT)
    for field, width in (
        (ring.write_position, 8),
        (ring.read_position, 8),
        (ring.urgent_count, 4),
        (ring.need_wakeup, 4),
    ):
        assert (field.itemsize, len(field)) == (width, 1)


class Fickle:
    """A position that is impossible when it is loaded a second time."""

    def __init__(self, value: int) -> None:
        self.values = [2**63, value]

    def __getitem__(self, index: int) -> int:
        return self.values.pop()


# spec:test REGION-014
def test_positions_of_the_other_side_are_loaded_once() -> None:
    lane = Lane()
    lane.producer.put(b"x")
    lane.ring.write_position = Fickle(1)  # type: ignore[assignment]
    assert lane.peek() == b"x"
    lane.producer.ring.read_position = Fickle(0)  # type: ignore[assignment]
    assert lane.producer.free_slots() == 3


# spec:test RING-001 RING-003 RING-004 RING-007
@pytest.mark.parametrize("length", [1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256])
def test_message_and_its_fragments(length: int) -> None:
    lane = Lane()
    data = message(length)
    assert lane.producer.put(data) == length
    count = -(-length // 64)
    assert lane.ring.write_position[0] == count
    for index in range(count):
        assert lane.header(index) == (length, 64 * index)
        slot = lane.ring.slot(index) + 8
        part = data[64 * index : 64 * (index + 1)]
        assert lane.memory[slot : slot + len(part)] == part
    assert lane.receive() == data
    assert lane.ring.read_position[0] == count
    assert lane.receive() is None


# spec:test RING-006 RING-009 RING-023
def test_message_longer_than_the_ring() -> None:
    lane = Lane()
    data = message(1000)  # 16 fragments, 4 slots
    offset = lane.producer.put(data)
    assert offset == 256
    assert lane.producer.put(data, offset) == 256  # full: nothing happens
    while offset < len(data):
        assert lane.consumer.peek() is None
        assert lane.producer.free_slots() == 4
        offset = lane.producer.put(data, offset)
    assert lane.receive() == data
    assert lane.ring.write_position[0] == lane.ring.read_position[0] == 16


# spec:test RING-002
def test_fragments_one_by_one() -> None:
    lane = Lane()
    lane.producer.put(message(64, 1))
    lane.producer.put(message(64, 2))
    lane.producer.put(message(64, 3))
    long = message(130, 4)
    offset = lane.producer.put(long)
    assert offset == 64
    for seed in (1, 2, 3):
        assert lane.receive() == message(64, seed)
    assert lane.consumer.peek() is None
    assert lane.consumer.length == 130
    offset = lane.producer.put(long, offset)
    assert offset == 130
    assert lane.receive() == long
    assert lane.consumer.length == 0


# spec:test RING-011 RING-013 RING-014
def test_the_last_slot_is_released_by_take_only() -> None:
    lane = Lane()
    lane.producer.put(message(150))
    lane.producer.put(b"next")
    assert lane.peek() == message(150)
    assert lane.ring.read_position[0] == 2
    assert lane.peek() == message(150)
    assert lane.ring.read_position[0] == 2
    lane.consumer.take()
    assert lane.ring.read_position[0] == 3
    assert lane.peek() == b"next"
    assert lane.ring.read_position[0] == 3
    lane.consumer.take()
    assert lane.ring.read_position[0] == 4


# spec:test RING-005
@pytest.mark.parametrize("length", [0, 4097])
def test_bad_length_is_the_callers_fault(length: int) -> None:
    lane = Lane()
    with pytest.raises(ValueError, match="length"):
        lane.producer.put(bytes(length))
    assert lane.ring.write_position[0] == 0


def test_longest_message() -> None:
    lane = Lane()
    data = message(4096)
    offset = 0
    while offset < len(data):
        offset = lane.producer.put(data, offset)
        assert (lane.consumer.peek() is None) == (offset < len(data))
    assert lane.receive() == data


# spec:test RING-008 RING-012 CONF-021
@pytest.mark.parametrize("start", [0, 2**32 - 3, 2**53 - 3, 2**63 - 3])
@pytest.mark.parametrize("seed", range(4))
def test_against_a_plain_queue(start: int, seed: int) -> None:
    rng = random.Random(seed)
    lane = Lane(start=start)
    queue: list[bytes] = []
    pending, offset = b"", 0
    written = released = start
    for _ in range(3000):
        if rng.random() < 0.5:
            if offset == len(pending):
                pending, offset = rng.randbytes(rng.choice((1, 21, 63, 64, 65, 128, 300))), 0
            before = lane.producer.free_slots()
            offset = lane.producer.put(pending, offset)
            assert lane.producer.free_slots() >= 0
            assert before > 0 or offset < len(pending)
            if offset == len(pending):
                queue.append(pending)
        else:
            for _, found in lane.consumer.look_ahead(21):
                assert found in (*queue, pending)
            got = lane.receive()
            if got is None:
                assert not queue
            else:
                assert got == queue.pop(0)
        assert written <= lane.ring.write_position[0]
        assert released <= lane.ring.read_position[0] <= lane.ring.write_position[0]
        written, released = lane.ring.write_position[0], lane.ring.read_position[0]


def corrupt(call: object) -> str:
    assert callable(call)
    with pytest.raises(LaneError) as caught:
        call()
    return caught.value.code


# spec:test RING-015
@pytest.mark.parametrize("write", [0, 9, 15, 100, 2**63, 2**64 - 1])
def test_impossible_write_position(write: int) -> None:
    lane = Lane(start=10)
    lane.ring.write_position[0] = write
    assert corrupt(lane.consumer.peek) == registry.RING_POSITION
    assert corrupt(lambda: list(lane.consumer.look_ahead(21))) == registry.RING_POSITION


# spec:test RING-015
def test_write_position_as_far_as_it_may_be() -> None:
    lane = Lane(start=10)
    lane.ring.write_position[0] = 14
    assert lane.consumer.published() == 14


# spec:test RING-016
def test_impossible_read_position() -> None:
    lane = Lane(start=10)
    for _ in range(3):
        lane.producer.put(b"x")
    lane.ring.read_position[0] = 14
    assert corrupt(lane.producer.free_slots) == registry.RING_POSITION
    lane.ring.read_position[0] = 9
    assert corrupt(lane.producer.free_slots) == registry.RING_POSITION
    lane.ring.read_position[0] = 12
    assert lane.producer.free_slots() == 3
    lane.ring.read_position[0] = 11
    assert corrupt(lane.producer.free_slots) == registry.RING_POSITION


# spec:test RING-017
@pytest.mark.parametrize("length", [0, 4097, 2**32 - 1])
def test_impossible_length(length: int) -> None:
    lane = Lane()
    lane.producer.put(b"x")
    lane.set_header(0, length, 0)
    assert corrupt(lane.consumer.peek) == registry.RING_LENGTH
    assert corrupt(lambda: list(lane.consumer.look_ahead(21))) == registry.RING_LENGTH


# spec:test RING-018
@pytest.mark.parametrize(
    ("position", "length", "offset"),
    [
        (0, 150, 64),  # starts in the middle
        (1, 150, 0),  # starts again
        (1, 150, 63),
        (1, 150, 65),
        (1, 150, 128),  # one left out
        (1, 151, 64),  # another length
        (1, 149, 64),
        (2, 150, 64),  # twice the same
    ],
)
def test_fragments_that_do_not_follow(position: int, length: int, offset: int) -> None:
    lane = Lane()
    lane.producer.put(message(150))
    lane.set_header(position, length, offset)
    assert corrupt(lane.consumer.peek) == registry.RING_FRAGMENT


# spec:test RING-019
def test_memory_grows_with_what_has_arrived() -> None:
    layout = Layout(slot_count=4, slot_size=64, max_message=2**30)
    lane = Lane(layout)
    lane.set_header(0, 2**30, 0)
    lane.ring.write_position[0] = 1
    assert lane.consumer.peek() is None
    assert 64 <= len(lane.consumer._room) <= 2**22


# spec:test RING-022
def test_look_ahead_reports_each_once_and_releases_nothing() -> None:
    lane = Lane(Layout(slot_count=16, slot_size=64, max_message=4096))
    lane.producer.put(b"a" * 21)
    lane.producer.put(b"b" * 150)
    lane.producer.put(b"c" * 21)
    lane.producer.put(b"d" * 22)
    assert list(lane.consumer.look_ahead(21)) == [(0, b"a" * 21), (4, b"c" * 21)]
    assert list(lane.consumer.look_ahead(21)) == []
    lane.producer.put(b"e" * 21)
    assert list(lane.consumer.look_ahead(21)) == [(6, b"e" * 21)]
    assert lane.ring.read_position[0] == 0
    expected = [b"a" * 21, b"b" * 150, b"c" * 21, b"d" * 22, b"e" * 21, None]
    assert [lane.receive() for _ in range(6)] == expected


def test_look_ahead_leaves_out_the_message_at_hand() -> None:
    lane = Lane()
    data = b"a" * 300
    offset = lane.producer.put(data)
    assert lane.consumer.peek() is None
    assert list(lane.consumer.look_ahead(21)) == []
    lane.producer.put(data, offset)
    lane.producer.put(b"b" * 21)
    assert list(lane.consumer.look_ahead(21)) == [(5, b"b" * 21)]
    assert lane.receive() == data
    lane.producer.put(b"c" * 21)
    assert list(lane.consumer.look_ahead(21)) == [(6, b"c" * 21)]


def test_look_ahead_past_a_long_message_that_is_not_all_there() -> None:
    lane = Lane()
    lane.producer.put(b"a")
    data = b"b" * 300  # 5 slots of a ring of 4
    offset = lane.producer.put(data)
    assert offset == 192
    assert list(lane.consumer.look_ahead(21)) == []
    assert lane.receive() == b"a"
    lane.producer.put(data, offset)
    assert lane.consumer.peek() is None
    lane.producer.put(data, 256)
    lane.producer.put(b"c" * 21)
    assert list(lane.consumer.look_ahead(21)) == [(6, b"c" * 21)]


# spec:test RING-018
def test_look_ahead_sees_fragments_that_do_not_start_a_message() -> None:
    lane = Lane()
    lane.producer.put(b"a")
    lane.set_header(0, 100, 64)
    assert corrupt(lambda: list(lane.consumer.look_ahead(21))) == registry.RING_FRAGMENT


# spec:test RING-021
def test_urgent_count_wraps() -> None:
    lane = Lane()
    lane.producer.announce_urgent()
    assert lane.ring.urgent_count[0] == 1
    lane.ring.urgent_count[0] = 2**32 - 1
    lane.producer.announce_urgent()
    assert lane.ring.urgent_count[0] == 0


# spec:test BELL-002 BELL-003
def test_producer_learns_that_the_consumer_sleeps() -> None:
    lane = Lane()
    assert not lane.producer.consumer_sleeps()
    lane.ring.need_wakeup[0] = 1
    assert lane.producer.consumer_sleeps()


def test_closed_ring_cannot_be_used() -> None:
    lane = Lane()
    lane.producer.put(b"x")
    lane.ring.close()
    with pytest.raises(ValueError, match="released"):
        lane.producer.put(b"x")
    with pytest.raises(ValueError, match="released"):
        lane.consumer.peek()
    del lane.memory[:]  # nothing holds the memory any more
