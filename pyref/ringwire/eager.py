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
from typing import Any, Final, TypeVar

_HAS_EAGER_START: Final = sys.version_info >= (3, 12)

_T = TypeVar("_T")
_Start = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]


class EagerTasks:
    """Starts tasks on one loop. To be used on the loop's thread, outside of any task."""

    __slots__ = ("_loop", "start_in_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # start() for a caller who has said that the loop is running.
        self.start_in_loop = _starter(loop) if _HAS_EAGER_START else _starter_by_hand(loop)

    def start(self, work: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
        """A task that has run until it first waited, or to its end."""
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop)
        try:
            return self.start_in_loop(work, name)
        finally:
            asyncio._set_running_loop(running)


def _starter(loop: asyncio.AbstractEventLoop) -> _Start:
    eager: dict[str, Any] = {"eager_start": True}

    def start(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return asyncio.Task(work, loop=loop, name=name, **eager)

    return start


def _starter_by_hand(loop: asyncio.AbstractEventLoop) -> _Start:
    # What was given to the loop while a task was made.
    scheduled: list[tuple[Callable[..., object], tuple[Any, ...], contextvars.Context | None]] = []
    attributes = vars(loop)

    def hold(
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> None:
        scheduled.append((callback, args, context))

    def start(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        # In front of the method of the class, for the moment in which the task schedules its step.
        attributes["call_soon"] = hold
        try:
            task = asyncio.Task(work, loop=loop, name=name)
        finally:
            del attributes["call_soon"]
        while scheduled:
            callback, args, context = scheduled.pop()
            if context is not None and getattr(callback, "__self__", None) is task:
                context.run(callback)
            else:
                # A signal handler of the user came in between.
                loop.call_soon(callback, *args, context=context)
        return task

    return start
