from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator

import pytest
from conftest import needs_uvloop

from ringwire import loops


def test_the_standard_loop() -> None:
    assert loops.choose(None) is loops.choose("") is loops.choose("asyncio") is None


@needs_uvloop
def test_uvloop() -> None:
    new = loops.choose("uvloop")
    assert new is not None
    loop = new()
    assert type(loop).__module__ == "uvloop"
    loop.close()


def test_uvloop_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match="uvloop"):
        loops.choose("uvloop")


def test_unknown_loop() -> None:
    with pytest.raises(ValueError, match="name=trio"):
        loops.choose("trio")


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=needs_uvloop)])
def new(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    made: Callable[[], asyncio.AbstractEventLoop]
    made = loops.choose(request.param) or asyncio.SelectorEventLoop
    loop = made()
    yield loop
    loop.close()


# spec:test LIFE-058
def test_abandon(new: asyncio.AbstractEventLoop) -> None:
    """As in a child that a callback forks: nothing of what was to come, and then the end."""
    happened: list[str] = []

    def leave() -> None:
        happened.append("left")
        new.stop()

    def fork() -> None:
        loops.abandon(new, leave)

    new.call_soon(happened.append, "before")
    new.call_soon(fork)
    new.call_soon(happened.append, "the parent's")
    new.call_soon(happened.append, "the parent's")
    try:
        new.run_forever()
    except IndexError:  # the standard loop had counted what it was about to run
        happened.append("the end")
    assert happened in (["before", "left"], ["before", "left", "the end"])
