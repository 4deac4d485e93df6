"""The only place where a worker whose loop has no selector of Python's goes to sleep.

Such a loop, uvloop's, waits somewhere in C. While messages come, they are served in turns with
whatever else the loop has to do. When there are none, and a spin has not brought any, this tells
the master that the worker sleeps, looks again, and leaves it to the loop to watch the doorbell
(chapter 04). A worker counts as asleep also while the loop is busy with something else: then the
doorbell is what interrupts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .doorbell import Doorbell, full_fence, longest_wait
from .lane_selector import Server
from .ring import Ring
from .spin import SpinBudget


class LaneWatch:
    """Has one lane served on a loop. attach() is to be called before the loop runs."""

    def __init__(self, ring: Ring, doorbell: Doorbell, spin: SpinBudget, fenced: bool) -> None:
        self._write_position = ring.write_position
        self._need_wakeup = ring.need_wakeup
        self._doorbell = doorbell
        self._spin = spin
        self._fenced = fenced
        self._longest_wait = longest_wait(doorbell.fd >= 0, fenced)
        self._asleep = False
        self._alarm: asyncio.TimerHandle | None = None

    def attach(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        """Name the server of the messages, and its loop."""
        self._server = server
        self._loop = loop
        self._serve: Callable[[], None] = server.serve
        # What has served without being asked from here may have left something in the ring.
        server.serve = self._serve_and_go_on  # type: ignore[method-assign]
        if self._doorbell.fd >= 0:
            loop.add_reader(self._doorbell.fd, self._rung)
        loop.call_soon(self._turn)

    # spec:req BELL-005
    def _rung(self) -> None:
        self._doorbell.clear()
        if self._asleep:
            self._wake()
            self._turn()

    def _serve_and_go_on(self) -> None:
        self._serve()
        if self._asleep:
            self._wake()
            self._loop.call_soon(self._turn)

    def _wake(self) -> None:
        self._asleep = False
        self._need_wakeup[0] = 0
        if self._alarm is not None:
            self._alarm.cancel()

    def _alarmed(self) -> None:
        if self._asleep:
            self._wake()
            self._turn()

    # spec:req BELL-008 BELL-009
    def _turn(self) -> None:
        """Serve what is there, and come again after the others; or go to sleep."""
        position, server = self._write_position, self._server
        try:
            if position[0] != server.seen or (
                server.may_spin and self._spin.wait(position, server.seen) is not None
            ):
                self._serve()
            else:
                self._fall_asleep()
        finally:
            # In any case, also if a signal handler of the user raised something.
            if not self._asleep:
                self._loop.call_soon(self._turn)

    # spec:req BELL-001 BELL-004 BELL-007
    def _fall_asleep(self) -> None:
        self._need_wakeup[0] = 1
        if self._fenced:
            full_fence()
        if self._write_position[0] != self._server.seen:
            self._need_wakeup[0] = 0
            return
        self._asleep = True
        if self._longest_wait is not None:
            self._alarm = self._loop.call_later(self._longest_wait, self._alarmed)
