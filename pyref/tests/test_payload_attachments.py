"""Payload encoding 2: the golden envelopes, and which values become attachments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ringwire import payload_attachments
from ringwire.payload import PayloadError, decode_kwargs, encode_result
from ringwire.payload_attachments import make, parse_envelope

CASES = json.loads(
    (Path(__file__).parents[2] / "testdata/payload/envelopes.json").read_text(encoding="utf-8")
)["cases"]

decode, _encode = make(decode_kwargs, encode_result)


def encode(value: Any) -> bytes:
    return bytes(_encode(value))


def envelope(text: bytes, attachments: dict[str, Any]) -> bytes:
    return bytes(payload_attachments.envelope(text, attachments))


def named(result: str) -> list[Any]:
    return [
        pytest.param(case, id=case["id"])
        for case in CASES
        if case["result"] == result and case["hex"][:2] == "00"
    ]


# spec:test PAYLOAD-016 PAYLOAD-020
@pytest.mark.parametrize("case", named("invalid"))
def test_malformed_envelopes_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(PayloadError, match="malformed envelope"):
        parse_envelope(bytes.fromhex(case["hex"]))
    with pytest.raises(PayloadError):
        decode(bytes.fromhex(case["hex"]))


# spec:test PAYLOAD-016
@pytest.mark.parametrize("case", named("valid"))
def test_good_envelopes_are_understood(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    text, attachments = parse_envelope(data)
    assert text.decode() == case["json"]
    expected = {
        a["name"]: bytes.fromhex(a["data"])
        if a["kind"] == "BYTES"
        else bytes.fromhex(a["data"]).decode()
        for a in case["attachments"]
    }
    assert attachments == expected
    assert list(attachments) == list(expected)
    assert envelope(text, attachments) == data
    for length in range(len(data)):
        with pytest.raises(PayloadError):
            parse_envelope(data[:length])


# spec:test PAYLOAD-015
def test_plain_json_is_left_alone() -> None:
    assert decode(b"") == {}
    assert decode(b'{"a":1}') == {"a": 1}
    for value in (None, 1, "short", {"a": "b"}, [b""][:0], {1: "x" * 10}):
        assert encode(value) == encode_result(value)


# spec:test PAYLOAD-017
def test_attachments_are_members_of_the_arguments() -> None:
    data = envelope(b'{"a":1,"raw":null}', {"raw": b"\1", "text": "t"})
    assert decode(data) == {"a": 1, "raw": b"\1", "text": "t"}
    assert decode(envelope(b"", {"raw": b""})) == {"raw": b""}
    with pytest.raises(PayloadError):
        decode(envelope(b"[]", {"raw": b""}))


# spec:test PAYLOAD-018 PAYLOAD-019
@pytest.mark.parametrize(
    "value", [b"", b"\0\1", bytearray(b"ab"), memoryview(b"abc"), "x" * 512, "ü\n" * 300]
)
def test_whole_results(value: Any) -> None:
    text, attachments = parse_envelope(encode(value))
    assert text == b""
    assert attachments == {"": value if isinstance(value, str) else bytes(value)}


# spec:test PAYLOAD-017
def test_members_of_results() -> None:
    value = {"raw": b"\1", "array": bytearray(b"2"), "view": memoryview(b"3"), "n": 7}
    text, attachments = parse_envelope(encode(value))
    assert json.loads(text) == {"n": 7}
    assert attachments == {"raw": b"\1", "array": b"2", "view": b"3"}

    text, attachments = parse_envelope(encode({"long": "y" * 512, "short": "z"}))
    assert json.loads(text) == {"short": "z"}
    assert attachments == {"long": "y" * 512}


def test_views_of_any_shape() -> None:
    grid = memoryview(bytes(range(12))).cast("B", (3, 4))
    assert parse_envelope(encode(grid))[1] == {"": bytes(range(12))}
    words = memoryview(bytes(range(16))).cast("I")
    assert parse_envelope(encode(words))[1] == {"": bytes(range(16))}
    assert parse_envelope(encode(memoryview(b"abcd")[::2]))[1] == {"": b"ac"}


class MyBytes(bytes):
    pass


def test_subclasses_of_bytes_are_bytes() -> None:
    assert parse_envelope(encode(MyBytes(b"a")))[1] == {"": b"a"}
    assert parse_envelope(encode({"m": MyBytes(b"a")}))[1] == {"m": b"a"}


def test_what_text_cannot_carry_goes_through_json() -> None:
    lonely = "x" * 600 + "\ud800"
    assert encode(lonely) == encode_result(lonely)
    assert encode({"s": lonely}) == encode_result({"s": lonely})
    long = "x" * 600
    assert encode({1: long}) == encode_result({1: long})
    assert encode({"\ud800": long}) == encode_result({"\ud800": long})


@pytest.mark.parametrize(
    "value", [{1: b""}, {"\ud800": b""}, {"deep": [b""]}, [b""], {"s": "\ud800" * 600, "b": b""}]
)
def test_bytes_that_have_no_place_are_refused(value: Any) -> None:
    with pytest.raises(PayloadError, match="not JSON"):
        encode(value)
