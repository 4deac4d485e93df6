"""Tasks that start at once behave like those that wait for a turn of the loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest

from ringwire import eager
from ringwire.eager import EagerTasks

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(params=["as Python does", "by hand"])
def tasks(
    request: pytest.FixtureRequest,
    loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> EagerTasks:
    if request.param == "by hand":
        monkeypatch.setattr(eager, "_HAS_EAGER_START", False)
    return EagerTasks(loop)


def turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def start(tasks: EagerTasks, work: Coroutine[Any, Any, None], name: str = "") -> asyncio.Task[None]:
    """Start a task as the engine does: in a callback, while handlers must find no loop."""
    loop, started = tasks._loop, []

    def callback() -> None:
        asyncio._set_running_loop(None)
        started.append(tasks.start(work, name))
        assert asyncio._get_running_loop() is None
        assert asyncio.current_task(loop) is None
        asyncio._set_running_loop(loop)

    loop.call_soon(callback)
    turn(loop)
    return started[0]


def test_what_never_waits_is_done_at_once(tasks: EagerTasks) -> None:
    done = []

    async def work() -> None:
        done.append(asyncio.get_running_loop())

    task = start(tasks, work(), "a name")
    assert task.done()
    assert task.get_name() == "a name"
    assert done == [tasks._loop]


def test_what_waits_goes_on_in_the_loop(tasks: EagerTasks, loop: asyncio.AbstractEventLoop) -> None:
    steps = []

    async def work() -> None:
        steps.append(asyncio.current_task())
        await asyncio.sleep(0)
        steps.append(asyncio.current_task())

    task = start(tasks, work())
    assert len(steps) == 1
    assert asyncio.all_tasks(loop) == {task}
    loop.run_until_complete(task)
    assert steps == [task, task]


async def _timeout() -> str:
    try:
        await asyncio.wait_for(asyncio.sleep(1000), 0.001)
    except asyncio.TimeoutError:  # two classes before 3.11
        return "timed out"
    return "slept"


async def _gather() -> str:
    return "".join(await asyncio.gather(_timeout(), _timeout()))


async def _child_task() -> str:
    return await asyncio.ensure_future(_timeout())


async def _timeout_block() -> str:
    if hasattr(asyncio, "timeout"):  # 3.11
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(1000)
        except TimeoutError:
            return "timed out"
    return "timed out"


async def _task_group() -> str:
    if not hasattr(asyncio, "TaskGroup"):  # 3.11
        return await _timeout()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_timeout())
    return str(task.result())


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (_timeout, "timed out"),
        (_gather, "timed outtimed out"),
        (_child_task, "timed out"),
        (_timeout_block, "timed out"),
        (_task_group, "timed out"),
    ],
)
def test_constructs_that_ask_for_the_task(
    tasks: EagerTasks,
    loop: asyncio.AbstractEventLoop,
    function: Callable[[], Awaitable[str]],
    result: str,
) -> None:
    found = []

    async def work() -> None:
        found.append(await function())

    loop.run_until_complete(start(tasks, work()))
    assert found == [result]


def test_cancellation(tasks: EagerTasks, loop: asyncio.AbstractEventLoop) -> None:
    async def work() -> None:
        await asyncio.sleep(1000)

    task = start(tasks, work())
    task.cancel()
    turn(loop)
    assert task.cancelled()


def test_a_task_that_cancels_itself_in_its_first_step(
    tasks: EagerTasks, loop: asyncio.AbstractEventLoop
) -> None:
    async def work() -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await asyncio.sleep(1000)

    task = start(tasks, work())
    turn(loop)
    turn(loop)
    assert task.cancelled()


def test_exception(tasks: EagerTasks) -> None:
    async def work() -> None:
        raise ValueError("sorry")

    task = start(tasks, work())
    assert str(task.exception()) == "sorry"


def test_context_is_a_copy(tasks: EagerTasks, loop: asyncio.AbstractEventLoop) -> None:
    seen = []

    async def work(value: str) -> None:
        seen.append(variable.get())
        variable.set(value)
        await asyncio.sleep(0)
        seen.append(variable.get())

    variable.set("outside")
    pair = [start(tasks, work(value)) for value in "ab"]
    loop.run_until_complete(asyncio.wait(pair))
    assert sorted(seen) == ["a", "b", "outside", "outside"]
    assert variable.get() == "outside"


def test_tasks_started_from_a_running_loop(
    tasks: EagerTasks, loop: asyncio.AbstractEventLoop
) -> None:
    seen = []

    async def work() -> None:
        seen.append(asyncio.get_running_loop())

    def callback() -> None:
        tasks.start(work(), "")
        seen.append(asyncio.get_running_loop())

    loop.call_soon(callback)
    turn(loop)
    assert seen == [loop, loop]


def test_what_a_signal_handler_schedules_in_between_is_not_lost(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(eager, "_HAS_EAGER_START", False)
    make = asyncio.Task

    async def work() -> None:
        order.append("work")

    def interrupted(it: Coroutine[Any, Any, None], **options: Any) -> asyncio.Task[None]:
        loop.call_soon(order.append, "before")
        task = make(it, **options)
        loop.call_soon(order.append, "after")
        return task

    monkeypatch.setattr(asyncio, "Task", interrupted)
    EagerTasks(loop).start(work(), "")
    assert order == ["work"]
    turn(loop)
    assert sorted(order) == ["after", "before", "work"]


def test_a_task_that_cannot_be_made_leaves_the_loop_as_it_was(
    loop: asyncio.AbstractEventLoop, tasks: EagerTasks
) -> None:
    with pytest.raises(TypeError):
        tasks.start(None, "")  # type: ignore[arg-type]
    assert inspect.ismethod(loop.call_soon)
    assert asyncio._get_running_loop() is None
