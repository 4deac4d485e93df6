"""The engine without a process: what is taken when, run where, and answered how."""

from __future__ import annotations

import json
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sample
from lanes import Fatal, Lane

from ringwire import _registry as registry
from ringwire import engine as engine_module
from ringwire import wire
from ringwire.codec import STDLIB, Codec, choose
from ringwire.errors import LaneError, WireError
from ringwire.payload import PayloadError
from ringwire.region import Layout
from ringwire.wire import Bytes

pytestmark = pytest.mark.usefixtures("loop")

MAIN = threading.main_thread().name


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lane]:
    # However slow the machine is, a turn takes what is there.
    monkeypatch.setattr(engine_module, "_TURN_NS", 10**12)
    sample.released.clear()
    sample.begun.clear()
    lane = Lane()
    yield lane
    sample.released.set()
    lane.close()


def details(response: wire.Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found


# ---------------------------------------------------------------- results and failures


# spec:test LIFE-012
@pytest.mark.parametrize("name", ["add", "async_add", "yielding_add", "returns_coroutine"])
def test_results(lane: Lane, name: str) -> None:
    for request_id in (1, 2, 0xFFFFFFFF):
        response = lane.call(name, {"a": 1, "b": request_id}, request_id)
        assert response == wire.Response(
            request_id, 200, True, json.dumps({"sum": 1 + request_id}).replace(" ", "").encode()
        )
    assert not lane.answers


def test_empty_kwargs_and_null(lane: Lane) -> None:
    assert lane.call("nothing") == wire.Response(1, 200, True, b"null")
    assert lane.call("nothing", {}) == wire.Response(1, 200, True, b"null")


@pytest.mark.parametrize(
    ("name", "kwargs", "status"),
    [
        ("add", {"a": 1}, 400),
        ("add", [1, 2], 400),
        ("async_add", {"a": 1, "c": 2}, 400),
        ("missing", {}, 404),
        ("nowhere:f", {}, 403),
        ("os:system", {"command": "true"}, 403),
        ("current_call", {}, 403),
        ("fail", {}, 500),
        ("async_fail", {}, 500),
        ("type_error_inside", {}, 500),
        ("unencodable", {}, 502),
        ("async_unencodable", {}, 502),
        ("generator", {}, 502),
        ("async_generator", {}, 502),
        ("text", {"length": 4096}, 413),
    ],
)
# spec:test PAYLOAD-002 PAYLOAD-004 PAYLOAD-005 PAYLOAD-006 PAYLOAD-007 PAYLOAD-012 LIFE-017
def test_failures(lane: Lane, name: str, kwargs: Any, status: int) -> None:
    for _ in range(2):  # the slow way, and the fast way where there is one
        response = lane.call(name, kwargs)
        assert (response.status_code, response.success) == (status, False)
        assert response.error_message
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}


def test_type_error_from_inside_is_not_a_bad_argument(lane: Lane) -> None:
    response = lane.call("type_error_inside")
    assert details(response)["type"] == "TypeError"
    assert "in type_error_inside" in details(response)["traceback"]


@pytest.mark.parametrize("name", ["fail", "async_fail"])
def test_traceback_starts_in_the_handler(lane: Lane, name: str) -> None:
    lane.call(name, {"message": "sorry"})  # from now on it is known
    response = lane.call(name, {"message": "sorry"})
    assert response.error_message == "ValueError: sorry"
    found = details(response)
    assert found["type"] == "ValueError"
    assert found["message"] == "sorry"
    lines = found["traceback"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith(f"in {name}")
    assert "sample.py" in lines[1]


# spec:test PAYLOAD-007
@pytest.mark.parametrize("name", ["leave", "async_leave"])
@pytest.mark.parametrize(
    ("kind", "type_"),
    [("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt"), ("close", "GeneratorExit")],
)
def test_base_exceptions_end_no_worker(lane: Lane, name: str, kind: str, type_: str) -> None:
    response = lane.call(name, {"kind": kind})
    assert response.status_code == 500
    assert details(response)["type"] == type_
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}


# spec:test PAYLOAD-007
def test_cancellation_that_nobody_asked_for_is_a_failure(lane: Lane) -> None:
    response = lane.call("uncalled_for_cancellation")
    assert response.status_code == 500
    assert details(response)["type"] == "asyncio.exceptions.CancelledError"


def test_module_that_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "broken_engine.py").write_text("\nraise ValueError('at import')\n")
    other = Lane(["broken_engine:*"])
    response = other.call("broken_engine:f")
    other.close()
    assert response.status_code == 500
    found = details(response)
    assert found["type"] == "ValueError"
    assert "importlib" not in found["traceback"]


def test_large_messages_both_ways(lane: Lane) -> None:
    value = "x" * 3900
    assert lane.result("echo", {"value": value}) == value
    assert lane.result("echo", {"value": value}) == value


# spec:test LIFE-017
def test_result_at_the_limit(lane: Lane) -> None:
    room = lane.layout.max_message - 20 - 2
    assert lane.call("text", {"length": room}).status_code == 200
    assert lane.call("text", {"length": room + 1}).status_code == 413


@pytest.mark.parametrize("size", [126, 127, 128, 129, 130, 255, 256, 257])
def test_results_around_the_border_of_a_slot(lane: Lane, size: int) -> None:
    length = size - 20 - 2
    assert lane.result("text", {"length": length}) == "x" * length


# ---------------------------------------------------------------- the short way for results


ROOMY = Layout(slot_count=16, slot_size=2048, max_message=8192)


def some_value(random: Random, depth: int = 0) -> Any:
    """A result: mostly short, now and then long, and now and then nothing for JSON."""
    kind = random.randrange(16 if depth < 3 else 9)
    if kind < 3:
        return random.choice([None, True, -1, 2**70, 1.5, "", "\u00fc", "\0", "\ud800", 'a"\\b'])
    if kind < 6:
        return random.choice("x\u00fc") * random.choice([1, 9, 255, 256, 509, 510, 511, 512, 513])
    if kind == 6:
        return random.choice([b"", b"\0", bytearray(b"a"), memoryview(b"abc"), b"x" * 600])
    if kind == 7:
        return random.choice([float("nan"), object(), {1}, {b"": 1}, sample.Text("x" * 512)])
    if kind < 9:
        return random.randrange(1000)
    size = random.randrange(4)
    if kind < 11:
        return [some_value(random, depth + 1) for _ in range(size)]
    names = ["a", "", "\u00fc", "x" * 600, "\ud800", 1, 1.5, None, True]
    return {random.choice(names): some_value(random, depth + 1) for _ in range(size)}


# spec:test PAYLOAD-003 PAYLOAD-018 PAYLOAD-019
@pytest.mark.parametrize("encoding", [1, 2])
@pytest.mark.parametrize("function", ["take_out", "async_take_out"])
def test_results_are_what_the_codec_makes_of_them(encoding: int, function: str) -> None:
    codec = choose("stdlib", encoding)
    lane = Lane(layout=ROOMY, codec=codec)
    random = Random(1)
    plain = 0
    for number in range(3000):
        value = some_value(random)
        sample.keep[:] = [value]
        response = lane.call(function, None, number + 1)
        try:
            body = codec.encode(value)
        except PayloadError as error:
            expected = wire.Response(number + 1, 502, False, b"", str(error))
        else:
            expected = wire.Response(number + 1, 200, True, bytes(body))
            plain += len(body) < 512
        assert response == expected, value
    assert 1000 < plain < 2900
    lane.close()


def test_a_function_whose_results_are_now_short_and_now_long(lane: Lane) -> None:
    for length in (0, 700, 1, 701, 702, 2, 3, 60, 4):
        assert lane.result("text", {"length": length}) == "x" * length


# spec:test RING-006 RING-010
def test_answers_wait_for_room_in_the_ring(lane: Lane) -> None:
    lane.result("add", {"a": 1, "b": 2})
    for request_id in range(1, 41):
        lane.request(request_id, "add", {"a": 1, "b": request_id})
        if request_id % 16 == 0:
            lane.engine.serve()  # nobody collects: the last one waits, which collects
    lane.until(lambda: len(lane.answers) == 40)
    assert [json.loads(lane.answers[n].body)["sum"] for n in range(1, 41)] == list(range(2, 42))


# spec:test BELL-002 BELL-003
@pytest.mark.parametrize("name", ["add", "async_add"])
def test_doorbell_is_rung_for_each_answer_while_the_master_sleeps(lane: Lane, name: str) -> None:
    for _ in range(3):
        lane.result(name, {"a": 1, "b": 2})
    before = lane.doorbell.rings
    lane.responses.need_wakeup[0] = 1
    for request_id in range(1, 6):
        lane.request(request_id, name, {"a": 1, "b": 2})
    lane.until(lambda: len(lane.answers) == 5)
    assert lane.doorbell.rings == before + 5


# ---------------------------------------------------------------- arguments


# spec:test PAYLOAD-002 PAYLOAD-005
@pytest.mark.parametrize(
    "name", ["add", "async_add", "wrapped_add", "Static.add", "defaults", "positional", "anything"]
)
def test_arguments_are_judged_alike_on_both_ways(lane: Lane, name: str) -> None:
    """The first call of a function goes by the book, the others do not."""
    bad = [
        b"[1]",
        b"1",
        b"null",
        b'"a"',
        b"{",
        b'{"a":1}',
        b'{"a":1,"b":2,"d":3}',
        b"{} x",
        b" ",
        b"\xff",
    ]
    answers = []
    for known in (False, True):
        if known:
            lane.call(name, {"a": 1, "b": 2})
        for data in bad:
            if not known:
                lane.engine.cache.clear()
            lane.put(wire.encode_request(7, "sample", name, data))
            answers.append(lane.answer(7))
    assert answers[: len(bad)] == answers[len(bad) :]
    assert answers[0].status_code == 400


# spec:test PAYLOAD-005 PAYLOAD-007
@pytest.mark.parametrize(
    "name", ["type_error_inside", "type_error_without_frames", "async_type_error"]
)
def test_type_errors_of_a_known_function_are_failures(lane: Lane, name: str) -> None:
    for _ in range(3):
        assert lane.call(name).status_code == 500


# ---------------------------------------------------------------- refused messages


def raw(type_: int, request_id: int, *lengths: int, total: int | None = None) -> bytes:
    total = 21 + sum(lengths) if total is None else total
    return struct.pack("<BIIIII", type_, request_id, total, *lengths) + b"x" * sum(lengths)


REFUSED = {
    "BAD_TYPE": raw(9, 5, 1, 1, 0),
    "LENGTH_MISMATCH": raw(1, 5, 1, 1, 0, total=99),
    "NAME_TOO_LONG": raw(1, 5, 1025, 1, 0),
    "TRUNCATED_BODY": raw(1, 5, 1, 1, 2)[:-1],
    "TRAILING": raw(1, 5, 1, 1, 2) + b"x",
    "TRUNCATED_HEADER": raw(1, 5, 1, 1, 0)[:20],
    "EMPTY_NAME": raw(1, 5, 0, 1, 0),
    "NONZERO_LENGTH": raw(4, 5, 0, 0, 1),
    "RESERVED_ID": raw(3, 5, 0, 0, 0),
    "BAD_UTF8": raw(1, 5, 1, 1, 0)[:21] + b"\xffx",
    "NUL_IN_NAME": raw(1, 5, 1, 1, 0)[:21] + b"x\0",
}


# spec:test LIFE-014 LIFE-016
@pytest.mark.parametrize("code", REFUSED)
def test_refused_message_is_answered(lane: Lane, code: str) -> None:
    lane.put(REFUSED[code])
    response = lane.answer(5)
    assert response.status_code == 400
    assert code in response.error_message
    assert details(response) == {"code": code}
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}


# spec:test LIFE-014
def test_five_bytes_are_enough_to_be_answered(lane: Lane) -> None:
    lane.put(b"\x01\x05\x00\x00\x00")
    assert lane.answer(5).status_code == 400


# spec:test LIFE-015 LIFE-016
@pytest.mark.parametrize("message", [b"\x01", b"\x01\x05\x00\x00", raw(1, 0, 1, 1, 0), b"\0" * 5])
def test_refused_message_without_id_is_counted(lane: Lane, message: bytes) -> None:
    lane.put(message)
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}
    assert not lane.answers
    base = registry.WORKER_BLOCK_OFFSET + registry.WORKER_REFUSED
    assert int.from_bytes(lane.memory[base : base + 8], "little") == 1


@pytest.mark.parametrize("padding", [0, 200], ids=["one slot", "fragments"])
def test_fast_way_refuses_what_the_slow_way_refuses(lane: Lane, padding: int) -> None:
    """Every byte of a header, changed in a message that would go a fast way."""
    lane.result("add", {"a": 1, "b": 2})
    good = wire.encode_request(7, "sample", "add", b'{"a":1,"b":2}' + padding * b" ")
    lane.put(good)
    assert lane.answer(7).success
    for index in range(21):
        for value in (0, 1, 2, 0x7F, 0x80, 0xFF):
            message = bytearray(good)
            if index in range(1, 5) or message[index] == value:
                continue
            message[index] = value
            lane.put(bytes(message))
            with pytest.raises(WireError) as caught:
                wire.parse_request(message, lane.layout.max_message)
            assert details(lane.answer(7)) == {"code": caught.value.code}
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}


@pytest.mark.parametrize("padding", [0, 200], ids=["one slot", "fragments"])
@pytest.mark.parametrize(("more", "code"), [(1, "TRUNCATED_BODY"), (-1, "TRAILING")])
def test_lengths_that_agree_with_each_other_only(
    lane: Lane, more: int, code: str, padding: int
) -> None:
    lane.result("add", {"a": 1, "b": 2})
    data = b'{"a":1,"b":2}' + padding * b" "
    message = bytearray(wire.encode_request(7, "sample", "add", data))
    struct.pack_into("<I", message, 5, len(message) + more)
    struct.pack_into("<I", message, 17, len(data) + more)
    lane.put(bytes(message))
    assert details(lane.answer(7)) == {"code": code}


# spec:test LIFE-015
@pytest.mark.parametrize("padding", [0, 200], ids=["one slot", "fragments"])
def test_fast_way_drops_requests_without_id(lane: Lane, padding: int) -> None:
    lane.result("add", {"a": 1, "b": 2})
    data = b'{"a":1,"b":2}' + padding * b" "
    good = bytearray(wire.encode_request(7, "sample", "add", data))
    bad = bytearray(good)
    bad[1] = 0
    for _ in range(2):
        lane.put(bytes(bad))
        lane.turn()
        assert not lane.answers
        assert lane.taken() == lane.producer.position
        lane.put(bytes(good))
        assert lane.answer(7).success


@pytest.mark.parametrize("padding", [0, 200], ids=["one slot", "fragments"])
def test_names_that_are_the_same_bytes_together(lane: Lane, padding: int) -> None:
    lane.result("add", {"a": 1, "b": 2})
    data = b'{"a":1,"b":2}' + padding * b" "
    lane.put(wire.encode_request(7, "sampl", "eadd", data))
    assert lane.answer(7).status_code == 403
    lane.put(wire.encode_request(7, "samplea", "dd", data))
    assert lane.answer(7).status_code == 403


def test_no_request_is_taken_for_one_like_the_one_before(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions and lengths alternate, among them requests that differ in their names alone."""
    kept = 4
    monkeypatch.setattr(engine_module, "_SHAPES", kept)
    calls = [
        ("echo", {"value": 10}, 10),
        ("text", {"length": 1}, "x"),
        ("echo", {"value": 100}, 100),
        ("async_add", {"a": 1, "b": 2}, {"sum": 3}),
        ("nothing", None, None),
        ("add", {"a": 1, "b": 2}, {"sum": 3}),
        ("text", {"length": 2}, "xx"),
        ("add", {"a": 10, "b": 2}, {"sum": 12}),
    ]
    for _ in range(3):
        for number, (function, kwargs, _) in enumerate(calls):
            lane.request(1 + number, function, kwargs)
        for number, (_, _, result) in enumerate(calls):
            assert json.loads(lane.answer(1 + number).body) == result
    assert len(lane.engine._shapes) <= kept


# ---------------------------------------------------------------- a hostile ring


# spec:test RING-015 RING-017 RING-018 RING-020
@pytest.mark.parametrize("fault", ["position", "position back", "length", "length 0", "fragment"])
def test_corrupt_ring_ends_the_worker(lane: Lane, fault: str) -> None:
    lane.result("add", {"a": 1, "b": 2})
    position = lane.producer.position
    lane.request(2, "add", {"a": 1, "b": 2})
    slot = lane.requests.slot(position)
    if fault == "position":
        lane.requests.write_position[0] = position + 17
    elif fault == "position back":
        lane.requests.write_position[0] = position - 1
    elif fault == "length":
        struct.pack_into("<I", lane.memory, slot, 4097)
    elif fault == "length 0":
        struct.pack_into("<I", lane.memory, slot, 0)
    else:
        struct.pack_into("<I", lane.memory, slot + 4, 1)
    with pytest.raises(LaneError):
        lane.turn()
    assert 2 not in lane.answers


# spec:test RING-018 RING-020
def test_request_in_the_middle_of_a_longer_one(lane: Lane) -> None:
    lane.result("add", {"a": 1, "b": 2})
    long = wire.encode_request(7, "sample", "echo", b" " * 4000)
    assert lane.producer.put(long) < len(long)
    lane.turn()
    lane.request(8, "add", {"a": 1, "b": 2})
    with pytest.raises(LaneError):
        lane.turn()
    assert not lane.answers


# spec:test RING-016
@pytest.mark.parametrize("name", ["add", "yielding_add"])
def test_corrupt_response_ring_ends_the_worker(lane: Lane, name: str) -> None:
    for _ in range(16):
        lane.result("add", {"a": 1, "b": 2})
    lane.responses.read_position[0] = 99
    lane.request(2, name, {"a": 1, "b": 2})
    with pytest.raises(LaneError):
        lane.until(lambda: False)


def test_corrupt_response_ring_seen_by_the_sync_thread(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    for _ in range(16):
        lane.result("add", {"a": 1, "b": 2})
    lane.request(2, "sleep", {"seconds": 1000})
    lane.turn()
    lane.responses.read_position[0] = 99
    lane.request(3, "nothing")
    with pytest.raises(LaneError):
        lane.until(lambda: False)


# ---------------------------------------------------------------- what is taken when


# spec:test LIFE-010 LIFE-011 RING-013
def test_requests_are_taken_one_at_a_time(lane: Lane) -> None:
    seen: list[int] = []
    lane.result("echo", {"value": 0})
    sample.keep[:] = [lambda: seen.append(lane.taken())]
    before = lane.taken()
    for request_id in (2, 3, 4):
        lane.request(request_id, "spy")
    lane.until(lambda: len(lane.answers) == 3)
    assert seen == [before + 1, before + 2, before + 3]


# spec:test LIFE-011
def test_request_is_taken_before_its_module_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "imports_spy.py").write_text("import sample\nsample.spy()\ndef f(): pass\n")
    monkeypatch.delitem(sys.modules, "imports_spy", raising=False)
    lane = Lane(["imports_spy:*"])
    seen: list[int] = []
    sample.keep[:] = [lambda: seen.append(lane.taken())]
    assert lane.call("imports_spy:f").success
    assert seen == [1]
    lane.close()


def test_bad_arguments_are_taken_too(lane: Lane) -> None:
    lane.request(2, "add", {"a": 1})
    lane.answer(2)
    assert lane.taken() == lane.producer.position


# spec:test LIFE-020
def test_def_runs_inline_when_nothing_else_is_in_flight(lane: Lane) -> None:
    assert lane.result("thread_name") == MAIN


# spec:test LIFE-020
def test_def_runs_beside_async_calls_in_flight(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "wait_for_release")
    lane.request(3, "release")
    assert lane.answer(3).success
    assert json.loads(lane.answer(2).body) == "ringwire-sync"
    lane.request(4, "thread_name")
    assert json.loads(lane.answer(4).body) == "ringwire-sync"
    lane.cancel(1)
    assert lane.answer(1).status_code == 499
    assert lane.result("thread_name") == MAIN


# spec:test LIFE-010 LIFE-011
def test_def_that_finds_the_thread_busy_waits_in_the_ring(lane: Lane) -> None:
    for name in ("thread_name", "wait_for_release", "async_add"):
        lane.engine._handlers.find("sample", name)
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "wait_for_release")
    lane.turn()
    before = lane.taken()
    lane.request(3, "thread_name")
    lane.request(4, "async_add", {"a": 1, "b": 2})
    for _ in range(5):
        lane.turn()
    assert lane.taken() == before
    sample.released.set()
    assert json.loads(lane.answer(3).body) == "ringwire-sync"
    assert lane.answer(4).success
    assert lane.answer(2).success


def test_large_request_waits_in_the_ring_too(lane: Lane) -> None:
    for name in ("echo", "wait_for_release"):
        lane.engine._handlers.find("sample", name)
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "wait_for_release")
    lane.turn()
    lane.request(3, "echo", {"value": "x" * 1000})
    for _ in range(3):
        lane.turn()
    lane.request(4, "nothing")
    lane.turn()
    assert lane.taken() < lane.producer.position - 1
    sample.released.set()
    assert json.loads(lane.answer(3).body) == "x" * 1000
    assert lane.answer(4).success


def test_def_called_for_the_first_time_queues_behind_the_busy_thread(lane: Lane) -> None:
    """It was taken before its module was imported, so it cannot wait in the ring any more."""
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "wait_for_release")
    lane.turn()
    lane.request(3, "thread_name")
    lane.request(4, "nothing")
    lane.cancel(4)
    lane.turn()
    assert lane.answer(4).status_code == 499
    sample.released.set()
    assert json.loads(lane.answer(3).body) == "ringwire-sync"
    assert lane.answer(2).success


def test_queued_job_that_is_cancelled_never_runs(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "wait_for_release")
    lane.request(3, "fail")
    lane.until(lambda: lane.engine._sync_jobs == 2)
    lane.cancel(3)
    lane.turn()
    sample.released.set()
    response = lane.answer(3)
    assert response.status_code == 499
    assert details(response) == {"started": False}


def test_spins_while_more_is_to_be_expected(lane: Lane) -> None:
    """A request that comes during the spin is served in the same turn."""
    lane.result("nothing")

    class Spin:
        def wait(self, position: memoryview, seen: int, until_ns: int) -> int | None:
            if seen >= lane.producer.position > 3:
                return None
            lane.request(int(seen) + 100, "nothing")
            return int(position[0])

    lane.engine._spin = Spin()  # type: ignore[assignment]
    lane.request(2, "nothing")
    lane.engine.serve()
    lane.collect()
    assert lane.answers.keys() == {2, 102, 103}
    assert lane.engine.may_spin


def test_coroutine_from_the_sync_thread_goes_to_the_loop(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "returns_coroutine", {"a": 1, "b": 2})
    assert json.loads(lane.answer(2).body) == {"sum": 3}


def test_failures_on_the_sync_thread(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "fail")
    response = lane.answer(2)
    assert response.status_code == 500
    assert details(response)["traceback"].splitlines()[1].endswith("in fail")
    lane.request(3, "unencodable")
    assert lane.answer(3).status_code == 502
    lane.request(4, "leave", {"kind": "exit"})
    assert lane.answer(4).status_code == 500
    lane.request(5, "text", {"length": 5000})
    assert lane.answer(5).status_code == 413


def test_no_thread_to_be_had(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "nothing")
    assert lane.answer(2).status_code == 503


# spec:test LIFE-013
def test_many_async_calls_in_flight(lane: Lane) -> None:
    count = 1000
    for request_id in range(1, count + 1):
        lane.request(request_id, "sleep", {"seconds": 0.2})
        lane.turn()
    lane.until(lambda: len(lane.answers) == count)
    assert all(response.success for response in lane.answers.values())


def test_short_calls_overtake_long_ones(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 0.05})
    lane.request(2, "async_add", {"a": 1, "b": 2})
    lane.answer(2)
    assert 1 not in lane.answers
    lane.answer(1)


def test_response_ring_that_is_full(lane: Lane) -> None:
    """Nobody collects while 40 answers of 3 slots each go into 16 slots: the engine waits."""
    for request_id in range(1, 15):
        lane.request(request_id, "text", {"length": 300})
    lane.engine.serve()
    lane.until(lambda: len(lane.answers) == 14)


# ---------------------------------------------------------------- surroundings of a handler


def test_asyncio_run_works_in_a_def(lane: Lane) -> None:
    assert lane.result("asyncio_run", {"a": 1, "b": 2}) == {"sum": 3}
    assert lane.result("async_add", {"a": 1, "b": 2}) == {"sum": 3}


@pytest.mark.parametrize("name", ["who", "async_who"])
def test_current_call(lane: Lane, name: str) -> None:
    for request_id in (1, 2):
        response = lane.call(name, {}, request_id)
        assert json.loads(response.body) == [request_id, f"sample:{name}", False]


def test_current_call_on_the_sync_thread(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "who")
    assert json.loads(lane.answer(2).body) == [2, "sample:who", False]


def test_threads_of_a_handler_have_no_current_call(lane: Lane) -> None:
    assert lane.result("own_thread_who") == [None]


def test_only_async_functions_find_a_running_loop(lane: Lane) -> None:
    """Also when they are mixed in one turn."""
    names = ["async_has_loop", "has_loop"]
    for name in names * 2:
        lane.result(name)
    for request_id in range(1, 13):
        lane.request(request_id, names[request_id % 2 or request_id % 3 == 0])
    lane.turn()
    found = {n: json.loads(answer.body) for n, answer in lane.answers.items()}
    assert found == {n: not (n % 2 or n % 3 == 0) for n in range(1, 13)}


# spec:test LIFE-034
def test_a_task_that_cancels_itself_and_returns(lane: Lane) -> None:
    for _ in range(3):
        assert lane.result("cancels_itself") == "in spite of it"
    assert lane.result("async_add", {"a": 1, "b": 2}) == {"sum": 3}


def test_async_calls_that_wait_among_such_that_do_not(lane: Lane) -> None:
    names = ["async_add", "yielding_add"]
    for name in names * 2:
        lane.result(name, {"a": 1, "b": 2})
    for request_id in range(1, 13):
        lane.request(request_id, names[request_id % 3 == 0], {"a": 0, "b": request_id})
    lane.until(lambda: len(lane.answers) == 12)
    # Those that wait are answered after the others.
    assert set(list(lane.answers)[8:]) == {3, 6, 9, 12}
    assert {n: json.loads(a.body)["sum"] for n, a in lane.answers.items()} == {
        n: n for n in range(1, 13)
    }
    assert not lane.engine._in_flight


def test_context_variables_do_not_leak_between_async_calls(lane: Lane) -> None:
    for value in ("a", "b"):
        assert lane.result("set_variable", {"value": value}) == "unset"


def test_worker_block_during_and_after_calls(lane: Lane) -> None:
    base = registry.WORKER_BLOCK_OFFSET + registry.WORKER_CURRENT_CALL
    found: list[tuple[int, ...]] = []
    sample.keep[:] = [lambda: found.append(struct.unpack_from("<II", lane.memory, base))]
    lane.call("spy", None, 77)
    assert found == [(77, 1)]
    assert struct.unpack_from("<II", lane.memory, base) == (0, 0)
    lane.request(1, "sleep", {"seconds": 1000})
    lane.turn()
    assert struct.unpack_from("<II", lane.memory, base) == (0, 1)


# ---------------------------------------------------------------- cancellation


# spec:test LIFE-032 LIFE-033
@pytest.mark.parametrize("urgent", [True, False])
def test_async_call_in_flight(lane: Lane, urgent: bool) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.turn()
    lane.turn()
    lane.cancel(1, urgent)
    response = lane.answer(1)
    assert response.status_code == 499
    assert details(response) == {"started": True}


# spec:test LIFE-034
def test_call_that_finishes_in_spite_of_it(lane: Lane) -> None:
    lane.request(1, "stubborn", {"seconds": 1000})
    lane.turn()
    lane.turn()
    lane.cancel(1)
    assert json.loads(lane.answer(1).body) == "in spite of it"


# spec:test PAYLOAD-007
def test_cancellation_turned_into_another_exception(lane: Lane) -> None:
    lane.request(1, "translated", {"seconds": 1000})
    lane.turn()
    lane.turn()
    lane.cancel(1)
    response = lane.answer(1)
    assert response.status_code == 500
    assert details(response)["type"] == "KeyError"


# spec:test LIFE-030 LIFE-031 RING-022
@pytest.mark.parametrize("name", ["nothing", "fail", "async_add", "missing"])
@pytest.mark.parametrize("known", [True, False])
def test_queued_call_never_runs(lane: Lane, name: str, known: bool) -> None:
    if known and name != "missing":
        lane.engine._handlers.find("sample", name)
    lane.request(1, name, {})
    lane.cancel(1)
    response = lane.answer(1)
    assert response.status_code == 499
    assert details(response) == {"started": False}
    assert not lane.engine._cancels or lane.taken() < lane.producer.position
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}
    assert not lane.engine._cancels


# spec:test LIFE-030
def test_cancel_that_comes_while_another_call_runs(lane: Lane) -> None:
    lane.result("nothing")
    sample.keep[:] = [lambda: lane.cancel(3)]
    lane.request(2, "spy")
    lane.request(3, "nothing")
    assert lane.answer(2).success
    assert lane.answer(3).status_code == 499


# spec:test LIFE-030 LIFE-031
@pytest.mark.parametrize("name", ["nothing", "yielding_add"])
def test_cancel_that_comes_while_the_arguments_are_decoded(lane: Lane, name: str) -> None:
    lane.engine._handlers.find("sample", name)

    def slowly(data: Bytes) -> dict[str, Any]:
        lane.cancel(2)
        return STDLIB.decode(data)

    # As if it were another library, so that it is what the hot path calls. For that in C there is
    # a test of its own.
    lane.engine._fast = None
    lane.engine._codec = Codec(slowly, STDLIB.encode, (None, None, 0))
    lane.request(2, name, {"a": 1, "b": 2} if name == "yielding_add" else {})
    response = lane.answer(2)
    assert response.status_code == 499
    assert details(response) == {"started": False}
    lane.engine._codec = STDLIB
    assert lane.result("nothing") is None
    assert not lane.engine._cancels


def test_large_queued_call_never_runs(lane: Lane) -> None:
    lane.engine._handlers.find("sample", "echo")
    lane.request(1, "echo", {"value": "x" * 1000})
    lane.cancel(1)
    assert lane.answer(1).status_code == 499


# spec:test LIFE-032 LIFE-033
def test_cancel_of_a_coroutine_that_comes_from_the_thread(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "begins_and_returns_sleep", {"seconds": 1000})
    lane.until(sample.begun.is_set)
    lane.cancel(2)
    lane.engine.serve()
    sample.released.set()
    response = lane.answer(2)
    assert response.status_code == 499
    assert details(response) == {"started": True}


# spec:test LIFE-042
def test_termination_between_two_calls(lane: Lane) -> None:
    lane.result("nothing")
    sample.keep[:] = [lambda: setattr(lane.engine, "stopping", True)]
    lane.engine._handlers.find("sample", "spy").accepted.add(())
    for request_id in (1, 2, 3):
        lane.request(request_id, "spy")
    before = lane.taken()
    assert lane.answer(1).success
    assert lane.taken() == before + 1
    assert not lane.answers


# spec:test LIFE-020
def test_known_def_runs_beside_async_calls_in_flight(lane: Lane) -> None:
    assert lane.result("thread_name") == MAIN
    lane.request(9, "sleep", {"seconds": 1000})
    lane.turn()
    assert lane.result("thread_name") == "ringwire-sync"
    lane.cancel(9)
    lane.answer(9)
    assert lane.result("thread_name") == MAIN


# spec:test LIFE-035
@pytest.mark.parametrize("urgent", [True, False])
def test_cancel_for_nobody(lane: Lane, urgent: bool) -> None:
    lane.cancel(99, urgent)
    lane.call("nothing", None, 1)
    lane.cancel(1, urgent)
    assert lane.result("add", {"a": 1, "b": 2}) == {"sum": 3}
    assert not lane.answers
    assert not lane.engine._cancels
    assert lane.engine._urgent_seen == (2 if urgent else 0)


# spec:test LIFE-035
def test_cancel_means_only_requests_before_it(lane: Lane) -> None:
    """The id of an answered call is used again behind a late CANCEL for that call."""
    lane.call("nothing", None, 7)
    lane.cancel(7)
    lane.request(7, "add", {"a": 1, "b": 2})
    assert lane.answer(7).success
    lane.cancel(7)
    lane.request(7, "add", {"a": 1, "b": 2})
    lane.cancel(7)
    assert lane.answer(7).status_code == 499
    assert lane.result("nothing") is None
    assert not lane.engine._cancels


def test_second_cancel_does_not_interrupt_the_clean_up(lane: Lane) -> None:
    lane.request(1, "careful", {"seconds": 1000})
    lane.turn()
    lane.turn()
    lane.cancel(1)
    lane.turn()
    lane.turn()
    lane.cancel(1)
    assert json.loads(lane.answer(1).body) == "cleaned up"


def test_sync_call_on_the_thread_learns_of_it(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "poll_cancelled", {"seconds": 1000})
    lane.until(sample.begun.is_set)
    lane.cancel(2)
    response = lane.answer(2)
    assert response.status_code == 499
    assert details(response) == {"started": True}


def test_sync_call_inline_learns_of_it_when_it_asks(lane: Lane) -> None:
    lane.result("nothing")
    sample.keep[:] = [lambda: lane.cancel(5)]
    response = lane.call("spy_and_poll", {}, 5)
    assert response.status_code == 499
    assert details(response) == {"started": True}


def test_refused_message_ahead_is_left_for_its_turn(lane: Lane) -> None:
    lane.request(1, "nothing")
    lane.put(raw(4, 0, 0, 0, 0), urgent=True)
    lane.put(raw(9, 6, 0, 0, 0), urgent=True)
    assert lane.answer(1).success
    assert lane.answer(6).status_code == 400


# ---------------------------------------------------------------- the end


# spec:test LIFE-040 LIFE-041
def test_shutdown(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 0.02})
    lane.put(wire.encode_shutdown())
    lane.request(2, "nothing")
    lane.turn()
    assert lane.block.state == registry.STATE_DRAINING
    taken = lane.taken()
    lane.until(lambda: lane.engine.stopped)
    assert lane.answers.keys() == {1}
    assert lane.block.state == registry.STATE_STOPPED
    assert lane.taken() == taken == lane.producer.position - 1


def test_shutdown_of_an_idle_worker(lane: Lane) -> None:
    lane.put(wire.encode_shutdown())
    lane.turn()
    assert lane.engine.stopped
    assert lane.block.state == registry.STATE_STOPPED
    lane.engine.drain()  # as a signal that comes late would


# spec:test LIFE-042
def test_drain_takes_no_message_that_waits(lane: Lane) -> None:
    lane.request(1, "nothing")
    lane.engine.stopping = True
    lane.turn()
    assert lane.engine.stopped
    assert lane.taken() == 0


# spec:test LIFE-041
def test_drain_waits_for_the_sync_thread(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "wait_for_release")
    lane.turn()
    lane.turn()
    lane.engine.drain()
    lane.cancel(1)
    assert lane.answer(1).status_code == 499
    assert not lane.engine.stopped
    sample.released.set()
    lane.until(lambda: lane.engine.stopped)
    assert 2 in lane.answers


# spec:test LIFE-041
def test_drain_waits_for_a_response_on_its_way(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of the sync thread is no call in flight any more while it sends its response."""
    responder = lane.engine._responder
    real = responder.result
    on_its_way = threading.Event()

    def result(request_id: int, body: bytes) -> None:
        if threading.current_thread().name == "ringwire-sync":
            on_its_way.set()
            assert sample.released.wait(30)
        real(request_id, body)

    monkeypatch.setattr(type(responder), "result", lambda _, *arguments: result(*arguments))
    lane.request(1, "sleep", {"seconds": 1000})
    lane.request(2, "nothing")
    lane.until(on_its_way.is_set)
    lane.cancel(1)
    lane.answer(1)
    assert not lane.engine._in_flight
    lane.engine.drain()
    assert not lane.engine.stopped
    sample.released.set()
    lane.until(lambda: lane.engine.stopped)
    assert lane.answer(2).success


def test_cancel_is_heeded_while_draining(lane: Lane) -> None:
    lane.request(1, "sleep", {"seconds": 1000})
    lane.put(wire.encode_shutdown())
    lane.turn()
    lane.cancel(1)
    lane.until(lambda: lane.engine.stopped)
    assert lane.answers[1].status_code == 499


def test_drain_during_a_call_finishes_that_call_only(lane: Lane) -> None:
    lane.result("nothing")

    def terminate() -> None:
        lane.engine.stopping = True

    sample.keep[:] = [terminate]
    lane.request(2, "spy")
    lane.request(3, "nothing")
    lane.until(lambda: lane.engine.stopped)
    assert lane.answers.keys() == {2}


# ---------------------------------------------------------------- fork


# spec:test LIFE-058
@pytest.mark.parametrize("name", ["add", "fail"])
def test_abandoned_engine_answers_nothing(lane: Lane, name: str) -> None:
    sample.keep[:] = [lambda: None]
    for _ in range(3):  # until it is known to have short results
        lane.result("spy")
    sample.keep[:] = [lane.engine.abandon]
    lane.request(2, "spy")
    with pytest.raises(SystemExit) as caught:
        lane.turn()
    assert caught.value.code == 0
    assert not lane.answers


# spec:test LIFE-058
def test_abandoned_engine_keeps_the_exit_code(lane: Lane) -> None:
    def leave() -> None:
        lane.engine.abandon()
        raise SystemExit(4)

    lane.result("nothing")
    sample.keep[:] = [leave]
    lane.request(2, "spy")
    with pytest.raises(SystemExit) as caught:
        lane.turn()
    assert caught.value.code == 4


# ---------------------------------------------------------------- turns


def test_turn_ends_in_time_for_the_loop(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_TURN_NS", 0)
    lane.result("nothing")
    for request_id in (2, 3):
        lane.request(request_id, "nothing")
    lane.turn()
    assert lane.answers.keys() == {2}
    assert lane.engine.seen != lane.producer.position
    lane.turn()
    assert lane.answers.keys() == {2, 3}


def test_the_clock_is_looked_at_less_often_while_calls_are_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = Lane(native=False)
    now, looks = [0], []

    def clock() -> int:
        looks.append(lane.taken())
        return now[0]

    lane.result("nothing")
    monkeypatch.setattr(engine_module, "perf_counter_ns", clock)
    monkeypatch.setattr(engine_module, "_TURN_NS", 10**6)
    for request_id in range(1, 16):
        lane.request(request_id, "nothing")
    lane.engine.serve()
    assert lane.taken() == lane.producer.position
    assert len(looks) < 9
    lane.close()


def test_many_tasks_are_started_bit_by_bit(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_TASKS_PER_TURN", 2)
    lane.engine._handlers.find("sample", "sleep")
    for request_id in range(1, 6):
        lane.request(request_id, "sleep", {"seconds": 0})
    lane.engine.serve()
    assert lane.taken() == 2
    lane.until(lambda: len(lane.answers) == 5)


def test_fatal_error_in_a_task(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(lane.engine._responder), "result", fail)
    lane.loop.set_exception_handler(lambda *_: None)
    lane.request(1, "yielding_add", {"a": 1, "b": 2})
    with pytest.raises(ZeroDivisionError):
        lane.until(lambda: False)
    assert issubclass(Fatal, Exception)


def test_other_sizes() -> None:
    for layout in (
        Layout(slot_count=2, slot_size=64, max_message=1024),
        Layout(slot_count=2, slot_size=4096, max_message=1024),
    ):
        lane = Lane(layout=layout)
        for length in (0, 1, 30, 500):
            assert lane.result("echo", {"value": "x" * length}) == "x" * length
        assert lane.call("fail", {"message": "m" * 700}).status_code == 500
        lane.close()


# spec:test RING-012
def test_rest_of_a_message_comes_while_it_is_read(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was published since the engine last looked is read with the message that it ends; the
    slots behind it hold requests of the lap before, which must not run again.
    """
    for request_id in range(1, lane.layout.slot_count + 1):
        lane.call("nothing", request_id=request_id)
    lane.request(99, "echo", {"value": "x" * lane.layout.slot_size})
    lane.requests.write_position[0] -= 1
    consumer = type(lane.engine._consumer)
    peek = consumer.peek

    def publish_and_peek(self: Any) -> memoryview | None:
        lane.requests.write_position[0] = lane.producer.position
        return peek(self)

    monkeypatch.setattr(consumer, "peek", publish_and_peek)
    lane.engine.serve()
    monkeypatch.undo()
    lane.collect()
    assert lane.answers.keys() == {99}
    assert lane.taken() == lane.producer.position
