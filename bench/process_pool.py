"""Measures concurrent.futures.ProcessPoolExecutor. Speaks the protocol of python_peer.go."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import handlers

Submit = Callable[[int], "Future[Any]"]
Check = Callable[[int, Any], bool]


def work_of(pool: ProcessPoolExecutor, function: str, payload: int) -> tuple[Submit, Check]:
    """How to make call number n, and how to judge its result."""
    if function == "add":
        return (
            lambda n: pool.submit(handlers.add, n, 2),
            lambda n, result: result == {"sum": n + 2},
        )
    text = "x" * payload
    return lambda _: pool.submit(handlers.echo, text), lambda _, result: result == text


def latencies(submit: Submit, check: Check, seconds: float) -> dict[str, Any]:
    """One call after the other."""
    samples: list[int] = []
    began = time.perf_counter_ns()
    end = began + int(seconds * 1e9)
    now = began
    while now < end:
        result = submit(len(samples)).result()
        then, now = now, time.perf_counter_ns()
        if not check(len(samples), result):
            raise ValueError("wrong result")
        samples.append(now - then)
        now = time.perf_counter_ns()
    return {"calls": len(samples), "elapsed_ns": now - began, "latencies_ns": samples}


def throughput(submit: Submit, check: Check, in_flight: int, seconds: float) -> dict[str, Any]:
    """A window of calls that slides as the oldest one ends."""
    window: deque[tuple[int, Future[Any]]] = deque()
    calls = 0
    began = time.perf_counter_ns()
    end = began + int(seconds * 1e9)
    open_ = True
    while open_ or window:
        while open_ and len(window) < in_flight:
            window.append((calls, submit(calls)))
            calls += 1
        n, future = window.popleft()
        if not check(n, future.result()):
            raise ValueError("wrong result")
        open_ = time.perf_counter_ns() < end
    return {"calls": calls, "elapsed_ns": time.perf_counter_ns() - began, "latencies_ns": []}


def measure(pool: ProcessPoolExecutor, request: dict[str, Any], seconds: float) -> dict[str, Any]:
    submit, check = work_of(pool, request["function"], request["payload"])
    if request["in_flight"] == 1:
        return latencies(submit, check, seconds)
    return throughput(submit, check, request["in_flight"], seconds)


def main() -> None:
    with ProcessPoolExecutor(int(sys.argv[1])) as pool:
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            measure(pool, request, request["warm_up_seconds"])
            print(json.dumps(measure(pool, request, request["measure_seconds"])), flush=True)


if __name__ == "__main__":
    main()
