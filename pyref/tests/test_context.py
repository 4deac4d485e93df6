from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import ringwire
from ringwire import context
from ringwire.context import Call, current_call


@pytest.fixture(autouse=True)
def nobody_runs_inline() -> Iterator[None]:
    context.answer_inline(None)
    yield
    context.answer_inline(None)


def test_outside_of_calls() -> None:
    assert current_call() is None
    assert ringwire.current_call is current_call
    assert ringwire.Call is Call


def test_inside_of_a_task_and_what_it_takes_along() -> None:
    async def main() -> list[Call | None]:
        call = Call(7, "m:f")
        context.enter(call)
        task = asyncio.ensure_future(in_task())
        return [call, current_call(), await task, await asyncio.to_thread(current_call)]

    async def in_task() -> Call | None:
        return current_call()

    call, *found = asyncio.run(main())
    assert call is not None
    assert (call.id, call.function) == (7, "m:f")
    assert found == [call, call, call]
    assert current_call() is None


def test_tasks_do_not_mix() -> None:
    async def handler(number: int) -> bool:
        context.enter(Call(number, "m:f"))
        await asyncio.sleep(0)
        call = current_call()
        return call is not None and call.id == number

    async def main() -> list[bool]:
        return await asyncio.gather(*(handler(number) for number in range(10)))

    assert all(asyncio.run(main()))


def test_inline() -> None:
    call = Call(9, "m:g")
    context.answer_inline(lambda: call)
    assert current_call() is call


def test_cancelled() -> None:
    looks: list[int] = []
    call = Call(1, "m:f", lambda: looks.append(1))
    assert not call.known_cancelled
    assert looks == []
    assert not call.cancelled
    assert looks == [1]
    call.cancel()
    assert call.cancelled
    assert call.known_cancelled
    assert looks == [1]
    assert not Call(2, "m:f").cancelled


def test_repr() -> None:
    assert repr(Call(1, "m:f")) == "<Call id=1 function='m:f'>"
