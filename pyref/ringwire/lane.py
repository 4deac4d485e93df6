"""What a worker's process needs of its lane, and the lane that is a region."""

from __future__ import annotations

import asyncio
import mmap
import os
from collections.abc import Callable
from typing import Any, Protocol

from . import fast_lane
from .codec import Codec
from .doorbell import Doorbell
from .lane_selector import LaneSelector, Server
from .lane_watch import LaneWatch
from .loops import NewLoop
from .region import Layout
from .responder import Responder
from .ring import Consumer, Producer, Ring
from .spin import SpinBudget
from .worker_block import WorkerBlock


class Lane(Protocol):
    """One end of a lane, to be served by one loop."""

    layout: Layout
    memory: mmap.mmap
    block: WorkerBlock
    consumer: Consumer
    # Spent by the engine while it waits for the next message; for the rest see open().
    engine_spin: SpinBudget

    # Whether the loop may be another than the standard one.
    any_loop: bool

    def open(
        self, spin: SpinBudget, while_waiting: Callable[[], None], new_loop: NewLoop
    ) -> asyncio.AbstractEventLoop:
        """The loop. while_waiting is called between waits for the master."""

    def accelerate(self, codec: Codec) -> Any:
        """The accelerator's side of the lane, or None; to be asked before responder()."""

    def responder(self) -> Responder: ...

    def attach(self, server: Server) -> None:
        """Have messages served on the loop."""

    def announce(self) -> None:
        """Tell the master that the state has changed."""

    def close(self) -> None:
        """In a forked child: give up everything of the lane, so that it cannot be used."""


class RingLane:
    """A lane that is a region in shared memory."""

    any_loop = True

    def __init__(self, fd: int, layout: Layout, fenced: bool) -> None:
        self.layout = layout
        self._fenced = fenced
        self._descriptors = [
            number for number in (layout.request_doorbell, layout.response_doorbell) if number >= 0
        ]
        for number in self._descriptors:
            os.set_inheritable(number, False)
        self.memory = mmap.mmap(fd, layout.region_size)
        os.close(fd)
        self.block = WorkerBlock(self.memory)
        self._requests = Ring.requests(self.memory, layout)
        self._responses = Ring.responses(self.memory, layout)
        self._request_doorbell = Doorbell(layout.request_doorbell)
        self._response_doorbell = Doorbell(layout.response_doorbell)

    def open(
        self, spin: SpinBudget, while_waiting: Callable[[], None], new_loop: NewLoop
    ) -> asyncio.AbstractEventLoop:
        self.engine_spin = spin
        self._while_waiting = while_waiting
        # Not earlier: requests may have been published before the worker was ready.
        self.consumer = Consumer(self._requests)
        self._producer = Producer(self._responses)
        waits = self._requests, self._request_doorbell, spin, self._fenced
        if new_loop is None:
            selector = LaneSelector(*waits)
            self._waits: LaneSelector | LaneWatch = selector
            self._loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop(selector)
        else:
            self._waits = LaneWatch(*waits)
            self._loop = new_loop()
        return self._loop

    def accelerate(self, codec: Codec) -> Any:
        self._fast = fast_lane.make(self.consumer, self._producer, codec)
        return self._fast

    def responder(self) -> Responder:
        push = self._fast and self._fast.push
        return Responder(self._producer, self._response_doorbell, self._while_waiting, push)

    def attach(self, server: Server) -> None:
        self._waits.attach(server, self._loop)

    def announce(self) -> None:
        self._response_doorbell.ring()

    # spec:req LIFE-058
    def close(self) -> None:
        for part in (self._requests, self._responses, self.block):
            part.close()
        try:
            self.memory.close()
        except BufferError:
            pass
        for number in self._descriptors:
            try:
                os.close(number)
            except OSError:
                pass
