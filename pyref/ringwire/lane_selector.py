"""The only place where a worker sleeps.

The loop's selector is asked what is ready whenever the loop has nothing to run. This one looks at
the request ring first, spins for a while if that seems worth it, tells the master that it sleeps,
looks again, and only then waits in the system (chapter 04). Messages are served from here, and as
long as that gives the loop nothing to do, the next ones are awaited here as well: a turn of the
loop for each would cost half as much as a small call.
"""

from __future__ import annotations

import asyncio
import selectors
from time import perf_counter_ns
from typing import Any, Final, Protocol

from .doorbell import Doorbell, full_fence, longest_wait
from .ring import Ring
from .spin import NEVER, SpinBudget

# While messages keep the loop busy, other descriptors are looked at this often.
_LOOK_EVERY_NS: Final = 200_000

_Events = list[tuple[selectors.SelectorKey, int]]


class Server(Protocol):
    """What whoever waits for messages needs to know of the engine."""

    @property
    def seen(self) -> int: ...

    @property
    def may_spin(self) -> bool: ...

    def serve(self) -> None: ...


class Agenda:
    """Whether a loop that is asking its selector has got something to do by what was served."""

    __slots__ = ("_loop", "_timers")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop: Any = loop
        self._timers = 0

    def begin(self) -> None:
        """To be called when the loop has just asked."""
        # Only the loop takes timers out, so as long as there are as many, none is new, and the
        # timeout that it gave still holds.
        self._timers = len(self._loop._scheduled)

    def has_grown(self) -> bool:
        """Whether the loop has something to run, a new timer to look at, or is to stop."""
        loop = self._loop
        return bool(loop._ready) or loop._stopping or len(loop._scheduled) != self._timers


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
        if doorbell.fd >= 0:
            self.register(doorbell.fd, selectors.EVENT_READ)

    def attach(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        """Name the server of the messages, and the loop that will ask."""
        self._server = server
        self._agenda = Agenda(loop)

    # spec:req BELL-001 BELL-004 BELL-005 BELL-007 BELL-009
    def select(self, timeout: float | None = None) -> _Events:
        """Serve messages until the loop has something to do; the descriptors that are ready."""
        position, server, agenda = self._write_position, self._server, self._agenda
        agenda.begin()
        end = NEVER if timeout is None else perf_counter_ns() + int(timeout * 1e9)
        while True:
            if position[0] != server.seen:
                server.serve()
                events = self._look()
                if events or agenda.has_grown():
                    return events
            if timeout is not None:
                timeout = (end - perf_counter_ns()) / 1e9
                if timeout <= 0:
                    return self._look()
            if position[0] != server.seen:
                continue
            if server.may_spin and self._spin.wait(position, server.seen, end) is not None:
                continue
            self._need_wakeup[0] = 1
            if self._fenced:
                full_fence()
            if position[0] != server.seen:
                self._need_wakeup[0] = 0
                continue
            asleep = perf_counter_ns()
            events = self._wait(timeout)
            awake = self._looked_at = perf_counter_ns()
            self._need_wakeup[0] = 0
            if position[0] != server.seen:
                self._spin.slept(awake - asleep)
            if events:
                return events

    def _wait(self, timeout: float | None) -> _Events:
        """Wait in the system; the other descriptors that are ready."""
        longest = self._longest_wait
        if longest is not None and (timeout is None or timeout > longest):
            timeout = longest
        return self._select_others(timeout)

    def _look(self) -> _Events:
        """What is ready among the other descriptors, without waiting; not asked too often."""
        now = perf_counter_ns()
        if now - self._looked_at < _LOOK_EVERY_NS:
            return []
        self._looked_at = now
        return self._select_others(0)

    def _select_others(self, timeout: float | None) -> _Events:
        events = super().select(timeout)
        for event in events:
            if event[0].fd == self._doorbell.fd:
                self._doorbell.clear()
                events.remove(event)
                break
        return events
