"""Handlers for the executor's tests: well-behaved, broken and vicious ones."""

import asyncio
import ctypes
import os
import signal
import sys
import threading
import time
from subprocess import check_output  # imported only: must stay out of reach


def add(a, b):
    return {"sum": a + b}


def echo(**kwargs):
    return kwargs


def same(value):
    return value


def some_bytes():
    return b"some"


def kinds(**kwargs):
    """Type and, where there is one, length of each argument."""
    return {
        name: type(value).__name__ + (f" {len(value)}" if isinstance(value, (bytes, str)) else "")
        for name, value in kwargs.items()
    }


def nothing():
    pass


def pid():
    return os.getpid()


def typed(a: int, *, b: int = 2) -> int:
    return a + b


def fail(message="broken"):
    error = ValueError(message)
    error.add_note("a note") if hasattr(error, "add_note") else None
    raise error from KeyError("cause")


def raise_type_error():
    return len(5)


def raise_system_exit():
    sys.exit(7)


def unencodable():
    return {1, 2}


def not_a_number():
    return float("nan")


def blob(n):
    return "x" * n


def length(s):
    return len(s)


def exit_now(code=3):
    os._exit(code)


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


def segfault():
    ctypes.string_at(0)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def stuck_in_c():
    """Hold the interpreter lock in C, so that no Python code runs."""
    ctypes.PyDLL(None).sleep(1000)


async def async_add(a, b):
    return {"sum": a + b}


async def async_sleep(seconds, value=None):
    await asyncio.sleep(seconds)
    return value


gate = asyncio.Event()


async def async_gate(value):
    await gate.wait()
    return value


async def async_open():
    gate.set()


async def async_stubborn():
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass


async def async_cleanup(path):
    try:
        await asyncio.sleep(1000)
    finally:
        with open(path, "w") as f:
            f.write("cleaned up")


def append(path, line):
    """Leave a trace of having run."""
    with open(path, "a") as f:
        f.write(line + "\n")
    return line


def append_and_sleep(path, line, seconds):
    append(path, line)
    time.sleep(seconds)
    return line


def append_and_die(path, line):
    append(path, line)
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(path):
    """Die if it is the first time, to be found out by a file."""
    if not os.path.exists(path):
        append(path, "died")
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def say(text):
    print(text)
    print(text, file=sys.stderr)


def flood(lines):
    for i in range(lines):
        sys.stderr.write(f"line {i} " + "x" * 100 + "\n")
    sys.stderr.write("no newline at the end" + "y" * 100_000)
    return lines


def threads(n):
    done = []
    ts = [threading.Thread(target=lambda: done.append(time.sleep(0.001))) for _ in range(n)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    return len(done)


def fork_and_return():
    """Both processes return from the handler."""
    return os.fork() != 0


def fork_child(seconds):
    child = os.fork()
    if child == 0:
        time.sleep(seconds)
        os._exit(0)
    return child


def environment(name):
    return os.environ.get(name)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def memory(mib):
    global kept
    kept = bytearray(mib << 20)
    return mib


class Namespace:
    @staticmethod
    def method():
        return "method"


def _private():
    return "private"


def sleep_and_die(seconds):
    time.sleep(seconds)
    os._exit(3)
