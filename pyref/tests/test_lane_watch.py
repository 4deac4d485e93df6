from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import needs_uvloop

from ringwire import lane_watch as module
from ringwire import loops
from ringwire.doorbell import Doorbell
from ringwire.lane_watch import LaneWatch
from ringwire.region import Layout
from ringwire.ring import Producer, Ring
from ringwire.spin import SpinBudget

LAYOUT = Layout(slot_count=4, slot_size=64)


class Server:
    """Sees everything at once, and then does what a test wants to happen."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.seen = 0
        self.may_spin = True
        self.then: Callable[[], object] = lambda: None

    def serve(self) -> None:
        ring = self._rig.ring
        self._rig.events.append("serve")
        self.seen = ring.read_position[0] = ring.write_position[0]
        self.then()


class Rig:
    """A loop with a watched lane."""

    def __init__(
        self,
        new_loop: Callable[[], asyncio.AbstractEventLoop],
        bell: bool = True,
        fenced: bool = True,
        spin_ns: int = 0,
    ) -> None:
        self.events: list[object] = []
        self.ring = Ring.requests(bytearray(LAYOUT.region_size), LAYOUT)
        self.producer = Producer(self.ring)
        self.bell = Doorbell(os.eventfd(0))
        self.spin = SpinBudget(spin_ns)
        self.loop = new_loop()
        self.server = Server(self)
        self.watch = LaneWatch(self.ring, self.bell if bell else Doorbell(-1), self.spin, fenced)
        self.watch.attach(self.server, self.loop)

    def run(self) -> None:
        """Let the loop do what it can without waiting."""
        for _ in range(3):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def wait(self, condition: Callable[[], object]) -> None:
        """Run until a condition holds that is sure to hold some time."""
        while not condition():
            self.loop.call_later(0.001, self.loop.stop)
            self.loop.run_forever()

    def asleep(self) -> bool:
        return bool(self.ring.need_wakeup[0] == 1)

    def close(self) -> None:
        self.loop.close()
        os.close(self.bell.fd)


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=needs_uvloop)])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(**options: Any) -> Rig:
        new_loop = loops.choose(request.param) or asyncio.SelectorEventLoop
        rigs.append(Rig(new_loop, **options))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


# spec:test BELL-001
def test_sleeps_and_is_rung(make: Callable[..., Rig]) -> None:
    rig = make()
    assert not rig.asleep()
    rig.run()
    assert rig.asleep()
    for _ in range(3):
        rig.producer.put(b"x")
        rig.bell.ring()
        rig.wait(lambda: rig.events)
        assert rig.events == ["serve"]
        rig.events.clear()
        rig.run()
        assert rig.asleep()
        assert not rig.events


def test_what_was_there_before(make: Callable[..., Rig]) -> None:
    rig = make()
    rig.producer.put(b"x")
    rig.run()
    assert rig.events == ["serve"]
    assert rig.asleep()


# spec:test BELL-001
def test_message_between_flag_and_sleep(
    make: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make()

    def fence() -> None:
        assert rig.asleep()
        if not rig.events:
            rig.producer.put(b"x")

    monkeypatch.setattr(module, "full_fence", fence)
    rig.run()
    assert rig.events == ["serve"]
    assert rig.asleep()


# spec:test BELL-005
def test_spurious_ring(make: Callable[..., Rig]) -> None:
    rig = make()
    rig.run()
    rig.bell.ring()
    rig.wait(lambda: not readable(rig.bell.fd))
    rig.run()
    assert rig.asleep()
    assert not rig.events


def readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def test_others_have_their_turn_while_messages_come(make: Callable[..., Rig]) -> None:
    rig = make()

    def others() -> None:
        rig.events.append("other")
        rig.loop.call_soon(others)

    rig.server.then = lambda: rig.producer.put(b"x")
    rig.producer.put(b"x")
    rig.loop.call_soon(others)
    for _ in range(4):
        rig.run()
    text = "".join(str(event)[0] for event in rig.events)
    assert "sos" in text
    assert "ss" not in text


def test_what_the_server_left_when_somebody_else_made_it_serve(make: Callable[..., Rig]) -> None:
    """A job of the sync thread has ended, and the ring held more than there was time for."""
    rig = make()
    rig.run()
    assert rig.asleep()

    def more() -> None:
        rig.server.then = lambda: None
        rig.producer.put(b"and nobody rings")

    rig.server.then = more
    rig.loop.call_soon(rig.server.serve)
    rig.run()
    assert rig.events == ["serve", "serve"]
    assert rig.asleep()


def test_an_exception_from_outside_does_not_end_the_watch(make: Callable[..., Rig]) -> None:
    """A signal handler of the user may raise anywhere."""
    rig = make()

    def fail() -> None:
        raise SystemExit

    rig.server.then = fail
    rig.producer.put(b"x")
    with pytest.raises(SystemExit):
        rig.loop.run_forever()
    rig.server.then = lambda: None
    rig.producer.put(b"x")
    rig.bell.ring()
    rig.wait(lambda: len(rig.events) > 1)
    rig.run()
    assert rig.asleep()


# spec:test BELL-004 BELL-007 BELL-009 BELL-010
@pytest.mark.parametrize(
    ("bell", "fenced", "expected"),
    [(True, True, []), (True, False, [0.05]), (False, True, [0.001])],
)
def test_bounds_of_sleeps(
    make: Callable[..., Rig],
    monkeypatch: pytest.MonkeyPatch,
    bell: bool,
    fenced: bool,
    expected: list[float],
) -> None:
    rig = make(bell=bell, fenced=fenced)
    delays: list[float] = []
    call_later = rig.loop.call_later

    def note(delay: float, callback: Callable[..., object]) -> asyncio.TimerHandle:
        delays.append(delay)
        return call_later(delay, callback)

    monkeypatch.setattr(rig.loop, "call_later", note)
    rig.run()
    monkeypatch.undo()
    assert delays[:1] == expected
    if expected:
        rig.producer.put(b"and nobody rings")
        rig.wait(lambda: rig.events)


# spec:test BELL-008
def test_spins_before_it_sleeps(make: Callable[..., Rig]) -> None:
    rig = make(spin_ns=50_000)
    rig.run()
    assert rig.spin.budget_ns == 25_000
    assert rig.asleep()


def test_no_spin_while_it_would_hold_somebody_up(make: Callable[..., Rig]) -> None:
    rig = make(spin_ns=50_000)
    rig.server.may_spin = False
    rig.run()
    assert rig.spin.budget_ns == 50_000
    assert rig.asleep()
