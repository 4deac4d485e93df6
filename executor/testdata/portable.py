"""Functions that any system can run."""

import asyncio
import os


def add(a, b):
    return a + b


async def async_add(a, b):
    await asyncio.sleep(0)
    return a + b


def fail():
    raise ValueError("no")


async def wait():
    await asyncio.sleep(1000)


def die():
    os._exit(5)
