"""Measures Python's own process pools, called by Python. They pickle, as for their users.

usage: python_pools.py WORKERS ProcessPoolExecutor|Pool

They know no `async def`, so they run the ordinary function instead.
"""

from __future__ import annotations

import functools
import multiprocessing
import queue
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeAlias

import caller
import handlers
from caller import Request, Sample, now

Function: TypeAlias = "Callable[..., Any]"
Result: TypeAlias = "Callable[[], Any]"
# Starts a call; the first returns how to wait for its result, the second passes it to a function,
# in a thread of the pool.
Start: TypeAlias = "Callable[[Function, dict[str, Any]], Result]"
StartThen: TypeAlias = "Callable[[Function, dict[str, Any], Callable[[Result], None]], object]"


def closed_loop(start: Start, request: Request) -> Sample:
    """A window of calls that slides as the oldest one ends."""
    function = getattr(handlers, request.function)
    arguments = request.arguments()
    check = caller.check_of(request)
    window: deque[tuple[int, int, Result]] = deque()
    latencies: list[int] = []

    def finish_oldest() -> None:
        n, at, result = window.popleft()
        value = result()
        latencies.append(now() - at)
        check(n, value)

    began = now()
    for n in caller.until(began + request.span_ns):
        window.append((n, now(), start(function, arguments(n))))
        if len(window) >= request.in_flight:
            finish_oldest()
    while window:
        finish_oldest()
    elapsed = now() - began
    return Sample(len(latencies), elapsed, caller.settled(latencies, request.in_flight))


def open_loop(start: StartThen, request: Request) -> Sample:
    function = getattr(handlers, request.function)
    arguments = request.arguments()
    check = caller.check_of(request)
    ended: queue.SimpleQueue[tuple[int, int, Result]] = queue.SimpleQueue()
    latencies: list[int] = []

    def then(n: int, at: int, result: Result) -> None:
        ended.put((n, now() - at, result))

    began = now()
    for n, at in caller.pace(caller.schedule(request.rate, request.span_ns), began):
        start(function, arguments(n), functools.partial(then, n, at))
    for _ in range(n + 1):
        number, latency, result = ended.get()
        latencies.append(latency)
        check(number, result())
    return Sample(len(latencies), now() - began, latencies)


def executor_ways(pool: ProcessPoolExecutor) -> tuple[Start, StartThen]:
    def start(function: Function, kwargs: dict[str, Any]) -> Result:
        return pool.submit(function, **kwargs).result

    def start_then(
        function: Function, kwargs: dict[str, Any], then: Callable[[Result], None]
    ) -> None:
        pool.submit(function, **kwargs).add_done_callback(lambda future: then(future.result))

    return start, start_then


def pool_ways(pool: Any) -> tuple[Start, StartThen]:
    def start(function: Function, kwargs: dict[str, Any]) -> Result:
        result: Result = pool.apply_async(function, (), kwargs).get
        return result

    def start_then(
        function: Function, kwargs: dict[str, Any], then: Callable[[Result], None]
    ) -> None:
        def ended(value: Any) -> None:
            then(lambda: value)

        pool.apply_async(function, (), kwargs, ended, ended)

    return start, start_then


def serve(ways: tuple[Start, StartThen]) -> None:
    start, start_then = ways

    def measure(request: Request) -> Sample:
        return open_loop(start_then, request) if request.rate else closed_loop(start, request)

    caller.serve(children(), measure)


def children() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.pid]


def main() -> None:
    workers, kind = int(sys.argv[1]), sys.argv[2]
    if kind == "Pool":
        with multiprocessing.Pool(workers) as pool:
            serve(pool_ways(pool))
        return
    with ProcessPoolExecutor(workers) as executor:
        # It starts a process for each call until it has enough, unless one is idle.
        while len(children()) < workers:
            for future in [executor.submit(handlers.add, 1, 2) for _ in range(workers)]:
                future.result()
        serve(executor_ways(executor))


if __name__ == "__main__":
    main()
