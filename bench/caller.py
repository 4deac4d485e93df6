"""What the callers written in Python have in common: the protocol of command_peer.go."""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Arguments: TypeAlias = "Callable[[int], dict[str, Any]]"
Check: TypeAlias = "Callable[[int, Any], None]"

now = time.perf_counter_ns
MICROSECOND = 1000


@dataclass
class Request:
    """A round, as bench.Round in Go."""

    function: str
    payload: int
    in_flight: int
    rate: float
    seconds: float

    @property
    def span_ns(self) -> int:
        return int(self.seconds * 1e9)

    def arguments(self) -> Arguments:
        """The arguments of call number n, as a function."""
        if self.function == "add":
            return lambda n: {"a": n, "b": 2}
        if self.function == "echo_bytes":
            data = b"\xff" * self.payload
            return lambda _: {"b": data}
        text = "x" * self.payload
        return lambda _: {"s": text}


@dataclass
class Sample:
    calls: int
    elapsed_ns: int
    latencies_ns: list[int]


def settled(latencies: list[int], in_flight: int) -> list[int]:
    """Leaves out the first calls, which were made all at once, as settled in drive.go."""
    return latencies[in_flight:] or latencies


def check_of(request: Request) -> Check:
    """How to judge the result of call number n."""
    same: str | bytes = "x" * request.payload
    if request.function == "echo_bytes":
        same = b"\xff" * request.payload

    def check(n: int, result: Any) -> None:
        if result != ({"sum": n + 2} if request.function == "add" else same):
            raise ValueError("wrong result")

    return check


def schedule(rate: float, span_ns: int) -> list[int]:
    """When the calls of an open loop are due, as schedule in drive.go."""
    gaps = random.Random(1)
    due: list[int] = []
    at = 0.0
    while (at := at + gaps.expovariate(rate) * 1e9) < span_ns:
        due.append(int(at))
    return due or [0]


def precise_sleep() -> None:
    """Lets this thread wake up when it is due, and not up to 50 µs later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)  # PR_SET_TIMERSLACK, in ns


def pace(due: Iterable[int], began: int) -> Iterator[tuple[int, int]]:
    """Yields number and time of each call when it is due."""
    precise_sleep()
    for n, offset in enumerate(due):
        at = began + offset
        while (left := at - now()) > 0:
            time.sleep(left / 1e9)
        yield n, at


def until(end: int) -> Iterator[int]:
    """Counts as long as it is not end; at least once."""
    for n in itertools.count():
        if n > 0 and now() >= end:
            return
        yield n


def _take_request(line: str) -> Request:
    members = json.loads(line)
    return Request(
        members["function"],
        members["payload"],
        members.get("in_flight", 0),
        members.get("rate", 0.0),
        members["seconds"],
    )


def _say(**members: Any) -> None:
    print(json.dumps(members), flush=True)


def serve(workers: Iterable[int], measure: Callable[[Request], Sample]) -> None:
    """Answers requests until the standard input ends; workers are process ids."""
    _say(ready=True, processes=[os.getpid(), *workers])
    for line in sys.stdin:
        sample = measure(_take_request(line))
        _say(done=True)
        _say(**vars(sample))
