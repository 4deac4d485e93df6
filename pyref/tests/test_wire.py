from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from ringwire import wire
from ringwire._registry import (
    BAD_SUCCESS,
    BAD_TYPE,
    BAD_UTF8,
    EMPTY_NAME,
    LENGTH_MISMATCH,
    NAME_TOO_LONG,
    NONZERO_LENGTH,
    NUL_IN_NAME,
    REQUEST_FIELDS,
    RESERVED_ID,
    RESPONSE_FIELDS,
    STATUS_CONFLICT,
    TOO_LARGE,
    TRAILING,
    TRUNCATED_BODY,
    TRUNCATED_HEADER,
)
from ringwire.errors import WireError

REQUEST_HEX = """
01 07 00 00 00 26 00 00 00 01 00 00 00 03 00 00 00 0D 00 00 00
6D 61 64 64 7B 22 61 22 3A 31 2C 22 62 22 3A 32 7D
"""
RESPONSE_HEX = """
02 07 00 00 00 1D 00 00 00 09 00 00 00 C8 00 00 00 00 00 01
7B 22 73 75 6D 22 3A 33 7D
"""
SHUTDOWN_HEX = "03 00 00 00 00 15 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
CANCEL_HEX = "04 07 00 00 00 15 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"

EXAMPLES: list[tuple[str, wire.Message]] = [
    (REQUEST_HEX, wire.Request(7, "m", "add", b'{"a":1,"b":2}')),
    (RESPONSE_HEX, wire.Response(7, 200, True, b'{"sum":3}')),
    (SHUTDOWN_HEX, wire.Shutdown()),
    (CANCEL_HEX, wire.Cancel(7)),
]

GOOD_REQUESTS: list[wire.RequestMessage] = [
    wire.Request(7, "m", "add", b'{"a":1,"b":2}'),
    wire.Request(1, "m", "f"),
    wire.Request(0xFFFFFFFF, "a.b", "C.f", b"\x00\xff not json"),
    wire.Request(2, "é" * 512, "漢" * 341 + "x", b"{}"),
    wire.Request(3, "\U0010ffff", "\u07ff\u0800\ud7ff\ue000\uffff\U00010000"),
    wire.Shutdown(),
    wire.Cancel(1),
    wire.Cancel(0xFFFFFFFF),
]
GOOD_RESPONSES: list[wire.Response] = [
    wire.Response(7, 200, True, b'{"sum":3}'),
    wire.Response(7, 200, True),
    wire.Response(1, 299, True, b"\xff\x00"),
    wire.Response(1, 400, False),
    wire.Response(0xFFFFFFFF, 599, False, b"{}", "né\x00"),
]


def raw_request(
    type_: int = 1,
    request_id: int = 7,
    module: bytes = b"m",
    function: bytes = b"f",
    kwargs: bytes = b"{}",
    **changes: int,
) -> bytes:
    """A request built without the encoder, so that it never marks its own homework."""
    fields = {
        "total_length": 21 + len(module) + len(function) + len(kwargs),
        "module_name_len": len(module),
        "function_name_len": len(function),
        "kwargs_len": len(kwargs),
    }
    fields.update(changes)
    return struct.pack("<BIIIII", type_, request_id, *fields.values()) + module + function + kwargs


def raw_response(
    type_: int = 2,
    request_id: int = 7,
    body: bytes = b"{}",
    error: bytes = b"",
    status: int = 200,
    success: int = 1,
    **changes: int,
) -> bytes:
    fields = {
        "total_length": 20 + len(body) + len(error),
        "body_len": len(body),
        "error_message_len": len(error),
    }
    fields.update(changes)
    return (
        struct.pack(
            "<BIIIHIB",
            type_,
            request_id,
            fields["total_length"],
            fields["body_len"],
            status,
            fields["error_message_len"],
            success,
        )
        + body
        + error
    )


def refusal(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(WireError) as caught:
        call()
    error = caught.value
    assert error.number > 0
    assert error.category
    return error.code, error.offset, error.field


# spec:test WIRE-030
@pytest.mark.parametrize(("text", "message"), EXAMPLES)
def test_examples_of_the_specification(text: str, message: wire.Message) -> None:
    data = bytes.fromhex(text)
    parse = wire.parse_response if isinstance(message, wire.Response) else wire.parse_request
    assert parse(data) == message
    assert wire.encode(message) == data


# spec:test WIRE-027 WIRE-030
@pytest.mark.parametrize("message", [*GOOD_REQUESTS, *GOOD_RESPONSES])
@pytest.mark.parametrize("container", [bytes, bytearray, memoryview])
def test_round_trip(message: wire.Message, container: Callable[[bytes], wire.Bytes]) -> None:
    data = wire.encode(message)
    parse = wire.parse_response if isinstance(message, wire.Response) else wire.parse_request
    assert parse(container(data)) == message
    assert wire.encode(parse(data)) == data


def field_at(fields: dict[str, tuple[int, int]], offset: int) -> str:
    return next(name for name, (start, size) in fields.items() if start <= offset < start + size)


# spec:test WIRE-001 WIRE-009 WIRE-028
@pytest.mark.parametrize("message", [m for m in GOOD_REQUESTS if isinstance(m, wire.Request)])
def test_every_prefix_of_a_request(message: wire.Request) -> None:
    data = wire.encode(message)
    module_end = 21 + len(message.module_name.encode())
    function_end = module_end + len(message.function_name.encode())
    for n in range(len(data)):
        if n < 21:
            expected = (TRUNCATED_HEADER, n, field_at(REQUEST_FIELDS, n))
        elif n < module_end:
            expected = (TRUNCATED_BODY, n, "module_name")
        elif n < function_end:
            expected = (TRUNCATED_BODY, n, "function_name")
        else:
            expected = (TRUNCATED_BODY, n, "kwargs")
        assert refusal(lambda n=n: wire.parse_request(data[:n])) == expected  # type: ignore[misc]


# spec:test WIRE-001 WIRE-009
@pytest.mark.parametrize("message", GOOD_RESPONSES)
def test_every_prefix_of_a_response(message: wire.Response) -> None:
    data = wire.encode(message)
    body_end = 20 + len(message.body)
    for n in range(len(data)):
        if n < 20:
            expected = (TRUNCATED_HEADER, n, field_at(RESPONSE_FIELDS, n))
        elif n < body_end:
            expected = (TRUNCATED_BODY, n, "body")
        else:
            expected = (TRUNCATED_BODY, n, "error_message")
        assert refusal(lambda n=n: wire.parse_response(data[:n])) == expected  # type: ignore[misc]


# spec:test WIRE-001
def test_prefixes_of_bare_headers_end_in_the_header() -> None:
    for message in (wire.Shutdown(), wire.Cancel(9)):
        data = wire.encode(message)
        for n in range(21):
            code, offset, field = refusal(lambda n=n, d=data: wire.parse_request(d[:n]))  # type: ignore[misc]
            assert (code, offset, field) == (TRUNCATED_HEADER, n, field_at(REQUEST_FIELDS, n))


BAD_REQUESTS = {
    "type 0": (raw_request(type_=0), (BAD_TYPE, 0, "type")),
    "type 2 of the other direction": (raw_request(type_=2), (BAD_TYPE, 0, "type")),
    "type 5": (raw_request(type_=5), (BAD_TYPE, 0, "type")),
    "type 10 reserved": (raw_request(type_=10), (BAD_TYPE, 0, "type")),
    "type 21 reserved": (raw_request(type_=21), (BAD_TYPE, 0, "type")),
    "type 255": (raw_request(type_=255), (BAD_TYPE, 0, "type")),
    "total one below": (raw_request(total_length=24), (LENGTH_MISMATCH, 5, "total_length")),
    "total one above": (raw_request(total_length=26), (LENGTH_MISMATCH, 5, "total_length")),
    "total 0": (raw_request(total_length=0), (LENGTH_MISMATCH, 5, "total_length")),
    "sum wraps in 32 bits": (
        raw_request(total_length=25, kwargs_len=0xFFFFFFFF, module_name_len=4),
        (LENGTH_MISMATCH, 5, "total_length"),
    ),
    "sum wraps in 32 bits, two lengths": (
        raw_request(module_name_len=0x80000001, function_name_len=0x80000001),
        (LENGTH_MISMATCH, 5, "total_length"),
    ),
    "module name 1025": (
        raw_request(module=b"m" * 1025),
        (NAME_TOO_LONG, 9, "module_name_len"),
    ),
    "function name 1025": (
        raw_request(function=b"m" * 1025),
        (NAME_TOO_LONG, 13, "function_name_len"),
    ),
    "both names 1025": (
        raw_request(module=b"m" * 1025, function=b"m" * 1025),
        (NAME_TOO_LONG, 9, "module_name_len"),
    ),
    "name of a SHUTDOWN 1025": (
        raw_request(type_=3, request_id=0, module=b"m" * 1025),
        (NAME_TOO_LONG, 9, "module_name_len"),
    ),
    "one byte after": (raw_request() + b"\0", (TRAILING, 25, "trailing")),
    "header with a byte after": (
        wire.encode_shutdown() + b"x",
        (TRAILING, 21, "trailing"),
    ),
    "id 0": (raw_request(request_id=0), (RESERVED_ID, 1, "request_id")),
    "module empty": (raw_request(module=b""), (EMPTY_NAME, 9, "module_name_len")),
    "function empty": (raw_request(function=b""), (EMPTY_NAME, 13, "function_name_len")),
    "module not text": (raw_request(module=b"a\xe2\x82b"), (BAD_UTF8, 22, "module_name")),
    "module surrogate": (raw_request(module=b"\xed\xa0\x80"), (BAD_UTF8, 21, "module_name")),
    "module overlong": (raw_request(module=b"ab\xc0\x80"), (BAD_UTF8, 23, "module_name")),
    "module above 10FFFF": (
        raw_request(module=b"\xf4\x90\x80\x80"),
        (BAD_UTF8, 21, "module_name"),
    ),
    "module cut within a character": (
        raw_request(module=b"a\xe2\x82", function=b"\xac"),
        (BAD_UTF8, 22, "module_name"),
    ),
    "module zero byte": (raw_request(module=b"a\0b"), (NUL_IN_NAME, 22, "module_name")),
    "module not text after a zero byte": (
        raw_request(module=b"\0\xff"),
        (BAD_UTF8, 22, "module_name"),
    ),
    "function not text": (
        raw_request(module=b"mod", function=b"f\xff"),
        (BAD_UTF8, 25, "function_name"),
    ),
    "function zero byte": (
        raw_request(module=b"mod", function=b"f\0"),
        (NUL_IN_NAME, 25, "function_name"),
    ),
    "SHUTDOWN with id": (
        raw_request(type_=3, request_id=1, module=b"", function=b"", kwargs=b""),
        (RESERVED_ID, 1, "request_id"),
    ),
    "CANCEL without id": (
        raw_request(type_=4, request_id=0, module=b"", function=b"", kwargs=b""),
        (RESERVED_ID, 1, "request_id"),
    ),
    "SHUTDOWN with module": (
        raw_request(type_=3, request_id=0),
        (NONZERO_LENGTH, 9, "module_name_len"),
    ),
    "CANCEL with function": (
        raw_request(type_=4, module=b""),
        (NONZERO_LENGTH, 13, "function_name_len"),
    ),
    "CANCEL with kwargs": (
        raw_request(type_=4, module=b"", function=b""),
        (NONZERO_LENGTH, 17, "kwargs_len"),
    ),
    # Precedence: two faults, one answer.
    "type before length": (raw_request(type_=9, total_length=1), (BAD_TYPE, 0, "type")),
    "length before truncation": (
        raw_request(total_length=99)[:22],
        (LENGTH_MISMATCH, 5, "total_length"),
    ),
    "truncation before id": (
        raw_request(request_id=0)[:-1],
        (TRUNCATED_BODY, 24, "kwargs"),
    ),
    "trailing before id": (raw_request(request_id=0) + b"x", (TRAILING, 25, "trailing")),
    "id before empty name": (
        raw_request(request_id=0, module=b""),
        (RESERVED_ID, 1, "request_id"),
    ),
    "short part is the first that ends beyond": (
        raw_request(module=b"", function=b"", kwargs=b"ab")[:22],
        (TRUNCATED_BODY, 22, "kwargs"),
    ),
}


# spec:test WIRE-002 WIRE-004 WIRE-005 WIRE-007 WIRE-008 WIRE-010 WIRE-011 WIRE-012 WIRE-013
# spec:test WIRE-014 WIRE-015 WIRE-016 WIRE-017 WIRE-018 WIRE-019 WIRE-020
@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_request(name: str) -> None:
    data, expected = BAD_REQUESTS[name]
    assert refusal(lambda: wire.parse_request(data)) == expected


BAD_RESPONSES = {
    "type 1 of the other direction": (raw_response(type_=1), (BAD_TYPE, 0, "type")),
    "type 3": (raw_response(type_=3), (BAD_TYPE, 0, "type")),
    "total one below": (raw_response(total_length=21), (LENGTH_MISMATCH, 5, "total_length")),
    "total one above": (raw_response(total_length=23), (LENGTH_MISMATCH, 5, "total_length")),
    "sum wraps in 32 bits": (
        raw_response(body_len=0xFFFFFFFF, error_message_len=3),
        (LENGTH_MISMATCH, 5, "total_length"),
    ),
    "one byte after": (raw_response() + b"x", (TRAILING, 22, "trailing")),
    "id 0": (raw_response(request_id=0), (RESERVED_ID, 1, "request_id")),
    "success 2": (raw_response(success=2), (BAD_SUCCESS, 19, "success")),
    "success 255": (raw_response(success=255), (BAD_SUCCESS, 19, "success")),
    "success with 199": (raw_response(status=199), (STATUS_CONFLICT, 13, "status_code")),
    "success with 300": (raw_response(status=300), (STATUS_CONFLICT, 13, "status_code")),
    "failure with 399": (
        raw_response(status=399, success=0),
        (STATUS_CONFLICT, 13, "status_code"),
    ),
    "failure with 600": (
        raw_response(status=600, success=0),
        (STATUS_CONFLICT, 13, "status_code"),
    ),
    "failure with 200": (
        raw_response(status=200, success=0),
        (STATUS_CONFLICT, 13, "status_code"),
    ),
    "success with error message": (
        raw_response(error=b"e"),
        (STATUS_CONFLICT, 15, "error_message_len"),
    ),
    "error message not text": (
        raw_response(status=500, success=0, error=b"ab\xff"),
        (BAD_UTF8, 24, "error_message"),
    ),
    "status before body_len": (
        struct.pack("<BIIHIIB", 2, 7, 29, 200, 9, 0, 1) + b'{"sum":3}',
        (LENGTH_MISMATCH, 5, "total_length"),
    ),
    "success before status": (
        raw_response(status=99, success=2),
        (BAD_SUCCESS, 19, "success"),
    ),
}


# spec:test WIRE-003 WIRE-004 WIRE-005 WIRE-010 WIRE-021 WIRE-022 WIRE-023 WIRE-024 WIRE-025
# spec:test WIRE-026
@pytest.mark.parametrize("name", BAD_RESPONSES)
def test_bad_response(name: str) -> None:
    data, expected = BAD_RESPONSES[name]
    assert refusal(lambda: wire.parse_response(data)) == expected


def test_borders_of_status_are_accepted() -> None:
    for status, success in ((200, 1), (299, 1), (400, 0), (599, 0)):
        assert wire.parse_response(raw_response(status=status, success=success)).status_code == (
            status
        )


# spec:test WIRE-007 WIRE-008
def test_names_of_1024_bytes_are_accepted() -> None:
    request = wire.parse_request(raw_request(module=b"m" * 1024, function=b"f" * 1024))
    assert request == wire.Request(7, "m" * 1024, "f" * 1024, b"{}")


# spec:test WIRE-006
def test_limit_is_inclusive() -> None:
    request = raw_request()
    assert wire.parse_request(request, len(request))
    over = refusal(lambda: wire.parse_request(request, len(request) - 1))
    assert over == (TOO_LARGE, 5, "total_length")
    response = raw_response()
    assert wire.parse_response(response, len(response))
    over = refusal(lambda: wire.parse_response(response, len(response) - 1))
    assert over == (TOO_LARGE, 5, "total_length")


# spec:test WIRE-006 WIRE-029
def test_limit_is_checked_before_the_bytes_are_there() -> None:
    huge = raw_request(kwargs=b"", kwargs_len=0x7FFFFFFF, total_length=23 + 0x7FFFFFFF)
    assert refusal(lambda: wire.parse_request(huge)) == (TOO_LARGE, 5, "total_length")


# spec:test WIRE-031
def test_encoder_refuses_what_the_decoder_refuses() -> None:
    cases: list[tuple[Callable[[], bytes], tuple[str, int, str]]] = [
        (lambda: wire.encode_request(0, "m", "f"), (RESERVED_ID, 1, "request_id")),
        (lambda: wire.encode_request(1, "", "f"), (EMPTY_NAME, 9, "module_name_len")),
        (lambda: wire.encode_request(1, "m", ""), (EMPTY_NAME, 13, "function_name_len")),
        (lambda: wire.encode_request(1, "m" * 1025, "f"), (NAME_TOO_LONG, 9, "module_name_len")),
        (lambda: wire.encode_request(1, "m", "é" * 513), (NAME_TOO_LONG, 13, "function_name_len")),
        (lambda: wire.encode_request(1, "a\0", "f"), (NUL_IN_NAME, 22, "module_name")),
        (lambda: wire.encode_request(1, "ab", "é\0"), (NUL_IN_NAME, 25, "function_name")),
        (lambda: wire.encode_request(1, "é\ud800", "f"), (BAD_UTF8, 23, "module_name")),
        (lambda: wire.encode_request(1, b"m", b"f\xff"), (BAD_UTF8, 23, "function_name")),
        (
            lambda: wire.encode_request(1, "m", "f", b"123", max_message=25),
            (TOO_LARGE, 5, "total_length"),
        ),
        (lambda: wire.encode_request_message(2, 1, "m", "f"), (BAD_TYPE, 0, "type")),
        (lambda: wire.encode_request_message(3, 1), (RESERVED_ID, 1, "request_id")),
        (
            lambda: wire.encode_request_message(3, 0, kwargs=b"{}"),
            (NONZERO_LENGTH, 17, "kwargs_len"),
        ),
        (lambda: wire.encode_cancel(0), (RESERVED_ID, 1, "request_id")),
        (lambda: wire.encode_response(0, 200, True), (RESERVED_ID, 1, "request_id")),
        (lambda: wire.encode_response(1, 200, 2), (BAD_SUCCESS, 19, "success")),
        (lambda: wire.encode_response(1, 300, True), (STATUS_CONFLICT, 13, "status_code")),
        (lambda: wire.encode_response(1, 200, False), (STATUS_CONFLICT, 13, "status_code")),
        (
            lambda: wire.encode_response(1, 200, True, b"", "x"),
            (STATUS_CONFLICT, 15, "error_message_len"),
        ),
        (
            lambda: wire.encode_response(1, 500, False, b"ab", "é\udfff"),
            (BAD_UTF8, 24, "error_message"),
        ),
        (
            lambda: wire.encode_response(1, 200, True, b"12345", max_message=24),
            (TOO_LARGE, 5, "total_length"),
        ),
    ]
    for call, expected in cases:
        assert refusal(call) == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: wire.encode_request(-1, "m", "f"),
        lambda: wire.encode_request(1 << 32, "m", "f"),
        lambda: wire.encode_request_message(256, 1),
        lambda: wire.encode_response(1, 1 << 16, True),
        lambda: wire.encode_response(1, 200, -1),
    ],
)
def test_values_that_fit_no_field_are_the_callers_fault(call: Callable[[], bytes]) -> None:
    with pytest.raises(ValueError, match="fits no field"):
        call()


def test_messages_are_frozen() -> None:
    with pytest.raises(AttributeError):
        wire.Request(1, "m", "f").request_id = 2  # type: ignore[misc]


# spec:test WIRE-032
def test_request_stream_byte_by_byte() -> None:
    reader = wire.RequestReader()
    got = []
    for byte in b"".join(wire.encode(m) for m in GOOD_REQUESTS):
        reader.feed(bytes((byte,)))
        message = reader.next()
        if message is not None:
            got.append(message)
    reader.feed_eof()
    assert got == GOOD_REQUESTS
    assert reader.next() is None


# spec:test WIRE-032
def test_response_stream_all_at_once() -> None:
    reader = wire.ResponseReader()
    assert reader.next() is None
    reader.feed(b"".join(wire.encode(m) for m in GOOD_RESPONSES))
    reader.feed_eof()
    got = [reader.next() for _ in GOOD_RESPONSES]
    assert got == GOOD_RESPONSES
    assert reader.next() is None


# spec:test WIRE-033
def test_stream_refuses_as_soon_as_the_header_is_there() -> None:
    reader = wire.RequestReader(max_message=1024)
    reader.feed(raw_request(kwargs=b"", kwargs_len=5000, total_length=5023)[:20])
    assert reader.next() is None
    reader.feed(raw_request(kwargs=b"", kwargs_len=5000, total_length=5023)[20:21])
    assert refusal(reader.next) == (TOO_LARGE, 5, "total_length")
    responses = wire.ResponseReader()
    responses.feed(raw_response(type_=1)[:20])
    assert refusal(responses.next) == (BAD_TYPE, 0, "type")


# spec:test WIRE-035
def test_stream_stays_refused() -> None:
    reader = wire.RequestReader()
    reader.feed(raw_request(request_id=0) + raw_request())
    first = refusal(reader.next)
    reader.feed(raw_request())
    assert refusal(reader.next) == first == (RESERVED_ID, 1, "request_id")


# spec:test WIRE-034
def test_stream_that_ends_inside_a_frame() -> None:
    for data, expected in (
        (raw_request()[:6], (TRUNCATED_HEADER, 6, "total_length")),
        (raw_request()[:22], (TRUNCATED_BODY, 22, "function_name")),
    ):
        reader = wire.RequestReader()
        reader.feed(data)
        assert reader.next() is None
        reader.feed_eof()
        assert refusal(reader.next) == expected
        assert refusal(reader.next) == expected
    responses = wire.ResponseReader()
    responses.feed(raw_response() + raw_response()[:21])
    responses.feed_eof()
    assert responses.next() is not None
    assert refusal(responses.next) == (TRUNCATED_BODY, 21, "body")


def test_feeding_after_the_end_is_the_callers_fault() -> None:
    reader = wire.RequestReader()
    reader.feed_eof()
    with pytest.raises(ValueError, match="ended"):
        reader.feed(b"x")
