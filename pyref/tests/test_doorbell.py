from __future__ import annotations

import os
import select
from collections.abc import Iterator

import pytest

from ringwire.doorbell import Doorbell, full_fence, longest_wait


def readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


@pytest.fixture(params=["eventfd", "pipe"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """The reading and the writing end of a doorbell."""
    if request.param == "eventfd":
        fd = os.eventfd(0)
        yield fd, fd
        os.close(fd)
    else:
        reading, writing = os.pipe()
        yield reading, writing
        os.close(reading)
        os.close(writing)


def test_ring_and_clear(ends: tuple[int, int]) -> None:
    consumer, producer = Doorbell(ends[0]), Doorbell(ends[1])
    assert not readable(ends[0])
    producer.ring()
    producer.ring()
    assert readable(ends[0])
    consumer.clear()
    assert not readable(ends[0])
    consumer.clear()
    producer.ring()
    assert readable(ends[0])


# spec:test BELL-006
def test_ring_that_would_block_is_rung(ends: tuple[int, int]) -> None:
    consumer, producer = Doorbell(ends[0]), Doorbell(ends[1])
    if ends[0] == ends[1]:
        os.write(ends[1], (0xFFFFFFFFFFFFFFFE).to_bytes(8, "little"))
    else:
        while select.select([], [ends[1]], [], 0)[1]:
            os.write(ends[1], bytes(4096))
    producer.ring()
    assert readable(ends[0])
    while readable(ends[0]):
        consumer.clear()


def test_ring_after_the_other_end_is_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    Doorbell(writing).ring()
    os.close(writing)


def test_no_doorbell() -> None:
    bell = Doorbell(-1)
    bell.ring()
    bell.clear()


# spec:test BELL-004 BELL-007
def test_bounds_of_waits() -> None:
    assert longest_wait(has_doorbell=True, fenced=True) is None
    assert longest_wait(has_doorbell=True, fenced=False) == 0.05
    assert longest_wait(has_doorbell=False, fenced=True) == 0.001
    assert longest_wait(has_doorbell=False, fenced=False) == 0.001


def test_fence_can_be_used_again() -> None:
    full_fence()
    full_fence()
