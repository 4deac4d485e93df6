"""The functions that `ringwire torture` calls: honest work, and every way to go wrong.

Each call leaves a record in an append-only journal when its code begins and another when it has
done its work, so that the master can tell afterwards what really ran. A record is a power of two
long and written at once, so no kill can tear it.
"""

import asyncio
import ctypes
import fcntl
import os
import resource
import struct
import sys
import time
from typing import Any, NoReturn
from zlib import crc32

BEGIN, END, DAMAGED = 1, 2, 3

_RECORD = struct.Struct("<QII")  # call, process, event
# Out of reach of close().
_journal = fcntl.fcntl(
    os.open(os.environ["RINGWIRE_TORTURE_JOURNAL"], os.O_WRONLY | os.O_APPEND), fcntl.F_DUPFD, 100
)
_wall_clock = time.time


class DamagedError(Exception):
    """The arguments are not those that the master sent."""


def _note(call: int, event: int) -> None:
    os.write(_journal, _RECORD.pack(call, os.getpid(), event))


def _answer(call: int, crc: int, data: str, size: int) -> dict[str, Any]:
    """What only this call's arguments lead to: the data backwards, again and again."""
    if crc32(data.encode()) != crc:
        _note(call, DAMAGED)
        raise DamagedError(f"call {call}: checksum of {len(data)} characters")
    back = data[::-1] or "-"
    reply = (back * (size // len(back) + 1))[:size]
    return {"call": call, "crc": crc32(reply.encode()), "data": reply}


def work(call: int, crc: int, data: str, size: int) -> dict[str, Any]:
    _note(call, BEGIN)
    answer = _answer(call, crc, data, size)
    _note(call, END)
    return answer


async def work_async(
    call: int, crc: int, data: str, size: int, *, seconds: float = 0.0
) -> dict[str, Any]:
    _note(call, BEGIN)
    await asyncio.sleep(seconds)
    answer = _answer(call, crc, data, size)
    _note(call, END)
    return answer


async def stubborn(call: int, **_payload: Any) -> NoReturn:
    """Refuse to be cancelled."""
    _note(call, BEGIN)
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass


def leave(call: int, **_payload: Any) -> NoReturn:
    _note(call, BEGIN)
    os._exit(call % 100)


def segfault(call: int, **_payload: Any) -> None:
    _note(call, BEGIN)
    ctypes.string_at(0)


def bomb(call: int, *, mib: int, stay: bool, **_payload: Any) -> None:
    """Take memory up to a limit, and raise MemoryError; stay: the limit outlives the call."""
    _note(call, BEGIN)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (mib << 20), hard))
    hoard = []
    try:
        while True:
            hoard.append(bytearray(1 << 20))
    finally:
        hoard.clear()
        if not stay:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def fork(call: int, crc: int, data: str, size: int) -> dict[str, Any]:
    """Return twice: here and in a child."""
    _note(call, BEGIN)
    answer = _answer(call, crc, data, size)
    if os.fork() != 0:
        _note(call, END)
    return answer


def close(call: int, crc: int, data: str, size: int, *, descriptors: list[int]) -> dict[str, Any]:
    """Close descriptors that belong to the worker."""
    _note(call, BEGIN)
    answer = _answer(call, crc, data, size)
    for fd in descriptors:
        try:
            os.close(fd)
        except OSError:
            pass
    _note(call, END)
    return answer


def flood(call: int, crc: int, data: str, size: int, *, mib: int) -> dict[str, Any]:
    """Print a lot on both streams, without an end of line at the end."""
    _note(call, BEGIN)
    answer = _answer(call, crc, data, size)
    for _ in range(mib * 16):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.write(("torture " * 64 + "\n") * 63 + "torture")
            except (OSError, ValueError):
                pass  # closed by another fault
    _note(call, END)
    return answer


def stuck(call: int, crc: int, data: str, size: int, *, milliseconds: int) -> dict[str, Any]:
    """Hold the interpreter lock in C, so that no Python code runs."""
    _note(call, BEGIN)
    answer = _answer(call, crc, data, size)
    libc = ctypes.PyDLL(None)
    for _ in range(milliseconds // 500):
        libc.usleep(500_000)
    libc.usleep(milliseconds % 500 * 1000)
    _note(call, END)
    return answer


def clock(call: int, crc: int, data: str, size: int, *, jump: float) -> dict[str, Any]:
    """Let this process see another time of day from now on."""
    _note(call, BEGIN)
    answer = _answer(call, crc, data, size)
    time.time = lambda: _wall_clock() + jump
    _note(call, END)
    return answer
