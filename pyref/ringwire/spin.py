"""Spinning for a short while before sleeping, and learning when that is a waste.

Waking a sleeping processor costs twenty times a small call, so a worker that expects the next
message at once polls for it. The budget halves with every spin that was in vain, down to nothing,
and is restored when a message came so soon that the full budget would have caught it. On a busy
machine a wake-up takes so long that this cannot be told from the outside, so now and then a spin is
tried all the same.

On the only CPU a spin keeps the sender from sending. There whoever would sleep gives it the CPU
once before: often the next message is there then, and going to sleep and waking up is saved.
"""

from __future__ import annotations

import os
import time
from typing import Final

# Below this a spin cannot catch anything.
_SMALLEST_NS: Final = 1_000
# What a wake-up may take; a sleep that was not longer than this plus the limit was a mistake.
_WAKE_UP_NS: Final = 60_000
# Without a budget, one message in so many is spun for.
_TRY_EVERY: Final = 8
_LOADS_PER_LOOK_AT_THE_CLOCK: Final = range(16)

NEVER: Final = 1 << 63


def _one_cpu() -> bool:
    allowed = getattr(os, "sched_getaffinity", None)  # Linux has it
    return allowed is not None and len(allowed(0)) == 1


class SpinBudget:
    """How long, in nanoseconds, it pays to spin now; never more than limit_ns."""

    __slots__ = ("_missed_at", "_passed", "_yields", "budget_ns", "limit_ns")

    def __init__(self, limit_ns: int) -> None:
        self.limit_ns = limit_ns
        self._yields = limit_ns == 0 and _one_cpu()
        self.budget_ns = limit_ns
        self._missed_at = -1
        # Messages that were not spun for since the budget came to nothing.
        self._passed = 0

    # spec:req BELL-008
    def wait(self, position: memoryview, seen: int, until_ns: int = NEVER) -> int | None:
        """Spin until the shared position differs from seen, and return it; None if it did not.

        until_ns is a time of perf_counter_ns. After one spin in vain there is no other before a
        message has come.
        """
        if self._missed_at == seen:
            return None
        if self._yields:
            return self._give_way(position, seen)
        budget = self.budget_ns or self._attempt(seen)
        if budget == 0:
            return None
        end = time.perf_counter_ns() + budget
        limit = min(end, until_ns)
        while True:
            for _ in _LOADS_PER_LOOK_AT_THE_CLOCK:
                now_at: int = position[0]
                if now_at != seen:
                    self.budget_ns = self.limit_ns
                    return now_at
            if time.perf_counter_ns() >= limit:
                break
        if limit == end:
            self._missed_at = seen
            halved = self.budget_ns // 2
            self.budget_ns = halved if halved >= _SMALLEST_NS else 0
        return None

    def _give_way(self, position: memoryview, seen: int) -> int | None:
        os.sched_yield()
        now_at: int = position[0]
        if now_at != seen:
            return now_at
        self._missed_at = seen
        return None

    def _attempt(self, seen: int) -> int:
        """The budget of a spin that is tried although the last ones were in vain."""
        self._missed_at = seen
        self._passed += 1
        if self._passed < _TRY_EVERY:
            return 0
        self._passed = 0
        return self.limit_ns

    def slept(self, duration_ns: int) -> None:
        """Learn from a sleep that a message ended."""
        if duration_ns < self.limit_ns + _WAKE_UP_NS:
            self.budget_ns = self.limit_ns
