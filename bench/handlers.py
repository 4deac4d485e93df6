"""The functions that every peer runs."""

import asyncio
import base64
import time


def add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


def echo(s: str) -> str:
    return s


def echo_bytes(b: bytes) -> bytes:
    return b


def echo_base64(b: str) -> str:
    """What becomes of echo_bytes where JSON is all that travels."""
    return base64.b64encode(echo_bytes(base64.b64decode(b))).decode()


async def add_async(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


async def echo_async(s: str) -> str:
    return s


def compute(us: int) -> int:
    """Keep a CPU busy: time that this thread does not run does not count."""
    if us:
        end = time.thread_time_ns() + us * 1000
        while time.thread_time_ns() < end:
            pass
    return us


async def wait(us: int) -> int:
    await asyncio.sleep(us / 1e6)
    return us
