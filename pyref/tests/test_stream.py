"""Real worker processes at the end of a stream, driven by a master of a few lines."""

from __future__ import annotations

import os
import random
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringwire import _registry as registry
from ringwire import stream, wire
from ringwire.config import Config
from ringwire.region import Layout, pack_header
from ringwire.spin import SpinBudget

TESTS = str(Path(__file__).resolve().parent)
PACKAGE = str(Path(__file__).resolve().parent.parent)
PATIENCE = 30.0


@dataclass(frozen=True)
class Notice:
    state: int
    in_flight: int
    taken: int


def stream_header(max_message: int = 1 << 20, lifeline: int = -1, encoding: int = 1) -> bytearray:
    layout = Layout(max_message=max_message, lifeline=lifeline, payload_encoding=encoding)
    header = bytearray(pack_header(layout))
    for start, end in ((16, 24), (36, 48), (64, 96)):
        header[start:end] = bytes(end - start)
    return header


class StreamMaster:
    """The master's end of a stream, and the worker's process."""

    def __init__(self, *, header: bytes, argument: str | None = None, **config: Any) -> None:
        own, child = socket.socketpair()
        argument = argument or f"stream:fd:{child.fileno()}"
        config.setdefault("allow", ("sample:*", "ringwire_conformance:*"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ringwire.worker", argument, "0"],
            pass_fds=[child.fileno()],
            env={
                **os.environ,
                "PYTHONPATH": PACKAGE,
                "RINGWIRE_WORKER_CONFIG": Config(path=(TESTS,), **config).to_json(),
            },
            stderr=subprocess.PIPE,
        )
        child.close()
        self.stream = own
        self.stream.settimeout(PATIENCE)
        self.send(header)

    def send(self, *frames: wire.Bytes) -> None:
        self.stream.sendall(b"".join(frames))

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.stream.recv(size - len(data))
            if not piece:
                raise EOFError(f"the stream ended after {data!r}")
            data += piece
        return data

    def ready(self) -> bytes:
        """The worker block."""
        return self.read(registry.WORKER_BLOCK_SIZE)

    def receive(self) -> wire.Response | Notice:
        first = self.read(registry.NOTICE_SIZE)
        if first[0] == registry.NOTICE_TYPE:
            _, state, in_flight, taken = struct.unpack("<BB2xIQ", first)
            return Notice(state, in_flight, taken)
        (total,) = struct.unpack_from("<I", first, 5)
        return wire.parse_response(first + self.read(total - len(first)), 1 << 30)

    def answer(self) -> wire.Response:
        while isinstance(message := self.receive(), Notice):
            pass
        return message

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE)

    def complaint(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.stream.close()
        assert self.process.stderr is not None
        self.process.stderr.close()


def request(number: int, name: str, kwargs: bytes = b"") -> bytes:
    return wire.encode_request(number, "sample", name, kwargs, max_message=1 << 30)


@pytest.fixture
def start() -> Iterator[Callable[..., StreamMaster]]:
    masters: list[StreamMaster] = []

    def make(**options: Any) -> StreamMaster:
        options.setdefault("header", stream_header())
        masters.append(StreamMaster(**options))
        return masters[-1]

    yield make
    for master in masters:
        master.close()


@pytest.fixture
def master(start: Callable[..., StreamMaster]) -> StreamMaster:
    master = start()
    master.ready()
    return master


# ---------------------------------------------------------------- start


# spec:test STREAM-006 LIFE-002
def test_introduces_itself(start: Callable[..., StreamMaster]) -> None:
    master = start()
    block = master.ready()
    pid, state = struct.unpack_from("<II", block)
    assert pid == master.process.pid
    assert state == registry.STATE_READY
    assert block[registry.WORKER_IMPLEMENTATION :].startswith(b"ringwire-python")


# spec:test STREAM-001
@pytest.mark.parametrize(
    "argument",
    ["stream:", "stream:pipe:3", "stream:fd:x", "stream:fd:99", "stream:tcp:127.0.0.1:x"],
)
def test_refuses_a_stream_that_it_cannot_open(
    start: Callable[..., StreamMaster], argument: str
) -> None:
    master = start(argument=argument)
    assert master.exit_code() == registry.EXIT_REGION_REFUSED
    assert argument in master.complaint()


# spec:test STREAM-005
@pytest.mark.parametrize(
    ("offset", "value", "fault"),
    [
        (0, b"R", None),
        (0, b"X", "magic"),
        (8, b"\2", "version_major"),
        (10, b"\7", None),
        (13, b"\2", "header_size"),
        (36, b"\7", None),
        (48, struct.pack("<I", 1023), "max_message"),
        (52, b"\xff", "payload_encoding"),
        (56, b"\1", "features"),
        (104, struct.pack("<i", 77), "error"),
    ],
)
def test_judges_the_header(
    start: Callable[..., StreamMaster], offset: int, value: bytes, fault: str | None
) -> None:
    header = stream_header()
    header[offset : offset + len(value)] = value
    master = start(header=header)
    if fault is None:
        master.ready()
        return
    assert master.exit_code() == registry.EXIT_REGION_REFUSED
    assert fault in master.complaint()


# spec:test STREAM-002
def test_shows_its_token_first(start: Callable[..., StreamMaster]) -> None:
    token = bytes(range(32))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        port = listener.getsockname()[1]
        master = start(argument=f"stream:tcp:127.0.0.1:{port}", stream_token=token)
        master.stream.close()
        master.stream, _ = listener.accept()
        master.stream.settimeout(PATIENCE)
        assert master.read(32) == token
        # Nothing else comes before the header.
        assert not select.select([master.stream], [], [], 0.2)[0]
        master.send(stream_header())
        master.ready()
        master.send(request(1, "add", b'{"a":1,"b":2}'))
        assert master.answer().body == b'{"sum":3}'


# spec:test STREAM-006
def test_a_start_that_fails_sends_nothing(start: Callable[..., StreamMaster]) -> None:
    master = start(preload=("no_such_module",))
    with pytest.raises(EOFError):
        master.ready()
    assert master.exit_code() == registry.EXIT_STARTUP_FAILED
    assert "no_such_module" in master.complaint()


# ---------------------------------------------------------------- frames


# spec:test STREAM-007 WIRE-032
def test_frames_in_pieces_of_any_size(master: StreamMaster) -> None:
    frames = b"".join(request(n, "echo", b'{"value":%d}' % n) for n in range(1, 41))
    for start in range(0, len(frames), 7):
        master.send(frames[start : start + 7])
    for n in range(1, 41):
        answer = master.answer()
        assert (answer.request_id, answer.body) == (n, b"%d" % n)


# More than the ring inside the worker holds, in count and in length.
def test_more_than_the_worker_can_hold(start: Callable[..., StreamMaster]) -> None:
    master = start(header=stream_header(max_message=16 << 20))
    master.ready()
    letters = b"x" * (5 << 20)
    master.send(request(1, "echo", b'{"value":"%s"}' % letters))
    assert master.answer().body == b'"%s"' % letters
    count = 2_000
    master.send(*(request(n, "nothing") for n in range(1, count + 1)))
    assert [master.answer().request_id for _ in range(count)] == list(range(1, count + 1))


# spec:test STREAM-007 WIRE-033 WIRE-035
@pytest.mark.parametrize(
    "frame",
    [
        b"\x09" + bytes(20),
        struct.pack("<BIIIII", 1, 1, 0, 1, 1, 0),
        struct.pack("<BIIIII", 1, 1, 21 + (2 << 20), 1, 1, (2 << 20) - 2),
        struct.pack("<BIIIII", 1, 1, 21 + 1026, 1025, 1, 0),
    ],
    ids=["type", "length", "too large", "name"],
)
def test_leaves_when_the_next_frame_is_lost(master: StreamMaster, frame: bytes) -> None:
    master.send(request(1, "nothing"))
    master.answer()
    master.send(frame)
    assert master.exit_code() == registry.EXIT_PROTOCOL
    assert "code=" in master.complaint()


# spec:test STREAM-007 LIFE-014
def test_goes_on_after_a_frame_that_is_refused(master: StreamMaster) -> None:
    bad = bytearray(request(5, "nothing"))
    bad[21] = 0xFF
    master.send(bytes(bad), request(6, "nothing"))
    refusal = master.answer()
    assert (refusal.request_id, refusal.status_code) == (5, registry.STATUS_BAD_REQUEST)
    assert master.answer().request_id == 6


# spec:test STREAM-008
@pytest.mark.parametrize("first", ["add", "async_add", "yielding_add"])
def test_no_answer_waits_for_another_call(master: StreamMaster, first: str) -> None:
    # Known functions, so that nothing but the calls takes time.
    master.send(request(1, first, b'{"a":1,"b":2}'), request(2, "block", b'{"seconds":0}'))
    assert {master.answer().request_id, master.answer().request_id} == {1, 2}
    arguments = b'{"a":1,"b":2}'
    master.send(request(3, first, arguments), request(4, "block", b'{"seconds":1000}'))
    assert master.answer().request_id == 3


# spec:test STREAM-010
def test_answers_that_nobody_reads_for_a_while(master: StreamMaster) -> None:
    size = 300_000
    for n in range(1, 9):
        master.send(request(n, "text", b'{"length":%d}' % size))
    for n in range(1, 9):
        answer = master.answer()
        assert (answer.request_id, len(answer.body)) == (n, size + 2)


# ---------------------------------------------------------------- notices and cancellation


# spec:test STREAM-011
def test_notices_when_it_waits_with_calls_in_flight(master: StreamMaster) -> None:
    master.send(request(1, "nothing"))
    assert isinstance(master.receive(), wire.Response), "a busy worker sends no notice"
    master.send(request(2, "sleep", b'{"seconds":1000}'))
    assert master.receive() == Notice(registry.STATE_READY, 1, 2)
    master.send(request(3, "sleep", b'{"seconds":1000}'), request(4, "nothing"))
    # The last goes to a thread, so its answer may come before the notice or after it.
    messages = [master.receive()]
    while not (isinstance(messages[-1], Notice) and messages[-1].taken == 4):
        messages.append(master.receive())
    notices = [m for m in messages if isinstance(m, Notice)]
    assert [n.taken for n in notices] == sorted({n.taken for n in notices})
    assert notices[-1].taken == 4
    assert notices[-1].in_flight in (2, 3)


# spec:test STREAM-011 LIFE-040 LIFE-041
def test_notices_tell_the_states(master: StreamMaster) -> None:
    master.send(request(1, "sleep", b'{"seconds":0.05}'), wire.encode_shutdown())
    states: list[int] = []
    answered: list[int] = []
    while True:
        try:
            message = master.receive()
        except EOFError:
            break
        if isinstance(message, Notice):
            states.append(message.state)
        else:
            answered.append(message.request_id)
    assert answered == [1]
    assert [s for s in dict.fromkeys(states) if s != registry.STATE_READY] == [
        registry.STATE_DRAINING,
        registry.STATE_STOPPED,
    ]
    assert states == sorted(states)
    assert master.exit_code() == registry.EXIT_OK


# spec:test STREAM-012 LIFE-031 LIFE-032 LIFE-033
def test_cancel(master: StreamMaster) -> None:
    # In one piece, so the CANCEL lies behind the request that is taken.
    master.send(request(1, "sleep", b'{"seconds":1000}'))
    master.receive()
    master.send(
        request(2, "nothing"),
        request(3, "nothing"),
        wire.encode_cancel(3),
        wire.encode_cancel(1),
        wire.encode_cancel(99),
    )
    answers = {answer.request_id: answer for answer in (master.answer() for _ in range(3))}
    assert answers[1].body == b'{"started":true}'
    assert answers[2].status_code == registry.STATUS_OK
    assert answers[3].body == b'{"started":false}'


# spec:test STREAM-007
@pytest.mark.parametrize("seed", range(30))
def test_frames_come_out_as_they_went_in(seed: int) -> None:
    """Short ones and long ones, and however the stream cuts them."""
    chance = random.Random(seed)
    own, other = socket.socketpair()
    lane = stream.StreamLane(other, Layout(slot_count=8, slot_size=64, max_message=1000))
    lane.open(SpinBudget(0), lambda: None, None)
    frames = [
        chance.choice(
            (
                wire.encode_cancel(chance.randrange(1, 9)),
                wire.encode_request(1, "m", "f", bytes(chance.randrange(0, 50))),
                wire.encode_request(1, "m", "f", bytes(chance.randrange(0, 50))),
                wire.encode_request(1, "m", "f", bytes(chance.randrange(0, 900))),
            )
        )
        for _ in range(60)
    ]
    data = b"".join(frames)
    found = []
    for _ in range(10_000):
        size = chance.choice((1, 20, 70, 500))
        own.sendall(data[:size])
        data = data[size:]
        lane.inbox.receive()
        if chance.random() < 0.9 and (message := lane.consumer.peek()) is not None:
            found.append(bytes(message))
            lane.consumer.take()
        if found == frames:
            break
    assert found == frames
    assert lane.inbox.taken() == len(frames)
    own.close()
    lane.close()


# spec:test STREAM-012
def test_timers_while_messages_come_all_the_time(master: StreamMaster) -> None:
    master.send(request(1, "sleep", b'{"seconds":0.01}'))
    ids = [2]
    master.send(*(request(2, "nothing") for _ in range(16)))
    while 1 not in ids:
        ids.append(master.answer().request_id)
        if ids[-1] == 2:
            master.send(request(2, "nothing"))
    for _ in range(16):
        assert master.answer().request_id == 2


# spec:test STREAM-012
def test_receiving_does_not_begin_again_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving a CANCEL counts it, in a field at which a look by the engine receives."""
    monkeypatch.setattr(stream, "_LOOK_EVERY_NS", -1)
    own, other = socket.socketpair()
    lane = stream.StreamLane(other, Layout())
    lane.open(SpinBudget(0), lambda: None, None)
    own.sendall(wire.encode_cancel(1) + wire.encode_cancel(2))
    lane.inbox.receive()
    assert lane.consumer.published() == 2
    assert lane.requests.urgent_count[0] == 2
    own.close()
    lane.close()


def test_a_function_that_polls_sees_its_cancel(master: StreamMaster) -> None:
    master.send(request(1, "poll_cancelled", b'{"seconds":30}'), request(2, "nothing"))
    master.send(wire.encode_cancel(1))
    assert master.answer().request_id == 1


# ---------------------------------------------------------------- end


# spec:test STREAM-014
@pytest.mark.parametrize("busy", [False, True])
def test_ends_with_its_stream(master: StreamMaster, busy: bool) -> None:
    master.send(request(1, "sleep" if busy else "nothing", b'{"seconds":1000}' if busy else b""))
    master.receive()
    master.stream.close()
    assert master.exit_code() == registry.EXIT_LIFELINE


def test_a_forked_child_does_not_use_the_stream(master: StreamMaster) -> None:
    master.send(request(1, "fork_and_return"), request(2, "nothing"))
    assert [master.answer().request_id, master.answer().request_id] == [1, 2]
