"""One ring: opaque messages from one producer to one consumer (chapter 03).

No I/O and no waiting: a call does what can be done now and says what is left. Producer and
Consumer each belong to one thread at a time. Every value that the other side may write is loaded
once, checked, and only the checked copy is used; an impossible one raises LaneError, after which
the ring must not be touched again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import Final, NoReturn

from ._registry import (
    CONTROL_NEED_WAKEUP,
    CONTROL_READ_POSITION,
    CONTROL_URGENT_COUNT,
    CONTROL_WRITE_POSITION,
    REQUEST_CONTROL_OFFSET,
    RESPONSE_CONTROL_OFFSET,
    RING_FRAGMENT,
    RING_LENGTH,
    RING_POSITION,
    SLOT_HEADER_SIZE,
)
from .errors import LaneError
from .pieces import Pieces
from .region import Layout, Memory
from .wire import Bytes
from .words import U32_BYTES, U64_BYTES, Cursor, word

_SLOT_HEADER: Final = Struct("<II")
_U32_MASK: Final = 0xFFFFFFFF

# How many slots are written, and read, between two looks at the other side. Fewer are written, so
# that it can read some of them while others are written.
_WRITE_BATCH: Final = 9
_READ_BATCH: Final = 24

# How much memory a message may claim before its bytes have arrived: so much, or so many times what
# is there. And how much is kept for the next one.
_ROOM: Final = 4 << 20
_ROOM_FACTOR: Final = 4
_ROOM_KEPT: Final = 8 << 20


@lru_cache(maxsize=64)
def _headers(length: int, offset: int, count: int, size: int) -> memoryview:
    """The slot headers of count fragments of size bytes, the first of them with this offset."""
    end = offset + count * size
    return memoryview(array("Q", range(length | offset << 32, length | end << 32, size << 32)))


class Ring:
    """Where the parts of a ring lie in memory.

    The four shared fields are words: indexing one is a single load with acquire or store with
    release ordering.
    """

    __slots__ = (
        "_data",
        "_fields",
        "_first_header",
        "_header_step",
        "header_words",
        "max_message",
        "memory",
        "need_wakeup",
        "read_position",
        "slot_count",
        "slot_size",
        "slot_stride",
        "slots_offset",
        "urgent_count",
        "view",
        "write_position",
    )

    def __init__(
        self, memory: Memory, layout: Layout, control_offset: int, slots_offset: int
    ) -> None:
        self.memory = memory
        self.slots_offset = slots_offset
        self.slot_count = layout.slot_count
        self.slot_size = layout.slot_size
        self.slot_stride = layout.slot_stride
        self.max_message = layout.max_message
        # Slices of a view cost no copy. Each slot header is one of the words.
        self.view = memoryview(memory)
        self.header_words = self.view.cast("Q")
        self._fields = [self.view, self.header_words]
        self._first_header = slots_offset // U64_BYTES
        self._header_step = layout.slot_stride // U64_BYTES
        # Of the first slots, as far as they were needed.
        self._data: list[memoryview] = []
        self.write_position = self._field(control_offset + CONTROL_WRITE_POSITION, U64_BYTES)
        self.urgent_count = self._field(control_offset + CONTROL_URGENT_COUNT, U32_BYTES)
        self.read_position = self._field(control_offset + CONTROL_READ_POSITION, U64_BYTES)
        self.need_wakeup = self._field(control_offset + CONTROL_NEED_WAKEUP, U32_BYTES)

    def _field(self, offset: int, size: int) -> memoryview:
        field = word(self.memory, offset, size)
        self._fields.append(field)
        return field

    @classmethod
    def requests(cls, memory: Memory, layout: Layout) -> Ring:
        """The ring from master to worker."""
        return cls(memory, layout, REQUEST_CONTROL_OFFSET, layout.request_slots_offset)

    @classmethod
    def responses(cls, memory: Memory, layout: Layout) -> Ring:
        """The ring from worker to master."""
        return cls(memory, layout, RESPONSE_CONTROL_OFFSET, layout.response_slots_offset)

    def slot(self, position: int) -> int:
        """The offset in memory of the slot with this position."""
        return self.slots_offset + (position & (self.slot_count - 1)) * self.slot_stride

    # Fragment by fragment, most of the time of a long message would go by between the copies. So
    # slots that follow one another in memory are handled together: their headers are one slice with
    # a stride, and the data of each is a view that was made once.

    def headers(self, index: int, count: int) -> slice:
        """Where the headers of count slots are in header_words."""
        step = self._header_step
        first = self._first_header + index * step
        return slice(first, first + count * step, step)

    def data(self, index: int, count: int) -> list[memoryview]:
        """The data bytes of count slots, one view each."""
        known = len(self._data)
        if known < index + count:
            first = self.slots_offset + SLOT_HEADER_SIZE
            starts = range(
                first + known * self.slot_stride,
                first + (index + count) * self.slot_stride,
                self.slot_stride,
            )
            self._data += [self.view[start : start + self.slot_size] for start in starts]
        return self._data[index : index + count]

    def close(self) -> None:
        """Give up the shared fields: whoever still uses them gets a ValueError."""
        for field in self._fields + self._data:
            field.release()


class Producer(Cursor):
    """The writing side.

    position is the write position, known here before it is shared; read_position is what the
    consumer was last seen to have released.
    """

    __slots__ = ("ring",)

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.position = ring.write_position[0]
        self.read_position = ring.read_position[0]

    # spec:req RING-006 RING-016 REGION-014
    def free_slots(self) -> int:
        """How many slots may be written now."""
        # Acquire; pairs with the consumer's store of read_position.
        read = self.ring.read_position[0]
        if not self.read_position <= read <= self.position:
            facts = f"read_position={read} before={self.read_position} write={self.position}"
            raise LaneError(RING_POSITION, facts)
        self.read_position = read
        return self.ring.slot_count - (self.position - read)

    # spec:req RING-001 RING-002 RING-003 RING-004 RING-005 RING-007 RING-008 RING-009
    def put(self, message: Bytes | Pieces, offset: int = 0) -> int:
        """Write and publish the fragments of message from offset on, as far as slots are free.

        Returns the offset of the first byte that is left, len(message) when all is published.
        The caller waits and comes again with it; until then no other message may be put.
        """
        length = len(message)
        ring = self.ring
        if not 0 < length <= ring.max_message:
            raise ValueError(f"message length={length} maximum={ring.max_message}")
        pieces = message if isinstance(message, Pieces) else Pieces((message,))
        size = ring.slot_size
        left = min(self.free_slots(), -(-(length - offset) // size))
        portions = 0
        while left > 0:
            if portions == 0:
                source, portions = pieces.source(offset, size, left)
            index = self.position & (ring.slot_count - 1)
            count = min(portions, ring.slot_count - index, _WRITE_BATCH)
            ring.header_words[ring.headers(index, count)] = _headers(length, offset, count, size)
            offset += sum(map(source.readinto, ring.data(index, count)))
            portions -= count
            left -= count
            self.position += count
            # Release; pairs with the consumer's load of write_position.
            ring.write_position[0] = self.position
        return offset

    # spec:req RING-021
    def announce_urgent(self) -> None:
        """Tell the consumer to look ahead; call it after the urgent message was put."""
        count = self.ring.urgent_count
        count[0] = (count[0] + 1) & _U32_MASK

    # spec:req BELL-002 BELL-003
    def consumer_sleeps(self) -> bool:
        """Whether the doorbell must be rung; call it after publishing and a full fence."""
        return bool(self.ring.need_wakeup[0])


class Consumer(Cursor):
    """The reading side. position is the read position: all slots before it are released."""

    __slots__ = ("_end", "_filled", "_read_position", "_room", "_scanned", "length", "ring")

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._read_position = ring.read_position
        self.position = ring.read_position[0]
        self._scanned = 0
        # The message at hand, if peek has begun to copy one: its length (0: none), the position
        # after it, how many of its bytes are there.
        self.length = 0
        self._end = 0
        self._filled = 0
        # Where they are. It is kept for the next message, because the system gives fresh memory
        # page by page, which costs more than the copy.
        self._room = memoryview(bytearray())

    # spec:req RING-015 REGION-014
    def published(self) -> int:
        """The write position, checked."""
        # Acquire; pairs with the producer's store of write_position.
        write: int = self.ring.write_position[0]
        if not 0 <= write - self.position <= self.ring.slot_count:
            raise LaneError(RING_POSITION, f"write_position={write} read={self.position}")
        return write

    # spec:req RING-017 RING-018
    def _header(self, position: int) -> tuple[int, int]:
        length, offset = _SLOT_HEADER.unpack_from(self.ring.memory, self.ring.slot(position))
        if not 0 < length <= self.ring.max_message:
            raise LaneError(RING_LENGTH, f"message_length={length} position={position}")
        return length, offset

    def _data(self, position: int, size: int) -> bytes:
        data = self.ring.slot(position) + SLOT_HEADER_SIZE
        return bytes(self.ring.memory[data : data + size])

    # spec:req RING-011 RING-012 RING-013 RING-014 RING-018 RING-019 RING-023
    def peek(self) -> memoryview | None:
        """The next message, copied but not taken; None if it is not all there yet.

        Fragments before the last are released as they are copied. The copy is good until the next
        peek after take.
        """
        write = self.published()
        while self.position < write and (self.length == 0 or self._filled < self.length):
            if self.length == 0:
                self.length, _ = self._header(self.position)
                self._end = self.position + -(-self.length // self.ring.slot_size)
            self._copy_fragments(min(write, self._end))
        return self._room[: self.length] if 0 < self.length == self._filled else None

    # spec:req RING-019
    def _make_room(self, needed: int) -> None:
        """Room for so many bytes or more, without believing the length of the message."""
        most = max(_ROOM, _ROOM_FACTOR * self._filled, needed)
        room = memoryview(bytearray(min(self.length, most)))
        room[: self._filled] = self._room[: self._filled]
        self._room = room

    def _copy_fragments(self, end: int) -> None:
        """Copy some fragments of the message at hand, and release all of them but its last."""
        ring, length, filled = self.ring, self.length, self._filled
        index = self.position & (ring.slot_count - 1)
        count = min(end - self.position, ring.slot_count - index, _READ_BATCH)
        found = ring.header_words[ring.headers(index, count)].tobytes()
        expected = _headers(length, filled, count, ring.slot_size).tobytes()
        if found != expected:
            # What comes before the first bad one is copied all the same.
            count = self._good(found, expected)
        data = ring.data(index, count)
        end = filled + count * ring.slot_size
        if end > length:
            data[-1] = data[-1][: length - end]
            end = length
        if len(self._room) < end:
            self._make_room(end)
        room = self._room
        for part in data:
            start, filled = filled, filled + len(part)
            room[start:filled] = part
        self._filled = end
        self.position += count - (end == length)
        # Release; pairs with the producer's load of read_position.
        self._read_position[0] = self.position

    def _good(self, found: bytes, expected: bytes) -> int:
        """How many headers of fragments are as expected, if not all; LaneError if none is."""
        headers = zip(
            _SLOT_HEADER.iter_unpack(found), _SLOT_HEADER.iter_unpack(expected), strict=True
        )
        good = next(i for i, (header, due) in enumerate(headers) if header != due)
        if good == 0:
            self._refuse(_SLOT_HEADER.unpack_from(found), self._filled)
        return good

    def _refuse(self, header: tuple[int, int], expected: int) -> NoReturn:
        length, offset = header
        code = RING_FRAGMENT if 0 < length <= self.ring.max_message else RING_LENGTH
        facts = f"fragment_offset={offset} expected={expected} "
        facts += f"message_length={length} expected={self.length} after={self.position}"
        raise LaneError(code, facts)

    def take(self) -> None:
        """Release the last slot of the next message: from now on its call counts as started.

        The caller has had the message from peek, or has copied it out of its only slot.
        """
        if self.length:
            self.length = self._filled = 0
            if len(self._room) > _ROOM_KEPT:
                self._room = memoryview(bytearray())
        self.position += 1
        # Release; pairs with the producer's load of read_position.
        self._read_position[0] = self.position

    # spec:req RING-022
    def look_ahead(self, length: int) -> Iterator[tuple[int, bytes]]:
        """Position and bytes of published messages of this length, which must fit one slot.

        Each is reported once; nothing is released, and the message at hand is left out.
        """
        write = self.published()
        self._scanned = max(self._scanned, self._end if self.length else self.position)
        while self._scanned < write:
            position = self._scanned
            found, offset = self._header(position)
            if offset != 0:
                raise LaneError(RING_FRAGMENT, f"fragment_offset={offset} position={position}")
            self._scanned += -(-found // self.ring.slot_size)
            if found == length:
                yield position, self._data(position, length)
