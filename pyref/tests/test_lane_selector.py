from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ringwire import lane_selector as module
from ringwire.doorbell import Doorbell
from ringwire.lane_selector import LaneSelector
from ringwire.region import Layout
from ringwire.ring import Producer, Ring
from ringwire.spin import NEVER, SpinBudget

LAYOUT = Layout(slot_count=4, slot_size=64)
READ = selectors.EVENT_READ


class Server:
    """Sees everything at once, and then does what a test wants to happen."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.seen = 0
        self.may_spin = True
        self.then: Callable[[], object] = lambda: None

    def serve(self) -> None:
        self._rig.events.append("serve")
        ring = self._rig.ring
        self.seen = ring.read_position[0] = ring.write_position[0]
        self.then()


class Later(list[int]):
    """A shared position whose values are those of the list, one for each look; the last stays."""

    def __getitem__(self, index: Any) -> Any:
        return self.pop(0) if len(self) > 1 else super().__getitem__(0)


class Rig:
    """A selector with a doorbell and one other descriptor, and the ring that it watches.

    Each wait in the system is noted in events, as its timeout, and makes the other descriptor
    ready if nothing else is planned for it.
    """

    def __init__(self, bell: str = "eventfd", fenced: bool = True, spin_ns: int = 0) -> None:
        self.ring = Ring.requests(bytearray(LAYOUT.region_size), LAYOUT)
        self.producer = Producer(self.ring)
        self.ends = os.pipe() if bell == "pipe" else 2 * (os.eventfd(0),)
        self.bell = Doorbell(self.ends[1])
        self.other = Doorbell(os.eventfd(0))
        self.spin = SpinBudget(spin_ns)
        self.loop: Any = SimpleNamespace(_ready=[], _scheduled=[], _stopping=False)
        self.selector = LaneSelector(
            self.ring, Doorbell(-1 if bell == "none" else self.ends[0]), self.spin, fenced
        )
        self.selector.register(self.other.fd, READ)
        self.server = Server(self)
        self.attach(self.server)
        self.events: list[object] = []
        self.flags: list[int] = []
        self.plans: list[Callable[[], object]] = []

    def attach(self, server: Server) -> None:
        self.selector.attach(server, cast(asyncio.AbstractEventLoop, self.loop))

    def waits(self, timeout: float | None) -> None:
        self.events.append(timeout)
        self.flags.append(self.ring.need_wakeup[0])
        (self.plans.pop(0) if self.plans else self.other.ring)()

    def select(self, timeout: float | None = None) -> list[object]:
        """What happened until select came back, and the descriptors that it came back with."""
        self.events = []
        self.selector._looked_at = 0
        found = self.selector.select(timeout)
        ready = [key.fd for key, _ in found]
        self.other.clear()
        assert ready in ([], [self.other.fd])
        assert self.ring.need_wakeup[0] == 0
        return self.events + ["other"] * len(ready)

    def message(self, ring: bool = True) -> None:
        self.producer.put(b"x")
        if ring:
            self.bell.ring()

    def close(self) -> None:
        self.selector.close()
        for fd in {self.other.fd, *self.ends}:
            os.close(fd)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []
    select = selectors.DefaultSelector.select

    def wait(
        self: LaneSelector, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout != 0:
            rigs[-1].waits(timeout)
        return select(self, 0)

    def make(*arguments: Any, **options: Any) -> Rig:
        rigs.append(Rig(*arguments, **options))
        return rigs[-1]

    monkeypatch.setattr(selectors.DefaultSelector, "select", wait)
    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture(params=["eventfd", "pipe"])
def rig(make: Callable[..., Rig], request: pytest.FixtureRequest) -> Rig:
    return make(request.param)


# ---------------------------------------------------------------- serving


def test_messages_are_served_before_a_wait(rig: Rig) -> None:
    rig.message()
    assert rig.select() == ["serve", None, "other"]


def test_messages_are_served_when_the_loop_does_not_want_to_wait(rig: Rig) -> None:
    rig.message()
    assert rig.select(0) == ["serve"]
    assert rig.select(0) == []


def test_messages_are_awaited_without_a_turn_of_the_loop(rig: Rig) -> None:
    rig.plans = [rig.message, rig.message]
    assert rig.select() == [None, "serve", None, "serve", None, "other"]


def test_descriptors_and_messages(rig: Rig) -> None:

    def both() -> None:
        rig.other.ring()
        rig.message()

    rig.plans = [both]
    assert rig.select() == [None, "other"]
    assert rig.select(0) == ["serve"]
    rig.message()
    rig.other.ring()
    assert rig.select() == ["serve", "other"]


def test_other_descriptors_are_not_looked_at_too_often(rig: Rig) -> None:
    rig.other.ring()
    rig.message()
    rig.server.then = lambda: rig.loop._ready.append("callback")
    rig.selector._looked_at = NEVER
    assert rig.selector.select() == []
    assert rig.select() == [None, "other"]


@pytest.mark.parametrize(
    "gives",
    [
        lambda loop: loop._ready.append("callback"),
        lambda loop: loop._scheduled.append("timer"),
        lambda loop: setattr(loop, "_stopping", True),
    ],
)
def test_work_for_the_loop(rig: Rig, gives: Callable[[Any], object]) -> None:
    rig.loop._scheduled = ["timer of before"]
    rig.server.then = lambda: gives(rig.loop)
    rig.plans = [rig.message]
    assert rig.select(5.0) == [pytest.approx(5.0, abs=0.5), "serve"]


def test_time_is_over(rig: Rig) -> None:
    """Messages that come all the time do not keep the loop from its timers."""
    rig.waits = lambda timeout: rig.message()  # type: ignore[method-assign]
    assert set(rig.select(0.001)) == {"serve"}


def test_a_loop(make: Callable[..., Rig]) -> None:
    """Timers, callbacks and threads of a real loop while messages come."""
    rig = make()
    loop = rig.loop = asyncio.SelectorEventLoop(rig.selector)
    rig.attach(rig.server)
    rig.waits = lambda timeout: rig.message()  # type: ignore[method-assign]
    served: list[int] = []

    async def work() -> str:
        await asyncio.sleep(0.001)
        rig.server.then = lambda: loop.call_soon(served.append, rig.server.seen)
        while not served:
            await asyncio.sleep(0.001)
        rig.server.then = lambda: None
        return await asyncio.to_thread(lambda: "done")

    assert loop.run_until_complete(work()) == "done"
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


# ---------------------------------------------------------------- sleeping


# spec:test BELL-001
def test_flag_is_up_during_the_wait_only(rig: Rig) -> None:
    assert rig.select() == [None, "other"]
    assert rig.flags == [1]


# spec:test BELL-001
def test_message_between_flag_and_wait(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fence() -> None:
        assert rig.ring.need_wakeup[0] == 1
        rig.producer.put(b"x")
        monkeypatch.setattr(module, "full_fence", lambda: None)

    monkeypatch.setattr(module, "full_fence", fence)
    assert rig.select() == ["serve", None, "other"]


# spec:test BELL-005
def test_spurious_ring(rig: Rig) -> None:
    rig.bell.ring()
    rig.plans = [lambda: None, rig.bell.ring]
    assert rig.select() == [None, None, None, "other"]


# spec:test BELL-005
def test_a_ring_that_was_not_needed_wakes_once_at_most(rig: Rig) -> None:
    rig.message(ring=True)
    rig.plans = [lambda: None]
    assert rig.select() == ["serve", None, None, "other"]


# spec:test BELL-004 BELL-007 BELL-009
@pytest.mark.parametrize(
    ("bell", "fenced", "timeout", "expected"),
    [
        ("eventfd", True, None, None),
        ("pipe", True, None, None),
        ("eventfd", True, 5.0, 5.0),
        ("eventfd", False, None, 0.05),
        ("pipe", False, None, 0.05),
        ("eventfd", False, 5.0, 0.05),
        ("eventfd", False, 0.04, 0.04),
        ("none", True, None, 0.001),
        ("none", True, 0.0009, 0.0009),
    ],
)
def test_bounds_of_waits(
    make: Callable[..., Rig],
    bell: str,
    fenced: bool,
    timeout: float | None,
    expected: float | None,
) -> None:
    rig = make(bell, fenced)
    if timeout == expected and timeout is not None:
        # What has passed since select was called is taken off.
        assert rig.select(timeout) == [pytest.approx(expected, rel=0.5), "other"]
    else:
        assert rig.select(timeout) == [expected, "other"]
    assert rig.flags == [1]


# ---------------------------------------------------------------- spinning


# spec:test BELL-008
def test_spins_before_it_sleeps(make: Callable[..., Rig]) -> None:
    rig = make(spin_ns=50_000)
    assert rig.select() == [None, "other"]
    assert rig.spin.budget_ns == 25_000
    assert rig.select() == [None, "other"]  # no message since
    assert rig.spin.budget_ns == 25_000


def test_a_spin_that_pays(make: Callable[..., Rig]) -> None:
    rig = make(spin_ns=50_000)
    # Looked at before the spin: with the timeout, and in the spin.
    rig.selector._write_position = cast(memoryview, Later([0, 0, 1]))

    def then() -> None:
        rig.server.seen = 1
        rig.loop._stopping = True

    rig.server.then = then
    assert rig.select() == ["serve"]
    assert rig.spin.budget_ns == 50_000


def test_no_spin_while_it_would_hold_somebody_up(make: Callable[..., Rig]) -> None:
    rig = make(spin_ns=50_000)
    rig.server.may_spin = False
    assert rig.select() == [None, "other"]
    assert rig.spin.budget_ns == 50_000


def test_a_sleep_too_short_restores_the_budget(make: Callable[..., Rig]) -> None:
    rig = make(spin_ns=50_000_000)
    rig.server.may_spin = False
    rig.spin.budget_ns = 0
    rig.plans = [rig.message]
    assert rig.select() == [None, "serve", None, "other"]
    assert rig.spin.budget_ns == 50_000_000
