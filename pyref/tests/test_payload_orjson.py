"""orjson must not be told from the standard library, but for speed."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import importlib
import json
import math
import random
import types
import uuid
from collections import OrderedDict
from typing import Any

import pytest

from ringwire.payload import PayloadError, decode_kwargs, encode_result
from ringwire.payload_orjson import make


class FakeOrjson(types.SimpleNamespace):
    """Stands in for orjson: its ways, as far as they matter here, on top of json."""

    OPT_PASSTHROUGH_DATACLASS = 1
    OPT_PASSTHROUGH_DATETIME = 2
    OPT_PASSTHROUGH_SUBCLASS = 4

    @staticmethod
    def loads(data: bytes) -> Any:
        def refuse(name: str) -> None:
            raise ValueError(name)

        return json.loads(
            data.decode(),
            parse_constant=refuse,
            parse_int=lambda t: int(t) if len(t) < 20 else float(t),
        )

    @staticmethod
    def dumps(value: Any, default: None, options: int) -> bytes:
        assert default is None
        assert options == 7
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.replace("NaN", "null").replace("Infinity", "null").encode()


def libraries() -> list[Any]:
    try:
        return [FakeOrjson, importlib.import_module("orjson")]
    except ImportError:
        return [FakeOrjson]


@dataclasses.dataclass
class Point:
    x: int = 1


class Text(str):
    pass


class Number(enum.IntEnum):
    ONE = 1


def outcome(function: Any, value: Any) -> Any:
    try:
        result = function(value)
    except PayloadError:
        return PayloadError
    return json.loads(result) if isinstance(result, bytes) else repr(result)


KWARGS = [
    b"",
    b"{}",
    b' {"a": 1}\n',
    b'{"a":NaN}',
    b'{"a":-0,"b":-0.0,"c":1e400,"d":1E5,"e":0.1}',
    b'{"n":9223372036854775807}',
    b'{"n":-9223372036854775808}',
    b'{"n":9223372036854775808}',
    b'{"n":18446744073709551615}',
    b'{"n":18446744073709551616}',
    b'{"n":123456789012345678901234567890}',
    b'{"n":0.123456789012345678901234567890}',
    b'{"s":"\\ud800"}',
    b'{"s":"\\u0000\\ud83d\\ude00"}',
    '{"s":"é漢\U0001f600"}'.encode(),
    b'{"a":1,"a":2}',
    b"[]",
    b"null",
    b"{",
    b'{"a":1}x',
    b'{"a":"\x01"}',
    b'{"a":\xff}',
    b'\xef\xbb\xbf{"a":1}',
    b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    b'{"a":' + b"[" * 200_000,
]

RESULTS = [
    None,
    {"sum": 3},
    [1, 2.5, True, None, "é", (1, 2)],
    math.nan,
    [math.inf],
    "null",
    10**30,
    2**63,
    2**64 - 1,
    {1: 2, None: 3},
    {2.5: 1},
    OrderedDict(a=1),
    Text("x"),
    Number.ONE,
    {Text("k"): 1},
    Point(),
    datetime.datetime(2020, 1, 1),
    {1, 2},
    b"x",
    "\ud800",
    {"\ud800": 1},
    object(),
    1e16,
    5e-324,
]


@pytest.mark.parametrize("library", libraries(), ids=lambda library: library.__name__)
def test_agrees(library: Any) -> None:
    decode, encode = make(library)
    for data in KWARGS:
        assert outcome(decode, data) == outcome(decode_kwargs, data), data
    for value in RESULTS:
        assert outcome(encode, value) == outcome(encode_result, value), value


@pytest.mark.parametrize("library", libraries(), ids=lambda library: library.__name__)
def test_agrees_on_numbers(library: Any) -> None:
    decode, encode = make(library)
    rng = random.Random(1)
    for _ in range(2000):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 22)))
        number = rng.choice(("", "-")) + (digits.lstrip("0") or "0")
        number += rng.choice(("", f".{rng.randint(0, 10**6)}"))
        number += rng.choice(("", f"e{rng.randint(-310, 310)}"))
        data = f'{{"n":{number}}}'.encode()
        assert outcome(decode, data) == outcome(decode_kwargs, data), data
        value = decode(data)
        assert outcome(encode, value) == outcome(encode_result, value), data


def test_known_difference() -> None:
    """Told in the module's text; should it go away, the text may go too."""
    _, encode = make(pytest.importorskip("orjson", reason="orjson is optional"))
    assert encode(uuid.UUID(int=0)) == b'"00000000-0000-0000-0000-000000000000"'
    with pytest.raises(PayloadError):
        encode_result(uuid.UUID(int=0))
