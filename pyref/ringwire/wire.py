"""Frames to values and back (chapter 01). Bytes in, values out; no I/O, no clock.

Every refusal is a WireError with the code, category, offset and field of the specification. The
checks stand in the order of their requirement numbers, so a message with two faults has one
answer. Decoders and encoders share them: an encoder refuses what a decoder would.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from struct import Struct
from typing import Final, Generic, TypeAlias, TypeVar

from ._registry import (
    BAD_SUCCESS,
    BAD_TYPE,
    BAD_UTF8,
    EMPTY_NAME,
    LENGTH_MISMATCH,
    MAX_MESSAGE_DEFAULT,
    NAME_MAX,
    NAME_TOO_LONG,
    NONZERO_LENGTH,
    NUL_IN_NAME,
    REQUEST_FIELDS,
    REQUEST_HEADER_SIZE,
    REQUEST_HEADER_STRUCT,
    REQUEST_PARTS,
    RESERVED_ID,
    RESPONSE_FIELDS,
    RESPONSE_HEADER_SIZE,
    RESPONSE_HEADER_STRUCT,
    RESPONSE_PARTS,
    STATUS_CONFLICT,
    TOO_LARGE,
    TRAILING,
    TRUNCATED_BODY,
    TRUNCATED_HEADER,
    TYPE_CANCEL,
    TYPE_REQUEST,
    TYPE_RESPONSE,
    TYPE_SHUTDOWN,
)
from .errors import WireError

Bytes: TypeAlias = "bytes | bytearray | memoryview"

_REQUEST: Final = Struct(REQUEST_HEADER_STRUCT)
_RESPONSE: Final = Struct(RESPONSE_HEADER_STRUCT)
_U16_MAX: Final = 0xFFFF
_U32_MAX: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Request:
    """A call. kwargs are bytes in the lane's payload encoding; the codec never looks at them."""

    request_id: int
    module_name: str
    function_name: str
    kwargs: Bytes = b""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The wish that the worker finish its calls and exit."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The wish that a call be cancelled; request_id names the call."""

    request_id: int


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a call. body is bytes in the lane's payload encoding."""

    request_id: int
    status_code: int
    success: bool
    body: bytes = b""
    error_message: str = ""


RequestMessage: TypeAlias = "Request | Shutdown | Cancel"
Message: TypeAlias = "Request | Shutdown | Cancel | Response"


# ---------------------------------------------------------------- checks


# spec:req WIRE-001
def _check_header_complete(
    available: int, header_size: int, fields: dict[str, tuple[int, int]]
) -> None:
    if available >= header_size:
        return
    for name, (offset, size) in fields.items():
        if available < offset + size:
            raise WireError(TRUNCATED_HEADER, available, name)


# spec:req WIRE-004 WIRE-005 WIRE-006
def _check_total(total: int, expected: int, max_message: int) -> None:
    # Python's integers do not wrap, so the sum is exact.
    if total != expected:
        raise WireError(LENGTH_MISMATCH, 5, "total_length")
    if total > max_message:
        raise WireError(TOO_LARGE, 5, "total_length")


# spec:req WIRE-007 WIRE-008
def _check_name_lengths(module_len: int, function_len: int) -> None:
    if module_len > NAME_MAX:
        raise WireError(NAME_TOO_LONG, 9, "module_name_len")
    if function_len > NAME_MAX:
        raise WireError(NAME_TOO_LONG, 13, "function_name_len")


# spec:req WIRE-009 WIRE-010
def _check_available(
    available: int, total: int, header_size: int, parts: tuple[str, ...], lengths: tuple[int, ...]
) -> None:
    if available < total:
        end = header_size
        for part, length in zip(parts, lengths, strict=True):
            end += length
            if available < end:
                raise WireError(TRUNCATED_BODY, available, part)
    if available > total:
        raise WireError(TRAILING, total, "trailing")


# spec:req WIRE-002 WIRE-007 WIRE-008
def _check_request_lengths(
    type_: int, total: int, lengths: tuple[int, int, int], max_message: int
) -> None:
    if type_ not in (TYPE_REQUEST, TYPE_SHUTDOWN, TYPE_CANCEL):
        raise WireError(BAD_TYPE, 0, "type")
    _check_total(total, REQUEST_HEADER_SIZE + sum(lengths), max_message)
    _check_name_lengths(lengths[0], lengths[1])


# spec:req WIRE-003
def _check_response_lengths(
    type_: int, total: int, lengths: tuple[int, int], max_message: int
) -> None:
    if type_ != TYPE_RESPONSE:
        raise WireError(BAD_TYPE, 0, "type")
    _check_total(total, RESPONSE_HEADER_SIZE + sum(lengths), max_message)


# spec:req WIRE-011 WIRE-012 WIRE-013 WIRE-018 WIRE-019 WIRE-020
def _check_request_contents(type_: int, request_id: int, lengths: tuple[int, int, int]) -> None:
    if (request_id == 0) != (type_ == TYPE_SHUTDOWN):
        raise WireError(RESERVED_ID, 1, "request_id")
    if type_ == TYPE_REQUEST:
        if lengths[0] == 0:
            raise WireError(EMPTY_NAME, 9, "module_name_len")
        if lengths[1] == 0:
            raise WireError(EMPTY_NAME, 13, "function_name_len")
        return
    for part, length in zip(REQUEST_PARTS, lengths, strict=True):
        if length != 0:
            field = f"{part}_len"
            raise WireError(NONZERO_LENGTH, REQUEST_FIELDS[field][0], field)


# spec:req WIRE-021 WIRE-022 WIRE-023 WIRE-024 WIRE-025
def _check_response_contents(
    request_id: int, status_code: int, success: int, error_message_len: int
) -> None:
    if request_id == 0:
        raise WireError(RESERVED_ID, 1, "request_id")
    if success not in (0, 1):
        raise WireError(BAD_SUCCESS, 19, "success")
    first, last = (200, 299) if success else (400, 599)
    if not first <= status_code <= last:
        raise WireError(STATUS_CONFLICT, 13, "status_code")
    if success and error_message_len != 0:
        raise WireError(STATUS_CONFLICT, 15, "error_message_len")


# spec:req WIRE-014 WIRE-016 WIRE-026
def _text(raw: bytes, offset: int, field: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError(BAD_UTF8, offset + error.start, field) from None


# spec:req WIRE-015 WIRE-017
def _name(raw: bytes, offset: int, field: str) -> str:
    text = _text(raw, offset, field)
    zero = raw.find(0)
    if zero >= 0:
        raise WireError(NUL_IN_NAME, offset + zero, field)
    return text


# ---------------------------------------------------------------- decoding


# spec:req WIRE-027 WIRE-028 WIRE-029
def parse_request(data: Bytes, max_message: int = MAX_MESSAGE_DEFAULT) -> RequestMessage:
    """Decode exactly one message that a master sends; raise WireError if it is refused.

    The result shares no memory with data.
    """
    available = len(data)
    _check_header_complete(available, REQUEST_HEADER_SIZE, REQUEST_FIELDS)
    type_, request_id, total, *rest = _REQUEST.unpack_from(data)
    module_len, function_len, kwargs_len = lengths = (rest[0], rest[1], rest[2])
    _check_request_lengths(type_, total, lengths, max_message)
    _check_available(available, total, REQUEST_HEADER_SIZE, REQUEST_PARTS, lengths)
    _check_request_contents(type_, request_id, lengths)
    if type_ == TYPE_SHUTDOWN:
        return Shutdown()
    if type_ == TYPE_CANCEL:
        return Cancel(request_id)
    function_offset = REQUEST_HEADER_SIZE + module_len
    kwargs_offset = function_offset + function_len
    module = bytes(data[REQUEST_HEADER_SIZE:function_offset])
    function = bytes(data[function_offset:kwargs_offset])
    return Request(
        request_id,
        _name(module, REQUEST_HEADER_SIZE, "module_name"),
        _name(function, function_offset, "function_name"),
        bytes(data[kwargs_offset : kwargs_offset + kwargs_len]),
    )


def parse_response(data: Bytes, max_message: int = MAX_MESSAGE_DEFAULT) -> Response:
    """Decode exactly one message that a worker sends; raise WireError if it is refused.

    The result shares no memory with data.
    """
    available = len(data)
    _check_header_complete(available, RESPONSE_HEADER_SIZE, RESPONSE_FIELDS)
    (type_, request_id, total, body_len, status_code, error_len, success) = _RESPONSE.unpack_from(
        data
    )
    lengths = (body_len, error_len)
    _check_response_lengths(type_, total, lengths, max_message)
    _check_available(available, total, RESPONSE_HEADER_SIZE, RESPONSE_PARTS, lengths)
    _check_response_contents(request_id, status_code, success, error_len)
    error_offset = RESPONSE_HEADER_SIZE + body_len
    error_message = _text(bytes(data[error_offset:total]), error_offset, "error_message")
    body = bytes(data[RESPONSE_HEADER_SIZE:error_offset])
    return Response(request_id, status_code, success == 1, body, error_message)


# ---------------------------------------------------------------- encoding


def _require(name: str, value: int, maximum: int) -> None:
    if not 0 <= value <= maximum:
        raise ValueError(f"value fits no field: {name}={value} maximum={maximum}")


def _encoded(text: str | bytes) -> bytes:
    # A lone surrogate is not text; passed on, it is refused as bytes, with the decoder's offset.
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


# spec:req WIRE-030 WIRE-031
def encode_request_message(
    type_: int,
    request_id: int,
    module_name: str | bytes = b"",
    function_name: str | bytes = b"",
    kwargs: Bytes = b"",
    *,
    max_message: int = MAX_MESSAGE_DEFAULT,
) -> bytes:
    """Encode any message that a master sends; raise the WireError that a decoder would.

    Names may be given as bytes, which must be UTF-8. encode_request, encode_shutdown and
    encode_cancel say the same in fewer words.
    """
    _require("type", type_, 0xFF)
    _require("request_id", request_id, _U32_MAX)
    module, function = _encoded(module_name), _encoded(function_name)
    lengths = (len(module), len(function), len(kwargs))
    total = REQUEST_HEADER_SIZE + sum(lengths)
    _check_request_lengths(type_, total, lengths, max_message)
    _check_request_contents(type_, request_id, lengths)
    _name(module, REQUEST_HEADER_SIZE, "module_name")
    _name(function, REQUEST_HEADER_SIZE + len(module), "function_name")
    header = _REQUEST.pack(type_, request_id, total, *lengths)
    return b"".join((header, module, function, kwargs))


def encode_request(
    request_id: int,
    module_name: str | bytes,
    function_name: str | bytes,
    kwargs: Bytes = b"",
    *,
    max_message: int = MAX_MESSAGE_DEFAULT,
) -> bytes:
    """Encode a REQUEST."""
    return encode_request_message(
        TYPE_REQUEST, request_id, module_name, function_name, kwargs, max_message=max_message
    )


def encode_shutdown() -> bytes:
    """Encode the SHUTDOWN."""
    return encode_request_message(TYPE_SHUTDOWN, 0)


def encode_cancel(request_id: int) -> bytes:
    """Encode the CANCEL of a call."""
    return encode_request_message(TYPE_CANCEL, request_id)


# spec:req WIRE-030 WIRE-031
def encode_response(
    request_id: int,
    status_code: int,
    success: int,
    body: Bytes = b"",
    error_message: str | bytes = b"",
    *,
    max_message: int = MAX_MESSAGE_DEFAULT,
) -> bytes:
    """Encode a RESPONSE; raise the WireError that a decoder would."""
    error = _encoded(error_message)
    _require("request_id", request_id, _U32_MAX)
    _require("status_code", status_code, _U16_MAX)
    _require("success", success, 0xFF)
    lengths = (len(body), len(error))
    total = RESPONSE_HEADER_SIZE + sum(lengths)
    _check_response_lengths(TYPE_RESPONSE, total, lengths, max_message)
    _check_response_contents(request_id, status_code, success, len(error))
    _text(error, RESPONSE_HEADER_SIZE + len(body), "error_message")
    header = _RESPONSE.pack(
        TYPE_RESPONSE, request_id, total, len(body), status_code, len(error), success
    )
    return b"".join((header, body, error))


def encode(message: Message, max_message: int = MAX_MESSAGE_DEFAULT) -> bytes:
    """Encode a decoded message again: the same bytes."""
    if isinstance(message, Request):
        return encode_request(
            message.request_id,
            message.module_name,
            message.function_name,
            message.kwargs,
            max_message=max_message,
        )
    if isinstance(message, Response):
        return encode_response(
            message.request_id,
            message.status_code,
            message.success,
            message.body,
            message.error_message,
            max_message=max_message,
        )
    if isinstance(message, Cancel):
        return encode_cancel(message.request_id)
    return encode_shutdown()


# ---------------------------------------------------------------- streams


_M = TypeVar("_M")


class _StreamReader(ABC, Generic[_M]):
    """Frames out of a byte stream. Not for use by several threads.

    Feed bytes as they come and ask for messages until None says that more bytes are needed.
    After a refusal every further call raises the same error (WIRE-035).
    """

    __slots__ = ("_buffer", "_ended", "_max_message", "_refusal")

    def __init__(self, max_message: int = MAX_MESSAGE_DEFAULT) -> None:
        self._max_message = max_message
        self._buffer = bytearray()
        self._ended = False
        self._refusal: WireError | None = None

    def feed(self, data: Bytes) -> None:
        """Add bytes of the stream."""
        if self._ended:
            raise ValueError("stream has ended")
        if self._refusal is None:
            self._buffer += data

    def feed_eof(self) -> None:
        """Say that the stream has ended."""
        self._ended = True

    # spec:req WIRE-034 WIRE-035
    def next(self) -> _M | None:
        """The next message; None if more bytes are needed, or at the end of the stream."""
        if self._refusal is not None:
            raise self._refusal
        try:
            frame = self._next_frame()
            return None if frame is None else self._parse(frame)
        except WireError as error:
            self._refusal = error
            self._buffer.clear()
            raise

    # spec:req WIRE-032 WIRE-033
    def _next_frame(self) -> bytes | None:
        total = self._announced_length()
        if total is None or len(self._buffer) < total:
            # At the end the decoder gets what there is, and names what is missing.
            return bytes(self._buffer) if self._ended and self._buffer else None
        frame = bytes(self._buffer[:total])
        del self._buffer[:total]
        return frame

    @abstractmethod
    def _announced_length(self) -> int | None:
        """total_length, once the header is there and good enough to wait for the payload."""

    @abstractmethod
    def _parse(self, frame: bytes) -> _M:
        """The message that a frame is; raises WireError."""


# spec:req WIRE-032 WIRE-033
def request_length(data: Bytes, max_message: int) -> int | None:
    """total_length of the request that data begins with, None while its header is not all there.

    Raises WireError for a header that does not say where the next message begins.
    """
    if len(data) < REQUEST_HEADER_SIZE:
        return None
    type_, _, total, *rest = _REQUEST.unpack_from(data)
    _check_request_lengths(type_, total, (rest[0], rest[1], rest[2]), max_message)
    return int(total)


class RequestReader(_StreamReader[RequestMessage]):
    """The messages that a master sends, out of a stream."""

    __slots__ = ()

    def _announced_length(self) -> int | None:
        return request_length(self._buffer, self._max_message)

    def _parse(self, frame: bytes) -> RequestMessage:
        return parse_request(frame, self._max_message)


class ResponseReader(_StreamReader[Response]):
    """The messages that a worker sends, out of a stream."""

    __slots__ = ()

    def _announced_length(self) -> int | None:
        if len(self._buffer) < RESPONSE_HEADER_SIZE:
            return None
        type_, _, total, body_len, _, error_len, _ = _RESPONSE.unpack_from(self._buffer)
        _check_response_lengths(type_, total, (body_len, error_len), self._max_message)
        return int(total)

    def _parse(self, frame: bytes) -> Response:
        return parse_response(frame, self._max_message)
