"""A whole lane in one process: the test is the master, an engine the worker."""

from __future__ import annotations

import asyncio
import json
import mmap
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ringwire import context, fast_lane, loops, wire
from ringwire.codec import STDLIB, Codec
from ringwire.doorbell import Doorbell
from ringwire.engine import Engine
from ringwire.handlers import Handlers
from ringwire.loops import LOOP_VARIABLE
from ringwire.region import Layout
from ringwire.responder import Responder
from ringwire.ring import Consumer, Producer, Ring
from ringwire.spin import SpinBudget
from ringwire.worker_block import WorkerBlock

LAYOUT = Layout(slot_count=16, slot_size=128, max_message=4096)


class Fatal(Exception):
    """What would have ended the process."""


class Bell(Doorbell):
    """Counts how often it was rung."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1


class Lane:
    def __init__(
        self,
        allow: Sequence[str] = ("sample:*", "sample:_private"),
        layout: Layout = LAYOUT,
        codec: Codec = STDLIB,
        native: bool = True,
    ) -> None:
        self.layout = layout
        self.memory = mmap.mmap(-1, layout.region_size)
        self.loop = (loops.choose(os.environ.get(LOOP_VARIABLE)) or asyncio.SelectorEventLoop)()
        self.requests = Ring.requests(self.memory, layout)
        self.responses = Ring.responses(self.memory, layout)
        self.producer, self.consumer = Producer(self.requests), Consumer(self.responses)
        self.block = WorkerBlock(self.memory)
        self.errors: list[BaseException] = []
        self.waits: list[Callable[[], None]] = []
        self.doorbell = Bell()
        self.answers: dict[int, wire.Response] = {}
        consumer, producer = Consumer(self.requests), Producer(self.responses)
        fast = fast_lane.make(consumer, producer, codec) if native else None
        self.engine = Engine(
            loop=self.loop,
            consumer=consumer,
            responder=Responder(producer, self.doorbell, self._while_waiting, fast and fast.push),
            block=self.block,
            handlers=Handlers(allow),
            spin=SpinBudget(0),
            fatal=self._fatal,
            codec=codec,
            fast=fast,
        )
        self.engine.become_ready()

    def _fatal(self, error: BaseException) -> NoReturn:
        self.errors.append(error)
        self.loop.call_soon_threadsafe(self.loop.stop)
        raise Fatal from error

    def _while_waiting(self) -> None:
        self.collect()

    def close(self) -> None:
        context.answer_inline(None)
        self.loop.set_exception_handler(lambda *_: None)
        if self.errors:
            # The process would be gone, and nothing is left in order.
            self.engine.abandon()
        else:
            self.until(lambda: self.engine._sync_jobs == 0)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        for _ in range(2):  # one may have been stopped by an error
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        self.loop.close()

    # ------------------------------------------------------------ the master's part

    def put(self, message: bytes, urgent: bool = False) -> None:
        offset = self.producer.put(message)
        while offset < len(message):
            self.turn()
            offset = self.producer.put(message, offset)
        if urgent:
            self.producer.announce_urgent()

    def request(self, request_id: int, function: str, kwargs: Any = None) -> None:
        module, _, name = f"{'' if ':' in function else 'sample:'}{function}".partition(":")
        data = b"" if kwargs is None else json.dumps(kwargs).encode()
        message = wire.encode_request(
            request_id, module, name, data, max_message=self.layout.max_message
        )
        self.put(message)

    def cancel(self, request_id: int, urgent: bool = True) -> None:
        self.put(wire.encode_cancel(request_id), urgent)

    def collect(self) -> None:
        while (message := self.consumer.peek()) is not None:
            response = wire.parse_response(message, self.layout.max_message)
            assert response.request_id not in self.answers, "answered twice"
            self.answers[response.request_id] = response
            self.consumer.take()

    def taken(self) -> int:
        """Slots of requests that the worker has released."""
        position: int = self.requests.read_position[0]
        return position

    # ------------------------------------------------------------ the worker's part

    def turn(self) -> None:
        """One turn of the engine and the loop."""
        if self.requests.write_position[0] != self.engine.seen:
            self.loop.call_soon(self.engine.serve)
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        self.collect()
        if self.errors:
            raise self.errors[0]

    def until(self, condition: Callable[[], object]) -> None:
        """Run until a condition holds; what it waits for is sure to come."""
        while not condition():
            self.turn()

    def answer(self, request_id: int) -> wire.Response:
        self.until(lambda: request_id in self.answers)
        return self.answers.pop(request_id)

    def call(self, function: str, kwargs: Any = None, request_id: int = 1) -> wire.Response:
        self.request(request_id, function, kwargs)
        return self.answer(request_id)

    def result(self, function: str, kwargs: Any = None) -> Any:
        response = self.call(function, kwargs)
        assert response.success, response
        return json.loads(response.body)
