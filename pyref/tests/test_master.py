from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringwire._registry import REGION_HEADER_SIZE
from ringwire.errors import WireError
from ringwire.master import CallFailed, Master, WorkerLost
from ringwire.region import Layout
from ringwire.ring import Producer, Ring
from ringwire.wire import encode_cancel, encode_request, encode_response

TESTS = str(Path(__file__).resolve().parent)


@pytest.fixture
def master() -> Iterator[Master]:
    with Master(
        allow=["sample:*"], path=[TESTS], layout=Layout(slot_count=4, slot_size=256)
    ) as master:
        yield master


def test_responses_in_any_order(master: Master) -> None:
    slow = master.submit("sample:sleep", {"seconds": 0.05})
    quick = master.submit("sample:async_add", {"a": 1, "b": 2})
    assert master.receive(slow).body == b"0.05"
    assert master.receive(quick).body == b'{"sum":3}'


def test_next_response_to_any_call(master: Master) -> None:
    ids = {master.submit("sample:nothing") for _ in range(3)}
    assert {master.receive().request_id for _ in range(3)} == ids


def test_more_requests_than_slots(master: Master) -> None:
    ids = {master.submit("sample:echo", {"value": "x" * 500}) for _ in range(100)}
    assert {master.receive().request_id for _ in range(100)} == ids


def test_call_failed(master: Master) -> None:
    with pytest.raises(CallFailed, match="404: no function missing in sample") as caught:
        master.call("sample:missing")
    assert caught.value.status == 404
    assert caught.value.details == {}


def test_no_answer_in_time(master: Master) -> None:
    call = master.submit("sample:sleep", {"seconds": 1000})
    with pytest.raises(TimeoutError):
        master.receive(call, timeout=0.01)
    with pytest.raises(TimeoutError):
        master.shutdown(timeout=0.05)
    master.send(encode_cancel(call), urgent=True)
    assert master.receive(call).status_code == 499


def test_worker_that_is_lost_while_sending(master: Master) -> None:
    master.submit("sample:exit_now", {"code": 3})
    master.process.wait(30)
    # More than the ring holds, so that it must be waited for.
    message = encode_request(9, "sample", "echo", b" " * 2000)
    with pytest.raises(WorkerLost) as caught:
        master.send(message)
    assert caught.value.code == 3


class Impostor:
    """Sends responses in the worker's place."""

    def __init__(self, master: Master) -> None:
        self.producer = Producer(Ring.responses(master.memory, master.layout))

    def send(self, message: bytes) -> None:
        assert self.producer.put(message) == len(message)

    def close(self) -> None:
        self.producer.ring.close()


@pytest.fixture
def impostor(master: Master) -> Iterator[Impostor]:
    impostor = Impostor(master)
    yield impostor
    impostor.close()


# spec:test LIFE-022
def test_response_to_no_call_is_dropped_and_counted(master: Master, impostor: Impostor) -> None:
    impostor.send(encode_response(99, 200, True, b"1"))
    with pytest.raises(TimeoutError):
        master.receive(timeout=0)
    assert master.dropped == 1


# spec:test LIFE-023
def test_worker_that_sends_nonsense_is_ended(master: Master, impostor: Impostor) -> None:
    impostor.send(b"nonsense")
    with pytest.raises(WireError):
        master.receive()
    assert master.process.poll() is not None


# spec:test PAYLOAD-008 PAYLOAD-010
def test_unknown_status_and_members(master: Master, impostor: Impostor) -> None:
    call = master.submit("sample:sleep", {"seconds": 1000})
    impostor.send(encode_response(call, 599, False, b'{"future":{"x":1}}', "later"))
    with pytest.raises(CallFailed) as caught:
        master.result(call)
    assert caught.value.status == 599
    assert caught.value.details == {"future": {"x": 1}}


# spec:test SEC-002
def test_region_header_that_changes_later(master: Master) -> None:
    assert master.call("sample:echo", {"value": 1}) == 1
    master.memory[:REGION_HEADER_SIZE] = bytes([0xFF]) * REGION_HEADER_SIZE
    for size in (1, 5000):  # one slot, and more than the ring has
        assert master.call("sample:echo", {"value": "x" * size}) == "x" * size


# spec:test LIFE-007
def test_worker_that_does_not_start() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(TimeoutError):
        Master(command=[sys.executable, "-c", "import time; time.sleep(100)"], start_timeout=0.1)
    assert os.listdir("/proc/self/fd") == before


def test_worker_block_of_an_idle_worker(master: Master) -> None:
    master.call("sample:nothing")
    before = master.heartbeat
    call = master.submit("sample:sleep", {"seconds": 1000})
    master.call("sample:async_add", {"a": 1, "b": 2})
    while master.in_flight != 1:
        pass
    assert master.heartbeat > before
    assert master.current_call == 0
    master.cancel(call)
    master.receive(call)


def test_close_gives_everything_back() -> None:
    before = os.listdir("/proc/self/fd")
    master = Master(allow=["sample:*"], path=[TESTS])
    process = master.process
    master.close()
    assert process.returncode is not None
    assert os.listdir("/proc/self/fd") == before
