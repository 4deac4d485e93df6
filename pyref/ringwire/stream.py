"""A lane over a stream (chapter 10).

The engine knows only rings, so a stream is given two of them in memory of this process alone: what
has arrived is put into the request ring, and the engine serves it from there as if a master had
written it. Answers need no ring: they are queued as frames and sent together. Nothing here is
shared with another process, so no fence is needed and any machine will do.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from struct import Struct
from time import perf_counter_ns
from typing import Any, Final, NoReturn, cast

from ._registry import (
    EXIT_LIFELINE,
    NOTICE_SIZE,
    NOTICE_TYPE,
    REGION_HEADER_SIZE,
    REQUEST_HEADER_SIZE,
    REQUEST_HEADER_STRUCT,
    RESPONSE_HEADER_SIZE,
    RESPONSE_HEADER_STRUCT,
    SLOT_HEADER_SIZE,
    STATE_DRAINING,
    STATE_READY,
    STATE_STARTING,
    STATE_STOPPED,
    STATUS_OK,
    TYPE_CANCEL,
    TYPE_REQUEST,
    TYPE_RESPONSE,
    WORKER_BLOCK_OFFSET,
    WORKER_BLOCK_SIZE,
    WORKER_IN_FLIGHT,
)
from .codec import Codec
from .errors import RegionError
from .lane_selector import Agenda, Server
from .loops import NewLoop
from .pieces import Pieces
from .region import Layout, parse_stream_header
from .responder import Responder
from .ring import Consumer, Producer, Ring
from .spin import NEVER, SpinBudget
from .wire import request_length
from .worker_block import WorkerBlock

PREFIX: Final = "stream:"

_NOTICE: Final = Struct("<BB2xIQ")
assert _NOTICE.size == NOTICE_SIZE
_RESULT: Final = Struct(RESPONSE_HEADER_STRUCT)
_unpack_request: Final = Struct(REQUEST_HEADER_STRUCT).unpack_from
_pack_slot: Final = Struct("<II").pack_into
_IN_FLIGHT: Final = WORKER_BLOCK_OFFSET + WORKER_IN_FLIGHT
_U32_BYTES: Final = 4

_CHUNK: Final = 65_536
# How often a worker that is busy looks whether something has arrived.
_LOOK_EVERY_NS: Final = 200_000
# The bound of one wait for a master that does not read.
_SEND_WAIT: Final = 0.05

_Events = list[tuple[selectors.SelectorKey, int]]


def _orphaned() -> NoReturn:
    """The master has gone: there is nobody to tell, and nothing to finish."""
    os._exit(EXIT_LIFELINE)


# ------------------------------------------------------------ opening


# spec:req STREAM-001 STREAM-002
def connect(name: str, token: bytes) -> socket.socket:
    """The stream that an argument such as stream:fd:3 or stream:tcp:127.0.0.1:4711 names."""
    kind, _, where = name.removeprefix(PREFIX).partition(":")
    try:
        if kind == "fd":
            inherited = socket.socket(fileno=int(where))
            inherited.set_inheritable(False)
            return inherited
        if kind == "tcp":
            host, _, port = where.rpartition(":")
            stream = socket.create_connection((host, int(port)))
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.sendall(token)
            return stream
    except (ValueError, OSError) as error:
        raise RegionError(f"cannot open stream: stream={name} error={error}") from None
    raise RegionError(f"unknown kind of stream: stream={name}")


def _receive_header(stream: socket.socket) -> bytes:
    header = b""
    while len(header) < REGION_HEADER_SIZE:
        data = stream.recv(REGION_HEADER_SIZE - len(header))
        if not data:
            _orphaned()
        header += data
    return header


# spec:req STREAM-005
def open_stream(name: str, token: bytes) -> StreamLane:
    """Connect, and check what the master says first; RegionError if it is not acceptable."""
    stream = connect(name, token)
    try:
        layout = parse_stream_header(_receive_header(stream))
        if layout.lifeline >= 0:
            os.fstat(layout.lifeline)
    except OSError as error:
        raise RegionError(f"cannot open stream: stream={name} error={error}") from None
    return StreamLane(stream, layout)


# ------------------------------------------------------------ the two directions


class Inbox:
    """Moves frames from the stream into the request ring."""

    def __init__(self, stream: socket.socket, producer: Producer, consumer: Consumer) -> None:
        self._stream = stream
        self._producer = producer
        self._consumer = consumer
        self._max_message = producer.ring.max_message
        self._buffer = bytearray()
        # How much of the frame at the start of the buffer the ring has.
        self._moved = 0
        # The positions behind the frames in the ring, and how many frames are taken.
        self._ends: deque[int] = deque()
        self._taken = 0
        self.looked_at = 0

    @property
    def full(self) -> bool:
        """Whether a whole frame waits for room in the ring, so that no more is read."""
        return self._waits

    _waits = False

    # spec:req STREAM-007 STREAM-010
    def receive(self) -> None:
        """Take in what has arrived, as far as there is room, without waiting.

        A WireError means that the next frame cannot be found any more.
        """
        self.looked_at = perf_counter_ns()
        self._move()
        while not self._waits:
            try:
                data = self._stream.recv(_CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                _orphaned()
            if not data:
                _orphaned()
            moved = 0 if self._buffer else self._move_small(data)
            if moved < len(data):
                self._buffer += data[moved:] if moved else data
                self._move()
            if len(data) < _CHUNK:
                return

    # spec:req RING-001 RING-002 RING-003 RING-005 RING-007
    def _move_small(self, data: bytes) -> int:
        """Move requests of one slot each; how many bytes were moved.

        What Producer.put does for them, and nothing for any other message: that, and all after it,
        is left to _move.
        """
        producer, ring, ends = self._producer, self._producer.ring, self._ends
        memory, stride, mask = ring.memory, ring.slot_stride, ring.slot_count - 1
        longest = min(ring.slot_size, self._max_message)
        position = producer.position
        end = position + producer.free_slots()
        start, last = 0, len(data) - REQUEST_HEADER_SIZE
        while start <= last and position < end:
            type_, _, length, module_len, function_len, kwargs_len = _unpack_request(data, start)
            stop = start + length
            if not (
                type_ == TYPE_REQUEST
                and length == REQUEST_HEADER_SIZE + module_len + function_len + kwargs_len
                and length <= longest
                and stop <= len(data)
            ):
                break
            slot = ring.slots_offset + (position & mask) * stride
            _pack_slot(memory, slot, length, 0)
            slot += SLOT_HEADER_SIZE
            memory[slot : slot + length] = data[start:stop]
            position += 1
            ends.append(position)
            start = stop
        producer.position = position
        ring.write_position[0] = position
        return start

    def _move(self) -> None:
        buffer, producer = self._buffer, self._producer
        start = 0
        self._waits = False
        if not buffer:
            return
        view = memoryview(buffer)
        try:
            while True:
                rest = view[start:]
                length = request_length(rest, self._max_message)
                if length is None or len(rest) < length:
                    return
                if producer.free_slots() == 0:
                    self._waits = True
                    return
                self._moved = producer.put(rest[:length], self._moved)
                if self._moved < length:
                    self._waits = True
                    return
                self._moved = 0
                self._ends.append(producer.position)
                if rest[0] == TYPE_CANCEL:
                    producer.announce_urgent()
                start += length
        finally:
            if start:
                rest.release()
                view.release()
                del buffer[:start]
            else:
                rest.release()
                view.release()

    def taken(self) -> int:
        """How many frames the engine has taken since the start."""
        ends, position = self._ends, self._consumer.position
        while ends and ends[0] <= position:
            ends.popleft()
            self._taken += 1
        return self._taken


class Outbox:
    """Frames and notices on their way to the master, from any thread."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        # Append what is to be sent, and flush.
        self.frames: list[bytes] = []
        self._waiter: selectors.BaseSelector | None = None
        self.while_waiting: Callable[[], None] = lambda: None

    # spec:req STREAM-008
    def flush(self) -> None:
        """Send what was put, in one piece if the system takes it."""
        if not self.frames:
            return
        with self._lock:
            frames, self.frames = self.frames, []
            data = frames[0] if len(frames) == 1 else b"".join(frames)
            sent = 0
            while sent < len(data):
                try:
                    sent += self._stream.send(memoryview(data)[sent:] if sent else data)
                except (BlockingIOError, InterruptedError):
                    self._wait()
                except OSError:
                    _orphaned()

    def _wait(self) -> None:
        if self._waiter is None:
            self._waiter = selectors.DefaultSelector()
            self._waiter.register(self._stream, selectors.EVENT_WRITE)
        self._waiter.select(_SEND_WAIT)
        self.while_waiting()


class StreamResponder(Responder):
    """Responses as frames in an outbox.

    Those of functions that run while the selector has messages served are sent before the next such
    function runs, or before a sleep. Others go at once, because nothing is known of what runs next.
    """

    __slots__ = ("_outbox", "_thread", "serving")

    def __init__(self, outbox: Outbox, max_message: int) -> None:
        self.direct = None
        self._outbox = outbox
        self._max_message = max_message
        self._thread = threading.get_ident()
        self.serving = False
        self._acquire = lambda: None

    # spec:req LIFE-013 LIFE-017 STREAM-008
    def result(self, request_id: int, body: bytes | Pieces) -> None:
        total = RESPONSE_HEADER_SIZE + len(body)
        if total > self._max_message:
            self._large_result(request_id, body)
            return
        header = _RESULT.pack(TYPE_RESPONSE, request_id, total, len(body), STATUS_OK, 0, 1)
        self._send(header + bytes(body))

    def _send(self, message: bytes | Pieces) -> None:
        self._acquire()
        self._outbox.frames.append(bytes(message))
        if not self.serving or threading.get_ident() != self._thread:
            self._outbox.flush()


# ------------------------------------------------------------ where the engine looks


class _Arrivals:
    """Stands where the engine or a spin looks for the master's next store: looking receives."""

    def __init__(self, lane: StreamLane, field: memoryview) -> None:
        self._lane = lane
        self._field = field

    def __getitem__(self, index: int) -> int:
        self._lane.inbox.receive()
        value: int = self._field[index]
        return value


class _Urgency:
    """Stands for urgent_count, at which the engine looks before it runs a function.

    That is the moment to send what was answered before, because nobody knows how long the function
    will take, and, now and then, to look for a CANCEL that has arrived.
    """

    def __init__(self, lane: StreamLane, count: memoryview) -> None:
        self._outbox = lane.outbox
        self._inbox = lane.inbox
        self._count = count

    # spec:req STREAM-008 STREAM-012
    def __getitem__(self, index: int) -> int:
        if self._outbox.frames:
            self._outbox.flush()
        if perf_counter_ns() - self._inbox.looked_at > _LOOK_EVERY_NS:
            self._inbox.receive()
        value: int = self._count[index]
        return value

    def __setitem__(self, index: int, value: int) -> None:
        self._count[index] = value


class StreamSelector(selectors.DefaultSelector):
    """A selector for one stream. attach() is to be called before the loop runs."""

    def __init__(self, lane: StreamLane, spin: SpinBudget) -> None:
        super().__init__()
        self._lane = lane
        self._spin = spin
        self._position = lane.requests.write_position
        self._arrivals = cast(memoryview, _Arrivals(lane, self._position))
        self._looked_at = 0
        self._watched = True

    def attach(self, server: Server, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        """Name the server, the loop that will ask, and the descriptor of the stream."""
        self._server = server
        self._agenda = Agenda(loop)
        self._fd = fd
        self.register(fd, selectors.EVENT_READ)

    # spec:req STREAM-011 BELL-009
    def select(self, timeout: float | None = None) -> _Events:
        """Serve messages until the loop has something to do; the descriptors that are ready."""
        lane, position, server, agenda = self._lane, self._position, self._server, self._agenda
        agenda.begin()
        end = NEVER if timeout is None else perf_counter_ns() + int(timeout * 1e9)
        lane.outbox.flush()
        while True:
            lane.inbox.receive()
            if has_come := position[0] != server.seen:
                lane.serve(server)
                lane.outbox.flush()
                events = self._look()
                if events or agenda.has_grown():
                    return events
            if timeout is not None:
                timeout = (end - perf_counter_ns()) / 1e9
                if timeout <= 0:
                    return self._look()
            if has_come:
                continue
            # What the master knows decides what it sends, so before the spin.
            lane.notify()
            if server.may_spin and self._spin.wait(self._arrivals, server.seen, end) is not None:
                continue
            asleep = perf_counter_ns()
            events = self._wait(timeout)
            lane.inbox.receive()
            if position[0] != server.seen:
                self._spin.slept(perf_counter_ns() - asleep)
            if events:
                return events

    def _look(self) -> _Events:
        """What is ready among the other descriptors, without waiting; not asked too often."""
        now = perf_counter_ns()
        if now - self._looked_at < _LOOK_EVERY_NS:
            return []
        return self._wait(0)

    def _wait(self, timeout: float | None) -> _Events:
        """What is ready among the other descriptors. Data that cannot be taken in wakes nobody."""
        if self._lane.inbox.full == self._watched:
            self._watched = not self._watched
            if self._watched:
                self.register(self._fd, selectors.EVENT_READ)
            else:
                self.unregister(self._fd)
        events = super().select(timeout)
        self._looked_at = perf_counter_ns()
        return [event for event in events if event[0].fd != self._fd]


# ------------------------------------------------------------ the lane


class StreamLane:
    """A lane whose other end is at the other end of a stream."""

    any_loop = False

    def __init__(self, stream: socket.socket, layout: Layout) -> None:
        stream.setblocking(False)
        self._stream = stream
        self.layout = layout
        self.memory = mmap.mmap(-1, layout.region_size)
        self.block = WorkerBlock(self.memory)
        self.requests = Ring.requests(self.memory, layout)
        # The same ring for the side that fills it, which must find plain fields: looking at those
        # of the other side receives, and would do so in the middle of receiving.
        self._arriving = Ring.requests(self.memory, layout)
        self.outbox = Outbox(stream)
        self._told = STATE_STARTING
        self._told_taken = 0
        # Between two messages only the selector can wait: the engine sees no socket.
        self.engine_spin = SpinBudget(0)

    def open(
        self, spin: SpinBudget, while_waiting: Callable[[], None], _new_loop: NewLoop
    ) -> asyncio.AbstractEventLoop:
        producer = Producer(self._arriving)
        self.consumer = Consumer(self.requests)
        self.inbox = Inbox(self._stream, producer, self.consumer)
        self.outbox.while_waiting = while_waiting
        self.requests.urgent_count = cast(memoryview, _Urgency(self, self.requests.urgent_count))
        self._selector = StreamSelector(self, spin)
        self._loop = asyncio.SelectorEventLoop(self._selector)
        return self._loop

    def accelerate(self, codec: Codec) -> Any:
        """None: the accelerator would answer into a ring."""

    def responder(self) -> Responder:
        self._responder = StreamResponder(self.outbox, self.layout.max_message)
        return self._responder

    def attach(self, server: Server) -> None:
        self._selector.attach(server, self._loop, self._stream.fileno())

    def serve(self, server: Server) -> None:
        """Have the server serve; what it answers meanwhile is sent as one if it can be."""
        self._responder.serving = True
        try:
            server.serve()
        finally:
            self._responder.serving = False

    # spec:req STREAM-006
    def announce(self) -> None:
        """Send the worker block when the worker is ready, and a notice of each later state."""
        state = self.block.state
        if self._told == STATE_STARTING:
            if state != STATE_READY:
                return  # a start that failed is told by the exit code
            block = self.memory[WORKER_BLOCK_OFFSET : WORKER_BLOCK_OFFSET + WORKER_BLOCK_SIZE]
            self.outbox.frames.append(bytes(block))
        elif state != self._told:
            if self._told == STATE_READY and state == STATE_STOPPED:
                self._notice(STATE_DRAINING, 0)
            self._notice(state, 0)
        self._told = state
        self.outbox.flush()

    # spec:req STREAM-011
    def notify(self) -> None:
        """Before a sleep: tell the master that the calls in flight keep no other call waiting."""
        if self.block.state != self._told:
            self.announce()
        data = self.memory[_IN_FLIGHT : _IN_FLIGHT + _U32_BYTES]
        in_flight = int.from_bytes(data, "little")
        if in_flight and self.inbox.taken() != self._told_taken:
            self._notice(self._told, in_flight)
            self.outbox.flush()

    def _notice(self, state: int, in_flight: int) -> None:
        self._told_taken = self.inbox.taken()
        self.outbox.frames.append(_NOTICE.pack(NOTICE_TYPE, state, in_flight, self._told_taken))

    # spec:req LIFE-058
    def close(self) -> None:
        self.requests.urgent_count = cast(memoryview, None)
        for part in (self.requests, self._arriving, self.block):
            part.close()
        try:
            self.memory.close()
        except BufferError:
            pass
        try:
            self._stream.close()
        except OSError:
            pass
