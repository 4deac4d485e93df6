from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable

import pytest

from ringwire import _registry as registry
from ringwire import wire
from ringwire.doorbell import Doorbell
from ringwire.errors import LaneError
from ringwire.region import Layout
from ringwire.responder import Responder
from ringwire.ring import Consumer, Producer, Ring

LAYOUT = Layout(slot_count=4, slot_size=64, max_message=4096)


class Lane:
    def __init__(self, layout: Layout = LAYOUT, start: int = 0) -> None:
        self.layout = layout
        self.ring = Ring.responses(bytearray(layout.region_size), layout)
        self.ring.write_position[0] = self.ring.read_position[0] = start
        self.consumer = Consumer(self.ring)
        self.rings = 0
        self.while_waiting: Callable[[], object] = lambda: None
        self.received: list[wire.Response] = []
        lane = self

        class Bell(Doorbell):
            def ring(self) -> None:
                lane.rings += 1

        self.responder = Responder(Producer(self.ring), Bell(-1), self._wait)

    def _wait(self) -> None:
        self.while_waiting()

    def collect(self) -> list[wire.Response]:
        while (message := self.consumer.peek()) is not None:
            self.received.append(wire.parse_response(message, self.layout.max_message))
            self.consumer.take()
        return self.received


@pytest.mark.parametrize("length", [0, 1, 43, 44, 45, 107, 108, 109, 200])
def test_result_of_each_size(length: int) -> None:
    lane = Lane()
    body = b"x" * length
    lane.responder.result(7, body)
    assert lane.ring.write_position[0] == -(-(20 + length) // 64)
    assert lane.collect() == [wire.Response(7, 200, True, body)]


@pytest.mark.parametrize("start", [2**32 - 2, 2**63 - 2])
def test_positions_go_on(start: int) -> None:
    lane = Lane(start=start)
    for request_id in range(1, 11):
        lane.responder.result(request_id, b"1")
        lane.collect()
    assert [response.request_id for response in lane.received] == list(range(1, 11))
    assert lane.ring.write_position[0] == start + 10


# spec:test LIFE-017 LIMIT-002
def test_result_above_the_limit() -> None:
    lane = Lane(Layout(slot_count=128, slot_size=64, max_message=4096))
    lane.responder.result(1, b"x" * 4076)
    lane.responder.result(2, b"x" * 4077)
    first, second = lane.collect()
    assert first.status_code == 200
    assert (second.status_code, second.success) == (413, False)
    assert "4097" in second.error_message


# spec:test LIFE-017
def test_limit_below_the_size_of_a_slot() -> None:
    lane = Lane(Layout(slot_count=4, slot_size=4096, max_message=1024))
    lane.responder.result(1, b"x" * 1004)
    lane.responder.result(2, b"x" * 1005)
    assert [response.status_code for response in lane.collect()] == [200, 413]


def test_failure() -> None:
    lane = Lane(Layout(slot_count=32, slot_size=64, max_message=1024))
    lane.responder.failure(1, 500, "no", {"type": "ValueError"})
    lane.responder.failure(2, 404, "nothing")
    lane.responder.canceled(3, started=True)
    lane.responder.failure(4, 500, "x" * 9000, {"message": "y" * 9000})
    first, second, third, fourth = lane.collect()
    assert first == wire.Response(1, 500, False, b'{"type":"ValueError"}', "no")
    assert second == wire.Response(2, 404, False, b"", "nothing")
    assert third.status_code == 499
    assert json.loads(third.body) == {"started": True}
    assert len(wire.encode(fourth)) <= 1024


# spec:test BELL-002 BELL-003
def test_doorbell_is_rung_only_for_a_sleeper() -> None:
    lane = Lane()
    lane.responder.result(1, b"1")
    lane.responder.failure(2, 404, "x")
    assert lane.rings == 0
    lane.ring.need_wakeup[0] = 1
    lane.responder.result(3, b"1")
    assert lane.rings == 1
    lane.responder.failure(4, 404, "x")
    assert lane.rings == 2


# spec:test RING-006 RING-010
def test_full_ring_is_waited_for_with_bounded_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane()
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)

    def collect_at_last() -> None:
        if len(sleeps) == 12:
            lane.collect()

    for request_id in range(1, 5):
        lane.responder.result(request_id, b"1")
    lane.while_waiting = collect_at_last
    lane.responder.result(5, b"1")
    assert len(sleeps) == 12
    assert sleeps[0] == 0.00002
    assert max(sleeps) == 0.001
    assert [response.request_id for response in lane.collect()] == [1, 2, 3, 4, 5]


# spec:test RING-009 BELL-011
def test_result_longer_than_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane()
    monkeypatch.setattr(time, "sleep", lambda _: None)
    lane.ring.need_wakeup[0] = 1
    lane.while_waiting = lane.collect
    lane.responder.result(1, b"x" * 4000)
    assert lane.collect() == [wire.Response(1, 200, True, b"x" * 4000)]
    assert lane.rings > 10  # whoever sleeps is told of each part before it is waited for


# spec:test RING-016
def test_impossible_read_position() -> None:
    lane = Lane()
    for request_id in range(1, 5):
        lane.responder.result(request_id, b"1")
    lane.ring.read_position[0] = 5
    with pytest.raises(LaneError) as caught:
        lane.responder.result(5, b"1")
    assert caught.value.code == registry.RING_POSITION


def test_threads_do_not_mix_their_messages() -> None:
    lane = Lane()
    lane.while_waiting = os.sched_yield

    def answer(first: int) -> None:
        for request_id in range(first, first + 100):
            lane.responder.result(request_id, b"x" * (request_id % 300))

    threads = [threading.Thread(target=answer, args=(1 + 100 * n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            lane.collect()
            thread.join(0.0005)
    received = {response.request_id: response for response in lane.collect()}
    assert received.keys() == set(range(1, 301))
    assert all(len(response.body) == key % 300 for key, response in received.items())


# spec:test LIFE-058
def test_abandoned_responder_sends_nothing() -> None:
    lane = Lane()

    def leave() -> None:
        raise SystemExit

    lane.responder.abandon(leave)
    with pytest.raises(SystemExit):
        lane.responder.result(1, b"1")
    with pytest.raises(SystemExit):
        lane.responder.failure(1, 500, "x")
    assert lane.collect() == []
