"""Tasks whose first step runs at once.

Most handlers written as `async def` never wait, and a turn of the loop for each costs more than
everything else in their call. From Python 3.12 on a task can be told to start eagerly. Before that,
the first step of a new task is taken from the loop, to which the task has just given it, and run
here and now. It is the task's own step in the task's own context, so current_task(), timeouts and
context variables are what they always are; only the wait for a turn of the loop is left out.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

_HAS_EAGER_START: Final = sys.version_info >= (3, 12)

_Step = tuple[Callable[..., object], tuple[Any, ...], "contextvars.Context | None"]


class EagerTasks:
    """Starts tasks on one loop. To be used on the loop's thread, outside of any task."""

    __slots__ = ("_hold", "_loop", "_scheduled")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # What was given to the loop while a task was made.
        self._scheduled: list[_Step] = []
        scheduled = self._scheduled

        def hold(
            callback: Callable[..., object],
            *args: Any,
            context: contextvars.Context | None = None,
        ) -> None:
            scheduled.append((callback, args, context))

        self._hold = hold

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task that has run until it first waited, or to its end."""
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop)
        try:
            if _HAS_EAGER_START:
                eager: dict[str, Any] = {"eager_start": True}
                return asyncio.Task(work, loop=self._loop, name=name, **eager)
            return self._start_by_hand(work, name)
        finally:
            asyncio._set_running_loop(running)

    def _start_by_hand(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        loop = self._loop
        # In front of the method of the class, for the moment in which the task schedules its step.
        loop.call_soon = self._hold  # type: ignore[method-assign, assignment]
        try:
            task = asyncio.Task(work, loop=loop, name=name)
        finally:
            del loop.call_soon
        scheduled = self._scheduled
        while scheduled:
            callback, args, context = scheduled.pop()
            if context is not None and getattr(callback, "__self__", None) is task:
                context.run(callback, *args)
            else:
                # A signal handler of the user came in between.
                loop.call_soon(callback, *args, context=context)
        return task
