"""How long the worker's own part of a call takes.

Usage: python3 tools/bench.py [ROUNDS]

Fills a ring in this process and lets the engine empty it, so neither a second process nor a wake-up
is in the figure; then plays ping-pong with a real worker, both sides spinning. Medians of rounds.
The accelerator and orjson are used as by a worker, RINGWIRE_NATIVE and RINGWIRE_JSON included.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ringwire import fast_lane
from ringwire.codec import JSON_VARIABLE, choose
from ringwire.doorbell import Doorbell
from ringwire.engine import Engine
from ringwire.handlers import Handlers
from ringwire.master import Master
from ringwire.process import IMPLEMENTATION
from ringwire.region import Layout
from ringwire.responder import Responder
from ringwire.ring import Consumer, Producer, Ring
from ringwire.spin import SpinBudget
from ringwire.wire import encode_request
from ringwire.worker_block import WorkerBlock

HERE = str(Path(__file__).resolve().parent)
KWARGS = json.dumps({"a": 1, "b": 2}).encode()


def add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


async def async_add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


class Lane:
    """A ring with an engine on one side and this benchmark on the other."""

    def __init__(self) -> None:
        layout = Layout()
        memory = mmap.mmap(-1, layout.region_size)
        self.loop = asyncio.SelectorEventLoop()
        requests, responses = Ring.requests(memory, layout), Ring.responses(memory, layout)
        self.producer, self.consumer = Producer(requests), Consumer(responses)
        self.count = layout.slot_count
        codec = choose(os.environ.get(JSON_VARIABLE), layout.payload_encoding)
        consumer, producer = Consumer(requests), Producer(responses)
        fast = fast_lane.make(consumer, producer, codec)
        self.engine = Engine(
            loop=self.loop,
            consumer=consumer,
            responder=Responder(producer, Doorbell(-1), lambda: None, fast and fast.push),
            block=WorkerBlock(memory),
            handlers=Handlers([f"{__name__}:*"]),
            spin=SpinBudget(0),
            fatal=self.fatal,
            codec=codec,
            fast=fast,
        )

    @staticmethod
    def fatal(error: BaseException) -> NoReturn:
        raise error

    def round(self, function: str) -> float:
        """Nanoseconds a call."""
        for request_id in range(1, self.count + 1):
            self.producer.put(encode_request(request_id, __name__, function, KWARGS))
        # Processor time, so that other work of the machine stays out of it.
        start = time.thread_time_ns()
        answered = self.consumer.position + self.count
        while self.consumer.published() < answered:
            self.loop.call_soon(self.engine.serve)
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        duration = time.thread_time_ns() - start
        while self.consumer.peek() is not None:
            self.consumer.take()
        return duration / self.count


def ping_pong(master: Master, function: str, calls: int) -> float:
    """Nanoseconds a call, median, one in flight, both sides spinning."""
    message = encode_request(1, "bench", function, KWARGS)
    requests, responses = master.requests, master.responses
    position = responses.ring.write_position
    durations = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        seen = position[0]
        requests.put(message)
        master.wake()
        while position[0] == seen:
            pass
        durations.append(time.perf_counter_ns() - start)
        responses.peek()
        responses.take()
    return statistics.median(durations)


def report(name: str, measure: Callable[[], float], rounds: int) -> None:
    measure()
    figures = sorted(measure() for _ in range(rounds))
    median = statistics.median(figures)
    print(
        f"{name:28} {median / 1000:7.2f} us  best {figures[0] / 1000:7.2f} us  "
        f"{1e9 / median:9,.0f} calls/s"
    )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print(IMPLEMENTATION)
    lane = Lane()
    report("def, ring full", lambda: lane.round("add"), rounds)
    report("async def, ring full", lambda: lane.round("async_add"), rounds)
    with Master(allow=["bench:*"], path=[HERE], layout=Layout(spin_ns=50_000)) as master:
        for function in ("add", "async_add"):
            master.call(f"bench:{function}", {"a": 1, "b": 2})
            report(
                f"{function}, one in flight",
                lambda name=function: ping_pong(master, name, 500),  # type: ignore[misc]
                max(1, rounds // 10),
            )
        master.shutdown()


if __name__ == "__main__":
    main()
