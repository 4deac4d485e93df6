from __future__ import annotations

import json
from typing import Any

import pytest

from ringwire import failure
from ringwire._registry import MAX_MESSAGE_MIN
from ringwire.failure import describe, fit, headline, type_name, without_own_frames


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


class Custom(Exception):
    class Inner(Exception):
        pass


class BadStr(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


def test_type_names() -> None:
    assert type_name(ValueError) == "ValueError"
    assert type_name(Custom) == f"{__name__}.Custom"
    assert type_name(Custom.Inner) == f"{__name__}.Custom.Inner"
    assert type_name(json.JSONDecodeError) == "json.decoder.JSONDecodeError"


def test_describe() -> None:
    details = describe(raised(ValueError("no")))
    assert details["type"] == "ValueError"
    assert details["message"] == "no"
    assert details["traceback"].startswith("Traceback (most recent call last):\n")
    assert "in raised" in details["traceback"]
    assert details["traceback"].endswith("ValueError: no\n")
    assert set(details) == {"type", "message", "traceback"}


def test_notes() -> None:
    error = raised(ValueError("no"))
    vars(error)["__notes__"] = ["one", 2, "two"] + ["more"] * 100
    assert describe(error)["notes"] == ["one", "two"] + ["more"] * 30
    vars(error)["__notes__"] = "text"
    assert "notes" not in describe(error)


def test_cause_and_context() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as error:
        details = describe(error)
    assert details["cause"]["type"] == "KeyError"
    assert "direct cause" in details["traceback"]
    assert "direct cause" not in details["cause"]["traceback"]

    outer = ValueError("outer")
    outer.__context__ = KeyError("inner")
    assert describe(outer)["cause"]["message"] == "'inner'"
    outer.__suppress_context__ = True
    assert "cause" not in describe(outer)


def test_cycle_of_causes() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    details = describe(first)
    assert details["cause"]["message"] == "b"
    assert "cause" not in details["cause"]


def test_long_chain_of_causes_is_cut() -> None:
    error = ValueError("0")
    for number in range(1, 50):
        outer = ValueError(str(number))
        outer.__cause__ = error
        error = outer
    depth, details = 0, describe(error)
    while "cause" in details:
        depth, details = depth + 1, details["cause"]
    assert depth == 7


def test_exceptions_that_do_not_want_to_be_looked_at() -> None:
    details = describe(raised(BadStr()))
    assert details["message"] == "<SystemExit in __str__>"
    assert headline(BadStr()) == f"{__name__}.BadStr: <SystemExit in __str__>"
    assert headline(ValueError()) == "ValueError"


def test_traceback_that_cannot_be_formatted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("traceback.format_exception", fail)
    assert describe(ValueError("no"))["traceback"] == ""


def test_base_exceptions() -> None:
    for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
        assert describe(raised(error))["type"] == type(error).__name__


def test_own_frames_are_left_out() -> None:
    space: dict[str, Any] = {"__name__": "ringwire.engine"}
    exec("def call(f):\n    f()", space)

    def handler() -> None:
        raise ValueError("no")

    try:
        space["call"](handler)
    except ValueError as error:
        trace = error.__traceback__
        assert trace is not None
        assert trace.tb_next is not None
        # The test's own frame comes first, so only what follows may be asked about.
        kept = without_own_frames(trace.tb_next)
        assert kept is not None
        assert kept.tb_frame.f_code is handler.__code__
    assert without_own_frames(None) is None


def test_huge_texts_lose_their_middle() -> None:
    details = describe(raised(ValueError("a" * 10_000_000 + "z")))
    assert len(details["message"]) < 70_000
    assert details["message"].startswith("aaa")
    assert details["message"].endswith("az")
    assert "characters left out" in details["message"]
    assert len(details["traceback"]) < 70_000


# spec:test PAYLOAD-009
@pytest.mark.parametrize("maximum", [MAX_MESSAGE_MIN, 2000, 10_000, 100_000, 10_000_000])
def test_fits_every_limit(maximum: int) -> None:
    cause = {"type": "KeyError", "message": "m" * 50_000, "traceback": "t" * 60_000}
    details = {**cause, "notes": ["n" * 1000] * 32, "cause": {**cause, "cause": dict(cause)}}
    body, error_message = fit("é" * 10_000, details, maximum)
    assert 20 + len(body) + len(error_message) <= maximum
    assert error_message.decode()
    if body:
        assert isinstance(json.loads(body), dict)
    assert body


def test_small_failure_is_left_alone() -> None:
    assert fit("gone", {"started": True}, 1024) == (b'{"started":true}', b"gone")
    assert fit("gone", {}, 1024) == (b"", b"gone")


def test_what_cannot_be_trimmed_is_left_out() -> None:
    assert fit("x", {f"k{n}": True for n in range(1000)}, 1024) == (b"", b"x")


@pytest.mark.parametrize("length", [255, 256, 257, 1000])
def test_error_message_is_cut_between_characters(length: int) -> None:
    _, error_message = fit("a" + "漢" * length, {}, 1024)
    assert len(error_message) <= 251
    assert ("a" + "漢" * length).startswith(error_message.decode())


def test_error_message_with_a_lone_surrogate() -> None:
    _, error_message = fit("\ud800", {}, 1024)
    assert error_message == b"\\ud800"


def test_trimming_goes_through_lists_and_objects() -> None:
    trimmed = failure._trim_all({"a": ["x" * 100, 5], "b": {"c": "y" * 100}}, 10)
    assert trimmed["a"][0].startswith("xxxxx\n[... 90")
    assert trimmed["a"][1] == 5
    assert trimmed["b"]["c"].endswith("\nyyyyy")
