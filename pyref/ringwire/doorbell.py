"""Waking a consumer that sleeps (chapter 04).

The rule that no wake-up is lost needs a full memory fence on both sides. The accelerator has one.
Python has none of its own, but on x86-64 acquiring and releasing a lock executes locked
instructions, which are full fences. Other machines need more than that for a ring (chapter 03,
Memory ordering), so FENCED is False there without the accelerator.
"""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable
from typing import Final

from . import native
from ._registry import BELL_LESS_SLEEP_MAX_NS, FENCELESS_SLEEP_MAX_NS

FENCED: Final = native.module is not None or platform.machine() in {"x86_64", "AMD64", "amd64"}

_RING: Final = (1).to_bytes(8, "little")
_CLEAR_BYTES: Final = 4096
_fence = threading.Lock()


def _lock_fence() -> None:
    _fence.acquire()
    _fence.release()


# Lets no load pass a store that was made before; only where FENCED.
full_fence: Final[Callable[[], None]] = (
    _lock_fence if native.module is None else native.module.full_fence
)


def fences() -> tuple[Callable[[], object], Callable[[], object]]:
    """Two full fences, for one thread that calls them in turns, beginning with the first.

    To acquire a free lock and to release it are a locked instruction each, so each of them is a
    fence at half the price of both.
    """
    if native.module is not None:
        return full_fence, full_fence
    lock = threading.Lock()
    return lock.acquire, lock.release


# spec:req BELL-004 BELL-007 BELL-010
def longest_wait(has_doorbell: bool, fenced: bool) -> float | None:
    """The bound of one wait of a consumer, in seconds; None: until it is rung."""
    if not has_doorbell:
        return BELL_LESS_SLEEP_MAX_NS / 1e9
    if not fenced:
        return FENCELESS_SLEEP_MAX_NS / 1e9
    return None


class Doorbell:
    """One end of a doorbell: an eventfd or a pipe's end, non-blocking; -1 means none.

    The descriptor belongs to the caller.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd
        if fd >= 0:
            os.set_blocking(fd, False)

    # spec:req BELL-006
    def ring(self) -> None:
        """Wake the consumer. A bell that rings already, or whose owner is gone, is left alone."""
        if self.fd >= 0:
            try:
                os.write(self.fd, _RING)
            except (BlockingIOError, BrokenPipeError):
                pass

    def clear(self) -> None:
        """Make the bell quiet again; one that is quiet stays so."""
        if self.fd >= 0:
            try:
                os.read(self.fd, _CLEAR_BYTES)
            except BlockingIOError:
                pass
