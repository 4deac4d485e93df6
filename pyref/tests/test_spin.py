from __future__ import annotations

import os

import pytest

from ringwire import spin
from ringwire.spin import NEVER, SpinBudget


class Clock:
    """A clock that goes on by a microsecond with each look at it."""

    def __init__(self) -> None:
        self.now = 0

    def perf_counter_ns(self) -> int:
        self.now += 1_000
        return self.now


class Position:
    """A shared position that stays the same for some loads and then rises."""

    def __init__(self, value: int, loads: int = 10**9) -> None:
        self.value = value
        self.loads = loads
        self.loaded = 0

    def __getitem__(self, index: int) -> int:
        assert index == 0
        self.loaded += 1
        return self.value + (self.loaded > self.loads)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(spin, "time", clock)
    monkeypatch.setattr(spin, "_one_cpu", lambda: False)
    return clock


def wait(budget: SpinBudget, position: Position, until_ns: int = NEVER) -> bool:
    came = budget.wait(position, position.value, until_ns)  # type: ignore[arg-type]
    assert came in (None, position.value + 1)
    return came is not None


def test_no_budget_no_look() -> None:
    position = Position(7)
    assert not wait(SpinBudget(0), position)
    assert position.loaded == 0


def test_message_is_seen() -> None:
    assert wait(SpinBudget(50_000), Position(7, loads=0))
    assert wait(SpinBudget(50_000), Position(7, loads=100))


# spec:test BELL-008
def test_spin_in_vain_ends_with_the_budget(clock: Clock) -> None:
    position = Position(7)
    assert not wait(SpinBudget(50_000), position)
    assert clock.now == 51_000
    assert position.loaded == 16 * 50


def test_one_spin_in_vain_for_each_message() -> None:
    budget = SpinBudget(50_000)
    assert not wait(budget, Position(7))
    again = Position(7)
    assert not wait(budget, again)
    assert again.loaded == 0
    assert wait(budget, Position(8, loads=1))


def test_spins_in_vain_halve_the_budget_down_to_nothing() -> None:
    budget = SpinBudget(8_000)
    budgets = []
    for value in range(5):
        assert not wait(budget, Position(value))
        budgets.append(budget.budget_ns)
    assert budgets == [4_000, 2_000, 1_000, 0, 0]


def test_without_a_budget_a_spin_is_tried_now_and_then() -> None:
    budget = SpinBudget(1_000)
    assert not wait(budget, Position(0))
    assert budget.budget_ns == 0
    loaded = []
    for value in range(1, 17):
        position = Position(value)
        for _ in range(2):  # a message counts once
            assert not wait(budget, position)
        loaded.append(position.loaded)
    assert loaded == [*[0] * 7, 16, *[0] * 7, 16]
    for value in range(17, 24):
        assert not wait(budget, Position(value))
    assert wait(budget, Position(24, loads=10))
    assert budget.budget_ns == 1_000


def test_a_message_in_time_restores_the_budget() -> None:
    budget = SpinBudget(50_000)
    assert not wait(budget, Position(7))
    assert budget.budget_ns == 25_000
    assert wait(budget, Position(8, loads=20))
    assert budget.budget_ns == 50_000


def test_a_short_sleep_restores_the_budget() -> None:
    budget = SpinBudget(50_000)
    assert not wait(budget, Position(7))
    budget.slept(50_000 + 60_000)
    assert budget.budget_ns == 25_000
    budget.slept(50_000 + 59_999)
    assert budget.budget_ns == 50_000


def test_a_spin_cut_short_teaches_nothing(clock: Clock) -> None:
    budget = SpinBudget(50_000)
    assert not wait(budget, Position(7), until_ns=10_000)
    assert clock.now == 10_000
    assert budget.budget_ns == 50_000
    assert wait(budget, Position(7, loads=20))


@pytest.mark.parametrize("loads", [0, 1])
def test_on_the_only_cpu_the_sender_gets_it_once(
    monkeypatch: pytest.MonkeyPatch, loads: int
) -> None:
    yields: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: yields.append(None))
    monkeypatch.setattr(spin, "_one_cpu", lambda: True)
    position, budget = Position(7, loads), SpinBudget(0)
    assert wait(budget, position) == (loads == 0)
    assert len(yields) == position.loaded == 1
    if loads:  # not again before a message has come
        assert not wait(budget, position)
        assert len(yields) == 1
        position.value += 1
        assert wait(budget, position)
    assert not wait(SpinBudget(1_000), Position(7))
    assert len(yields) == 1 + loads


def test_one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for cpus in {3}, {0, 1}:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cpus=cpus: cpus, raising=False)
        assert spin._one_cpu() == (len(cpus) == 1)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert not spin._one_cpu()
