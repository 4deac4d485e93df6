"""The accelerator by itself. That it behaves like Python is shown by running all tests with it."""

from __future__ import annotations

import gc
import importlib.util
import json
import math
import mmap
import struct
import sys
import threading
import types
import uuid
import weakref
from typing import Any

import pytest
import sample
from lanes import LAYOUT, Lane
from test_payload_orjson import KWARGS, RESULTS

from ringwire import _registry as registry
from ringwire import fast_lane, native, payload_attachments, wire
from ringwire.codec import Codec, choose
from ringwire.region import Layout
from ringwire.ring import Consumer, Producer, Ring
from ringwire.words import Cursor

accelerator = pytest.mark.skipif(native.module is None, reason="the accelerator is optional")

ADD = {"a": 1, "b": 2}


# ---------------------------------------------------------------- finding it


def test_found_if_it_is_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(native.VARIABLE, raising=False)
    right = types.SimpleNamespace(ABI=native.ABI)
    monkeypatch.setitem(sys.modules, "_ringwire_native", right)
    assert native.load() is right
    monkeypatch.setenv(native.VARIABLE, "0")
    assert native.load() is None


@pytest.mark.parametrize(
    "found", [None, types.SimpleNamespace(), types.SimpleNamespace(ABI=native.ABI + 1)]
)
def test_not_found(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    monkeypatch.delenv(native.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "_ringwire_native", found)
    assert native.load() is None


# ---------------------------------------------------------------- words


@accelerator
@pytest.mark.parametrize("size", [4, 8])
def test_word(size: int) -> None:
    memory = bytearray(16)
    word = native.module.Word(memory, 8, size)
    highest = 2 ** (8 * size) - 1
    word[0] = highest
    assert word[0] == highest
    assert memory == bytes(8) + b"\xff" * size + bytes(8 - size)
    for value in (-1, highest + 1):
        with pytest.raises((OverflowError, ValueError)):
            word[0] = value
    with pytest.raises(TypeError):
        word[0] = "1"
    with pytest.raises(TypeError):
        del word[0]
    for index in (1, -1):
        with pytest.raises(IndexError):
            word[index]
    with pytest.raises(TypeError):
        word["0"]
    assert word[0] == highest


@accelerator
def test_released_word() -> None:
    memory = bytearray(8)
    word = native.module.Word(memory, 0, 8)
    with pytest.raises(BufferError):
        memory.append(0)
    word.release()
    word.release()
    memory.append(0)
    with pytest.raises(ValueError, match="released"):
        word[0]
    with pytest.raises(ValueError, match="released"):
        word[0] = 1


@accelerator
@pytest.mark.parametrize(
    ("offset", "size"), [(-8, 8), (4, 8), (2, 4), (16, 8), (12, 8), (2**62, 8), (0, 2), (0, 0)]
)
def test_word_outside_of_the_memory(offset: int, size: int) -> None:
    memory = bytearray(16)
    with pytest.raises(ValueError, match=r"outside|bytes"):
        native.module.Word(memory, offset, size)
    memory.append(0)  # not held


@accelerator
def test_word_over_what_cannot_be_written() -> None:
    for memory in (bytes(8), None):
        with pytest.raises((BufferError, TypeError)):
            native.module.Word(memory, 0, 8)


@accelerator
def test_fence() -> None:
    assert native.module.full_fence() is None


# ---------------------------------------------------------------- JSON


@accelerator
@pytest.mark.parametrize(
    "value",
    [None, True, 1, 2**70, "x", 1.5, [], (), {}, {"a": [1, (2.0, None)]}, [[[[]]]], "\ud800"],
)
def test_same_json(value: object) -> None:
    assert native.module.same_json(value) is True


class Text(str):
    pass


class Bytes(bytes):
    pass


@accelerator
@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        object(),
        {1: 2},
        {Text("a"): 1},
        [Text("a")],
        {"a": {1}},
        ({"a": [float("-inf")]},),
        b"x",
        type("List", (list,), {})(),
        type("Dict", (dict,), {})(),
        type("Tuple", (tuple,), {})(),
        type("Float", (float,), {})(),
        type("Int", (int,), {})(),
    ],
)
def test_not_the_same_json(value: object) -> None:
    assert native.module.same_json(value) is False


@accelerator
def test_deep_and_cyclic_values_are_left_to_python() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    assert native.module.same_json(cycle) is False
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    assert native.module.same_json(deep) is False


# ---------------------------------------------------------------- lanes


def arguments(**changes: Any) -> dict[str, Any]:
    """What Lane is made with, for LAYOUT."""
    memory = mmap.mmap(-1, LAYOUT.region_size)
    consumer = Consumer(Ring.requests(memory, LAYOUT))
    producer = Producer(Ring.responses(memory, LAYOUT))
    caught: dict[str, Any] = {}
    module = types.SimpleNamespace(Lane=lambda **given: caught.update(given))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "module", module)
        fast_lane.make(consumer, producer, Codec())
    return caught | changes


@accelerator
def test_lane_that_fits() -> None:
    assert native.module.Lane(**arguments()) is not None


@accelerator
@pytest.mark.parametrize(
    "change",
    [
        {"slot_count": 0},
        {"slot_count": 3},
        {"slot_count": 2**20},
        {"slot_count": 2**63},
        {"slot_stride": 0},
        {"slot_stride": 8},
        {"slot_stride": 2**64 - 8},
        {"slot_size": LAYOUT.slot_stride - 7},
        {"slot_size": 2**64 - 1},
        {"requests": LAYOUT.region_size},
        {"requests": 1},
        {"responses": LAYOUT.region_size - 8},
        {"responses": 2**64 - 8},
        {"read_position": LAYOUT.region_size},
        {"read_position": 4},
        {"urgent_count": 2},
        {"write_position": 2**64 - 8},
        {"need_wakeup": LAYOUT.region_size - 4},
        {"calls": LAYOUT.region_size - 7},
    ],
    ids=str,
)
def test_lane_that_does_not_fit(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        native.module.Lane(**arguments(**change))


@accelerator
def test_lane_of_other_things() -> None:
    for change in ({"consumer": object()}, {"producer": None}, {"memory": b"x"}):
        with pytest.raises((TypeError, BufferError)):
            native.module.Lane(**arguments(**change))
    with pytest.raises(TypeError):
        native.module.Lane()


@accelerator
def test_lane_lets_go_of_everything() -> None:
    given = arguments()

    def decode(text: str, start: int) -> None:
        pass

    lane = native.module.Lane(**(given | {"decode": decode}))
    gone = weakref.ref(decode)
    del decode, lane
    gc.collect()
    assert gone() is None


@accelerator
def test_closed_lane_touches_nothing() -> None:
    given = arguments()
    lane = native.module.Lane(**given)
    lane.close()
    lane.close()
    assert lane.push(1, b"1") is None
    assert given["producer"].position == 0


@accelerator
def test_push() -> None:
    given = arguments()
    lane = native.module.Lane(**given)
    responses = given["producer"].ring
    assert lane.push(0xFFFFFFFF, b"12") is False
    responses.need_wakeup[0] = 1
    assert lane.push(2, b"") is True
    consumer = Consumer(responses)
    for expected in (wire.Response(0xFFFFFFFF, 200, True, b"12"), wire.Response(2, 200, True)):
        message = consumer.peek()
        assert message is not None
        assert wire.parse_response(message) == expected
        consumer.take()


@accelerator
def test_push_of_what_does_not_fit() -> None:
    given = arguments()
    lane = native.module.Lane(**given)
    room = LAYOUT.slot_size - registry.RESPONSE_HEADER_SIZE
    assert lane.push(1, b"x" * (room + 1)) is None
    assert lane.push(1, b"x" * room) is False
    for _ in range(LAYOUT.slot_count - 1):
        assert lane.push(1, b"") is False
    assert lane.push(1, b"") is None
    assert given["producer"].position == LAYOUT.slot_count
    with pytest.raises(TypeError):
        lane.push("1", b"")


# ---------------------------------------------------------------- serving


@pytest.fixture
def lane() -> Any:
    lane = Lane()
    assert lane.result("add", ADD) == {"sum": 3}
    yield lane
    lane.close()


def slow(*_: object) -> Any:
    raise AssertionError("not the fast way")


@accelerator
def test_plain_calls_go_the_fast_way(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    lane.result("async_add", ADD)
    lane.result("returns_coroutine", ADD)
    monkeypatch.setattr(lane.engine, "_dispatch", slow)
    monkeypatch.setattr(lane.engine, "_serve_slowly", slow)
    for request_id in range(1, 40):
        assert lane.call("add", ADD, request_id).request_id == request_id
        assert lane.call("async_add", ADD, request_id).body == b'{"sum":3}'
        assert lane.call("returns_coroutine", ADD, request_id).body == b'{"sum":3}'


def codecs() -> list[Any]:
    found = [choose("stdlib", encoding) for encoding in (1, 2)]
    if importlib.util.find_spec("orjson"):
        found += [choose(name, encoding) for name in (None, "orjson") for encoding in (1, 2)]
    return found


ROOMY = Layout(slot_count=4, slot_size=2048, max_message=8192)


def both(codec: Codec, function: str, data: bytes, prepare: Any = None) -> list[wire.Response]:
    """What comes back from a call without and with the accelerator, when all is known."""
    responses = []
    for fast in (False, True):
        lane = Lane(codec=codec, native=fast, layout=ROOMY)
        # From the first two calls the names of the arguments are known.
        for known in (b"", b'{"a":1}', data):
            if prepare is not None:
                prepare()
            lane.put(wire.encode_request(1, "sample", function, known))
            response = lane.answer(1)
        responses.append(response)
        lane.close()
    return responses


@accelerator
@pytest.mark.parametrize("codec", codecs(), ids=repr)
def test_results_like_those_of_python(codec: Codec) -> None:
    members = [{"a": 1, "b": value} for value in (b"x", bytearray(b"y"), memoryview(b"z"), "x")]
    long = ["x" * length for length in (511, 512, 513)]
    values = [*RESULTS, *members, *long, {"a": long[0]}, {"a": long[1]}, b"x", Bytes(b"x")]
    for value in [*values, {"a": Bytes(b"x")}, {1: b"x"}, [b"x"], uuid.UUID(int=0), {}, [math.nan]]:
        plain, fast = both(codec, "take_out", b"", lambda value=value: sample.keep.append(value))
        assert plain == fast, value


@accelerator
@pytest.mark.parametrize("codec", codecs(), ids=repr)
def test_kwargs_like_those_of_python(codec: Codec) -> None:
    envelope = bytes(payload_attachments.envelope(b'{"b":1}', {"a": b"x"}))
    for data in [*KWARGS, envelope, envelope[:-1], b'{"a":1} ', b'{"a":1}]', b' {"a":1}']:
        if len(data) < ROOMY.max_message - 100:
            plain, fast = both(codec, "arguments", data)
            assert plain == fast, data


@accelerator
@pytest.mark.parametrize("name", ["add", "async_add", "wrapped_add"])
def test_arguments_of_any_length_go_the_fast_way(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane(layout=Layout(slot_count=4, slot_size=4096, max_message=4096))
    lane.result(name, ADD)
    lane.result(name, ADD)
    monkeypatch.setattr(lane.engine, "_dispatch", slow)
    monkeypatch.setattr(lane.engine, "_serve_slowly", slow)
    for spaces in (0, 900, 970, *range(980, 1030), 2000, 3900):
        data = b'{"a":1,' + b" " * spaces + b'"b":2}'
        lane.put(wire.encode_request(1, "sample", name, data))
        assert lane.answer(1).body == b'{"sum":3}'
    lane.close()


@accelerator
def test_functions_take_turns_on_the_fast_way(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their handlers are kept from call to call, and current_call() names the right one."""
    names = ["who", "async_who", "add", "async_add", "spy"]
    sample.keep[:] = [lambda: None]
    for name in names * 2:
        lane.call(name, ADD if name.endswith("add") else {})
    monkeypatch.setattr(lane.engine, "_dispatch", slow)
    monkeypatch.setattr(lane.engine, "_serve_slowly", slow)
    for number in range(60):
        name = names[number * number % 7 % 5]
        body = lane.call(name, ADD if name.endswith("add") else {}, number + 1).body
        if name.endswith("who"):
            assert json.loads(body) == [number + 1, f"sample:{name}", False]


@accelerator
def test_doorbell_is_rung_for_a_master_that_sleeps(lane: Lane) -> None:
    lane.result("add", ADD)
    assert lane.doorbell.rings == 0
    lane.responses.need_wakeup[0] = 1
    lane.result("add", ADD)
    assert lane.doorbell.rings == 1


@accelerator
@pytest.mark.parametrize("name", ["add", "async_add"])
# spec:test LIFE-030 LIFE-031
def test_cancel_that_comes_while_arguments_are_decoded(lane: Lane, name: str) -> None:
    lane.result(name, ADD)
    given = arguments()
    engine = lane.engine
    producer = lane.engine._responder._producer

    def decode(text: str, start: int) -> Any:
        lane.cancel(7)
        return json.loads(text), len(text)

    offsets = {key: value for key, value in given.items() if isinstance(value, int)}
    engine._fast = native.module.Lane(
        **offsets,
        memory=lane.memory,
        consumer=engine._consumer,
        producer=producer,
        decode=decode,
        encode=given["encode"],
        options=None,
    )
    response = lane.call(name, ADD, 7)
    assert response.status_code == 499
    assert json.loads(response.body) == {"started": False}


@accelerator
def test_what_is_running_is_told_in_the_region(lane: Lane) -> None:
    seen = []
    sample.keep[:] = [lambda: seen.append(lane.block.calls[0])]
    lane.result("spy")  # the first call goes the slow way
    lane.call("spy", {}, 9)
    assert seen[-1] == 9 | 1 << 32
    assert lane.block.calls[0] == 0


@accelerator
def test_a_header_that_changes_under_its_reader(lane: Lane) -> None:
    """A thread scribbles over a slot while it is served: any answer will do, and no other byte."""
    message = wire.encode_request(7, "sample", "add", json.dumps(ADD).encode())
    stop = threading.Event()
    ring = lane.requests
    before = bytes(lane.memory[: registry.REQUEST_CONTROL_OFFSET])

    def scribble() -> None:
        value = 0
        while not stop.is_set():
            value = (value * 1103515245 + 12345) & 0xFFFFFFFF
            offset = ring.slots_offset + 16 + value % 13
            struct.pack_into("<B", lane.memory, offset, value >> 24)

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(500):
            lane.producer.put(message)
            lane.turn()
            lane.answers.clear()
    finally:
        stop.set()
        thread.join()
    assert bytes(lane.memory[: registry.REQUEST_CONTROL_OFFSET]) == before


def test_cursor_is_shared() -> None:
    assert issubclass(Consumer, Cursor)
    assert issubclass(Producer, Cursor)
