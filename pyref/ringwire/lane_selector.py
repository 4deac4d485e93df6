"""The only place where a worker sleeps.

The loop's selector is asked what is ready whenever the loop has nothing to run. This one looks at
the request ring first, spins for a while if that seems worth it, tells the master that it sleeps,
looks again, and only then waits in the system (chapter 04). A message counts as a ready doorbell.
"""

from __future__ import annotations

import selectors
from time import perf_counter_ns
from typing import Final, Protocol

from .doorbell import Doorbell, full_fence, longest_wait
from .ring import Ring
from .spin import NEVER, SpinBudget

# While messages keep the loop busy, other descriptors are looked at this often.
_LOOK_EVERY_NS: Final = 200_000

_Events = list[tuple[selectors.SelectorKey, int]]


class Server(Protocol):
    """What the selector needs to know of the engine."""

    @property
    def seen(self) -> int: ...

    @property
    def may_spin(self) -> bool: ...


class LaneSelector(selectors.DefaultSelector):
    """A selector for one lane. attach() is to be called before the loop runs."""

    def __init__(self, ring: Ring, doorbell: Doorbell, spin: SpinBudget, fenced: bool) -> None:
        super().__init__()
        self._write_position = ring.write_position
        self._need_wakeup = ring.need_wakeup
        self._doorbell = doorbell
        self._spin = spin
        self._fenced = fenced
        self._longest_wait = longest_wait(doorbell.fd >= 0, fenced)
        self._looked_at = 0

    def attach(self, server: Server, doorbell_fd: int) -> None:
        """Name the server, and the registered descriptor that stands for its messages."""
        self._server = server
        self._rung: _Events = [(self.get_key(doorbell_fd), selectors.EVENT_READ)]

    # spec:req BELL-001 BELL-004 BELL-005 BELL-007 BELL-009
    def select(self, timeout: float | None = None) -> _Events:
        """Ready descriptors, the doorbell among them if there are messages."""
        position, server = self._write_position, self._server
        if position[0] != server.seen:
            return self._look() + self._rung
        if timeout is not None and timeout <= 0:
            return self._look()
        if server.may_spin:
            until = NEVER if timeout is None else perf_counter_ns() + int(timeout * 1e9)
            if self._spin.wait(position, server.seen, until):
                return self._rung
        self._need_wakeup[0] = 1
        if self._fenced:
            full_fence()
        if position[0] != server.seen:
            self._need_wakeup[0] = 0
            return self._rung
        if self._longest_wait is not None:
            timeout = self._longest_wait if timeout is None else min(timeout, self._longest_wait)
        asleep = perf_counter_ns()
        events = super().select(timeout)
        awake = self._looked_at = perf_counter_ns()
        self._need_wakeup[0] = 0
        rung = self._rung[0]
        if rung in events:
            self._doorbell.clear()
            events.remove(rung)
        if position[0] != server.seen:
            self._spin.slept(awake - asleep)
            events += self._rung
        return events

    def _look(self) -> _Events:
        """What is ready among the other descriptors, without waiting; not asked too often."""
        now = perf_counter_ns()
        if now - self._looked_at < _LOOK_EVERY_NS:
            return []
        self._looked_at = now
        rung = self._rung[0]
        return [event for event in super().select(0) if event != rung]
