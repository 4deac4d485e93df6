"""Functions for the tests of `ringwire call`: each ends in its own way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time


def add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


def echo(s: str) -> str:
    return s


def length(s: str) -> int:
    return len(s)


def fail(why: str) -> None:
    raise ValueError(why)


def interrupt() -> None:
    raise KeyboardInterrupt


def unencodable() -> object:
    return object()


def large(size: int) -> str:
    return "x" * size


def talk() -> str:
    print("to standard output")
    print("to standard error", file=sys.stderr)
    return "result"


async def async_sleep(seconds: float, ready: str = "") -> str:
    announce(ready)
    await asyncio.sleep(seconds)
    return "slept"


def sync_sleep(seconds: float, ready: str = "") -> str:
    announce(ready)
    time.sleep(seconds)
    return "slept"


def exit_hard(code: int) -> None:
    os._exit(code)


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def announce(path: str) -> None:
    """Tell whoever waits at the other end of a named pipe that the function runs."""
    if path:
        with open(path, "w") as pipe:
            pipe.write("ready\n")
