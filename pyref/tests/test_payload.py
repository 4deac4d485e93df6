from __future__ import annotations

import enum
import json
import math
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

from ringwire import payload
from ringwire.payload import PayloadError, decode_kwargs, encode_details, encode_result


class Number(enum.IntEnum):
    ONE = 1


class Colour(enum.Enum):
    RED = 1


# spec:test PAYLOAD-001
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", {}),
        (b"{}", {}),
        (b'{"a":1,"b":2}', {"a": 1, "b": 2}),
        (b' \t\r\n{"a" : [1, 2.5, null, true, "\\u00e9"]}\n', {"a": [1, 2.5, None, True, "é"]}),
        ('{"é":"漢\U0001f600"}'.encode(), {"é": "漢\U0001f600"}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"n":123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
        (b'{"n":-0.0}', {"n": -0.0}),
        (b'{"s":"\\ud800"}', {"s": "\ud800"}),
    ],
)
def test_kwargs(data: bytes, expected: dict[str, Any]) -> None:
    assert decode_kwargs(data) == expected


# spec:test PAYLOAD-002 LIMIT-003
@pytest.mark.parametrize(
    "data",
    [
        b"null",
        b"[]",
        b"1",
        b'"{}"',
        b"{",
        b"{}{}",
        b"{} x",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":"\x01"}',
        b'{"a":\xff}',
        b'\xef\xbb\xbf{"a":1}',
        b" ",
        b"x",
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_bad_kwargs(data: bytes) -> None:
    with pytest.raises(PayloadError, match="kwargs"):
        decode_kwargs(data)


# spec:test PAYLOAD-003
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        ({"sum": 3}, '{"sum":3}'),
        ([1, 2.5, True, None, "é\U0001f600"], '[1,2.5,true,null,"é\U0001f600"]'),
        ((1, 2), "[1,2]"),
        ("text", '"text"'),
        (5, "5"),
        (10**30, str(10**30)),
        ({1: 2, None: 3, False: 4, 2.5: 5}, '{"1":2,"null":3,"false":4,"2.5":5}'),
        (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
        (Number.ONE, "1"),
        ("\ud800", '"\\ud800"'),
        ({"a\ud800é": 1}, '{"a\\ud800\\u00e9":1}'),
    ],
)
def test_results(value: Any, expected: str) -> None:
    assert encode_result(value) == expected.encode()


class Hostile(dict[str, int]):
    def items(self) -> Any:
        raise KeyboardInterrupt


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Raiser(dict[str, int]):
    def items(self) -> Any:
        raise Unprintable


def cycle() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


def deep() -> list[Any]:
    values: list[Any] = []
    for _ in range(100_000):
        values = [values]
    return values


# spec:test PAYLOAD-004 LIMIT-003
@pytest.mark.parametrize(
    "make",
    [
        lambda: math.nan,
        lambda: [math.inf],
        lambda: {"a": -math.inf},
        lambda: {math.nan: 1},
        object,
        lambda: {1, 2},
        lambda: b"bytes",
        lambda: {(1, 2): 3},
        lambda: 1j,
        lambda: uuid.UUID(int=0),
        lambda: Colour.RED,
        lambda: (n for n in (1, 2)),
        cycle,
        deep,
        lambda: Hostile(a=1),
        lambda: Raiser(a=1),
        lambda: 10**5000,
    ],
)
def test_results_that_json_cannot_carry(make: Callable[[], Any]) -> None:
    with pytest.raises(PayloadError, match="result cannot be encoded"):
        encode_result(make())


def test_reason_names_the_type() -> None:
    with pytest.raises(PayloadError, match=r"type builtins\.set is not JSON"):
        encode_result([{1}])


def test_details_are_ascii() -> None:
    assert encode_details({"message": "é\ud800"}) == b'{"message":"\\u00e9\\ud800"}'


@pytest.mark.parametrize("value", [{"a": [1, 2.5, "é"]}, [], {}, None, "", [[["x"]]]])
def test_agrees_with_the_plain_way(value: Any) -> None:
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert encode_result(value) == plain.encode()
    assert decode_kwargs(b'{"v":' + plain.encode() + b"}") == {"v": value}


def test_without_the_c_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("json.encoder.c_make_encoder", None)
    chunks = payload._make_chunks(ensure_ascii=False)
    assert "".join(chunks({"a": [1, "é"]}, 0)) == '{"a":[1,"é"]}'
    with pytest.raises(ValueError, match="Out of range"):
        "".join(chunks(math.nan, 0))
