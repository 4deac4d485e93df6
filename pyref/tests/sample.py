"""Handlers for the tests."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import math
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from json import dumps
from typing import Any

from ringwire import current_call

released = threading.Event()
begun = threading.Event()


def add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


async def async_add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


def has_loop() -> bool:
    return asyncio._get_running_loop() is not None


async def async_has_loop() -> bool:
    return has_loop()


async def cancels_itself() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    return "in spite of it"


async def loop_name() -> str:
    return type(asyncio.get_running_loop()).__module__


async def yielding_add(a: int, b: int) -> dict[str, int]:
    await asyncio.sleep(0)
    return {"sum": a + b}


def echo(value: Any) -> Any:
    return value


def take_out() -> Any:
    return keep.pop()


async def async_take_out() -> Any:
    return keep.pop()


class Text(str):
    __slots__ = ()


@functools.wraps(add)
def wrapped_add(*args: Any, **kwargs: Any) -> Any:
    return add(*args, **kwargs)


class Static:
    @staticmethod
    def add(a: int, b: int) -> dict[str, int]:
        return {"sum": a + b}


def nothing() -> None:
    pass


def defaults(a: int, b: int = 2, *, c: int = 3) -> list[int]:
    return [a, b, c]


def anything(**kwargs: Any) -> list[str]:
    return sorted(kwargs)


def arguments(**kwargs: Any) -> str:
    return repr(kwargs)


def positional(a: int, /) -> int:
    return a


def text(length: int) -> str:
    return "x" * length


def fail(message: str = "no") -> None:
    raise ValueError(message)


async def async_fail(message: str = "no") -> None:
    raise ValueError(message)


def type_error_inside() -> None:
    add(1)  # type: ignore[call-arg]


def type_error_without_frames() -> None:
    raise TypeError.with_traceback(TypeError(), None)


async def async_type_error() -> None:
    add(1)  # type: ignore[call-arg]


def leave(kind: str) -> None:
    raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt(), "close": GeneratorExit()}[kind]


async def async_leave(kind: str) -> None:
    leave(kind)


async def uncalled_for_cancellation() -> None:
    raise asyncio.CancelledError


async def background_exit() -> str:
    async def leave_soon() -> None:
        raise SystemExit(5)

    keep.append(asyncio.ensure_future(leave_soon()))
    return "left"


# What a test has left for a handler to do, and what a handler must keep alive.
keep: list[Any] = []


def spy() -> None:
    """Do what the test left, in the middle of a call."""
    keep[0]()


def spy_and_poll() -> str:
    keep[0]()
    return poll_cancelled(1000)


async def careful(seconds: float) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        await asyncio.sleep(0.01)
    return "cleaned up"


def unencodable() -> object:
    return object()


async def async_unencodable() -> object:
    return {1}


def generator() -> Any:
    yield 1


async def async_generator() -> Any:
    yield 1


async def sleep(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


async def stubborn(seconds: float) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        return "in spite of it"
    return "not cancelled"


async def translated(seconds: float) -> None:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        raise KeyError("translated") from None


def block(seconds: float) -> str:
    time.sleep(seconds)
    return threading.current_thread().name


def wait_for_release() -> str:
    assert released.wait(30)
    return threading.current_thread().name


async def release() -> None:
    released.set()


def thread_name() -> str:
    return threading.current_thread().name


def returns_coroutine(a: int, b: int) -> Any:
    return yielding_add(a, b)


def returns_sleep(seconds: float) -> Any:
    return sleep(seconds)


def begins_and_returns_sleep(seconds: float) -> Any:
    begun.set()
    assert released.wait(30)
    return sleep(seconds)


def asyncio_run(a: int, b: int) -> Any:
    return asyncio.run(async_add(a, b))


def who() -> list[Any]:
    call = current_call()
    assert call is not None
    assert current_call() is call
    return [call.id, call.function, call.cancelled]


async def async_who() -> list[Any]:
    await asyncio.sleep(0)
    return await asyncio.to_thread(who)


def own_thread_who() -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(current_call()))
    thread.start()
    thread.join()
    return found


def poll_cancelled(seconds: float) -> str:
    call = current_call()
    assert call is not None
    begun.set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if call.cancelled:
            raise asyncio.CancelledError
        time.sleep(0.001)
    return "never cancelled"


@functools.wraps(add)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return add(*args, **kwargs)


partial_add = functools.partial(add, b=10)

number = 5


class Calculator:
    factor = 3
    imported = math.sqrt

    def __init__(self) -> None:
        pass

    @staticmethod
    def double(x: int) -> int:
        return 2 * x

    @classmethod
    def times(cls, x: int) -> int:
        return cls.factor * x

    class Nested:
        @staticmethod
        def half(x: int) -> float:
            return x / 2

    @staticmethod
    def _private() -> None:
        pass


calculator = Calculator()


class AsyncCallable:
    async def __call__(self) -> str:
        await asyncio.sleep(0)
        return "called"


async_callable = AsyncCallable()


def _private() -> str:
    return "private"


def print_out(text: str) -> None:
    print(text)


def print_err(text: str) -> None:
    print(text, file=sys.stderr)


def flood() -> int:
    for _ in range(2000):
        sys.stderr.write("e" * 500 + "\n")
        sys.stdout.write("o" * 500 + "\n")
    return 2000


def start_thread() -> None:
    threading.Thread(target=time.sleep, args=(1000,)).start()


def exit_now(code: int) -> None:
    os._exit(code)


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def pid() -> int:
    return os.getpid()


def fork_and_return() -> int:
    child = os.fork()
    if child == 0:
        return -1
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork_and_raise() -> int:
    child = os.fork()
    if child == 0:
        raise ValueError("in the child")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork_and_exit(code: Any) -> int:
    child = os.fork()
    if child == 0:
        sys.exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


async def async_fork(pause: float) -> int:
    child = os.fork()
    if child == 0:
        await asyncio.sleep(pause)
        return -1
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        await asyncio.sleep(0.001)


def fork_and_stop(seconds: float) -> int:
    child = os.fork()
    if child == 0:
        time.sleep(seconds)
        return -1
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def spawn() -> str:
    done = subprocess.run(
        [sys.executable, "-c", "print('spawned')"], capture_output=True, text=True
    )
    return done.stdout.strip()


def multiprocess() -> int:
    import multiprocessing

    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0,))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def environment(name: str) -> str | None:
    return os.environ.get(name)


def descriptors_of_child() -> list[int]:
    code = "import os; print(*os.listdir('/proc/self/fd'))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, close_fds=False
    )
    return sorted(int(name) for name in done.stdout.split())


def close_everything() -> None:
    os.closerange(3, 100)


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def set_variable(value: str) -> str:
    before = variable.get()
    variable.set(value)
    await asyncio.sleep(0)
    return before


__all__ = ["dumps"]


def page_faults(text: str) -> int:
    """How often this process had to be given a page, text being used like any other."""
    assert len(text.encode().decode()) == len(text)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
