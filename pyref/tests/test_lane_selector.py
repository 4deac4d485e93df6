from __future__ import annotations

import os
import selectors
from collections.abc import Iterator

import pytest

from ringwire import lane_selector as module
from ringwire.doorbell import Doorbell
from ringwire.lane_selector import LaneSelector
from ringwire.region import Layout
from ringwire.ring import Producer, Ring
from ringwire.spin import SpinBudget

LAYOUT = Layout(slot_count=4, slot_size=64)
READ = selectors.EVENT_READ


class Server:
    seen = 0
    may_spin = True


class Late:
    """A server that has seen all there is until it is asked for the nth time: for a message that
    comes just then.
    """

    may_spin = True

    def __init__(self, nth: int) -> None:
        self._left = nth

    @property
    def seen(self) -> int:
        self._left -= 1
        return 0 if self._left <= 0 else 1


class Rig:
    """A selector with a doorbell and one other descriptor, and the ring that it watches."""

    def __init__(self, fenced: bool = True, doorbell: bool = True, spin_ns: int = 0) -> None:
        self.ring = Ring.requests(bytearray(LAYOUT.region_size), LAYOUT)
        self.producer = Producer(self.ring)
        self.bell = Doorbell(os.eventfd(0))
        self.other = Doorbell(os.eventfd(0))
        self.server = Server()
        self.spin = SpinBudget(spin_ns)
        self.selector = LaneSelector(
            self.ring, self.bell if doorbell else Doorbell(-1), self.spin, fenced
        )
        self.selector.register(self.bell.fd, READ)
        self.selector.register(self.other.fd, READ)
        self.selector.attach(self.server, self.bell.fd)
        self.waits: list[float | None] = []
        self.flags: list[int] = []

    def ready(self, timeout: float | None) -> list[int]:
        return [key.fd for key, _ in self.selector.select(timeout)]

    def close(self) -> None:
        self.selector.close()
        os.close(self.bell.fd)
        os.close(self.other.fd)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float | None, int]]:
    """Each wait in the system: its timeout, and need_wakeup during it."""
    waits: list[tuple[float | None, int]] = []
    real = selectors.DefaultSelector.select

    def select(
        self: LaneSelector, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        waits.append((timeout, self._need_wakeup[0]))
        return real(self, 0)

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    return waits


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def test_messages_are_a_ready_doorbell(rig: Rig) -> None:
    rig.producer.put(b"x")
    assert rig.ready(None) == [rig.bell.fd]
    assert rig.ready(0) == [rig.bell.fd]
    rig.server.seen = 1
    assert rig.ready(0) == []


# spec:test BELL-001
def test_flag_is_up_during_the_wait_only(rig: Rig, watch: list[tuple[float | None, int]]) -> None:
    assert rig.ready(None) == []
    assert watch == [(None, 1)]
    assert rig.ring.need_wakeup[0] == 0


# spec:test BELL-001
def test_message_between_flag_and_wait(
    rig: Rig, watch: list[tuple[float | None, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fence() -> None:
        assert rig.ring.need_wakeup[0] == 1
        rig.producer.put(b"x")

    monkeypatch.setattr(module, "full_fence", fence)
    assert rig.ready(None) == [rig.bell.fd]
    assert watch == []
    assert rig.ring.need_wakeup[0] == 0


# spec:test BELL-005
def test_spurious_ring(rig: Rig) -> None:
    rig.bell.ring()
    assert rig.ready(None) == []
    assert rig.ready(0.0001) == []  # it was cleared


# spec:test BELL-005
def test_ring_with_a_message(rig: Rig) -> None:
    rig.bell.ring()
    rig.producer.put(b"x")
    rig.selector.attach(Late(4), rig.bell.fd)
    assert rig.ready(None) == [rig.bell.fd]
    assert rig.spin.budget_ns == 0


def test_other_descriptors(rig: Rig) -> None:
    rig.other.ring()
    assert rig.ready(None) == [rig.other.fd]
    rig.producer.put(b"x")
    rig.selector._looked_at = 0
    assert rig.ready(None) == [rig.other.fd, rig.bell.fd]
    # Not again at once, while there are messages.
    assert rig.ready(None) == [rig.bell.fd]


def test_the_doorbell_is_no_other_descriptor(rig: Rig) -> None:
    rig.bell.ring()
    rig.selector._looked_at = 0
    assert rig.ready(0) == []
    rig.producer.put(b"x")
    rig.selector._looked_at = 0
    assert rig.ready(0) == [rig.bell.fd]


# spec:test BELL-004 BELL-007 BELL-009
@pytest.mark.parametrize(
    ("fenced", "doorbell", "timeout", "expected"),
    [
        (True, True, None, None),
        (True, True, 5.0, 5.0),
        (False, True, None, 0.05),
        (False, True, 5.0, 0.05),
        (False, True, 0.01, 0.01),
        (True, False, None, 0.001),
        (True, False, 0.0001, 0.0001),
    ],
)
def test_bounds_of_waits(
    watch: list[tuple[float | None, int]],
    fenced: bool,
    doorbell: bool,
    timeout: float | None,
    expected: float | None,
) -> None:
    rig = Rig(fenced, doorbell)
    assert rig.ready(timeout) == []
    assert watch == [(expected, 1)]
    rig.close()


# spec:test BELL-008
def test_spins_before_it_sleeps(watch: list[tuple[float | None, int]]) -> None:
    rig = Rig(spin_ns=50_000)
    assert rig.ready(None) == []
    assert rig.spin.budget_ns == 25_000
    assert len(watch) == 1
    assert rig.ready(None) == []  # no message since
    assert rig.spin.budget_ns == 25_000
    rig.close()


def test_a_spin_that_pays(watch: list[tuple[float | None, int]]) -> None:
    rig = Rig(spin_ns=50_000)
    rig.producer.put(b"x")
    rig.selector.attach(Late(2), rig.bell.fd)
    assert rig.ready(5.0) == [rig.bell.fd]
    assert watch == []
    rig.close()


def test_no_spin_while_it_would_hold_somebody_up(watch: list[tuple[float | None, int]]) -> None:
    rig = Rig(spin_ns=50_000)
    rig.server.may_spin = False
    assert rig.ready(None) == []
    assert rig.spin.budget_ns == 50_000
    rig.close()
