"""kwargs and results as JSON with attachments, the payload encoding 2 (chapter 06).

It stands on the functions for encoding 1 and leaves everything to them that has neither bytes nor
long texts, so small calls pay next to nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Any, Final

from ._registry import (
    ATTACHMENT_HEADER_SIZE,
    ATTACHMENT_HEADER_STRUCT,
    ENVELOPE_HEADER_SIZE,
    ENVELOPE_HEADER_STRUCT,
    KIND_BYTES,
    KIND_TEXT,
)
from .payload import Decode, Encode, EncodeJSON, PayloadError
from .pieces import Pieces
from .wire import Bytes

_ENVELOPE: Final = Struct(ENVELOPE_HEADER_STRUCT)
_ATTACHMENT: Final = Struct(ATTACHMENT_HEADER_STRUCT)
# An envelope without JSON text up to the data of its only attachment, which has no name.
_WHOLE: Final = Struct(ENVELOPE_HEADER_STRUCT + ATTACHMENT_HEADER_STRUCT.removeprefix("<"))

# From how many characters on a text is an attachment: about where it gets cheaper.
LONG_TEXT: Final = 512

# Up to this length putting an envelope together costs less than keeping it in pieces.
_MUCH: Final = 16 << 10

_BYTES_TYPES: Final = (bytes, bytearray, memoryview)


# spec:req PAYLOAD-016
def parse_envelope(data: Bytes) -> tuple[bytes, dict[str, bytes | str]]:
    """The JSON text of an envelope and its attachments by name; PayloadError if it is malformed."""
    if len(data) < ENVELOPE_HEADER_SIZE:
        raise PayloadError(f"malformed envelope: len={len(data)}")
    marker, json_len, count, reserved = _ENVELOPE.unpack_from(data)
    position = ENVELOPE_HEADER_SIZE + count * ATTACHMENT_HEADER_SIZE
    text_start = len(data) - json_len
    if marker or reserved or not count or position > text_start:
        raise PayloadError(
            "malformed envelope: "
            f"marker={marker} json_len={json_len} attachment_count={count} reserved={reserved}"
        )
    attachments: dict[str, bytes | str] = {}
    data = memoryview(data)
    headers = data[ENVELOPE_HEADER_SIZE:position]
    for index, (kind, name_len, data_len) in enumerate(_ATTACHMENT.iter_unpack(headers)):
        start = position + name_len
        end = start + data_len
        if end > text_start:
            raise PayloadError(f"malformed envelope: attachment {index} ends behind it")
        try:
            name = str(data[position:start], "utf-8")
            if kind == KIND_BYTES:
                value: bytes | str = bytes(data[start:end])
            elif kind == KIND_TEXT:
                value = str(data[start:end], "utf-8")
            else:
                raise PayloadError(f"malformed envelope: attachment={index} kind={kind}")
        except UnicodeDecodeError:
            raise PayloadError(f"malformed envelope: attachment {index} is not UTF-8") from None
        if name in attachments:
            raise PayloadError(f"malformed envelope: two attachments have one name: name={name!r}")
        attachments[name] = value
        position = end
    if position != text_start:
        raise PayloadError(f"malformed envelope: {text_start - position} bytes too many")
    return bytes(data[text_start:]), attachments


def envelope(
    text: bytes, attachments: Mapping[str, bytes | bytearray | memoryview | str]
) -> bytes | Pieces:
    """An envelope; in pieces if that saves a copy of much. The pieces are those of attachments.

    UnicodeEncodeError if a name or text has a lone surrogate.
    """
    head = [_ENVELOPE.pack(0, len(text), len(attachments), 0)]
    tail: list[bytes] = []
    for name, value in attachments.items():
        raw_name, data = name.encode(), _raw(value)
        kind = KIND_TEXT if isinstance(value, str) else KIND_BYTES
        head.append(_ATTACHMENT.pack(kind, len(raw_name), len(data)))
        tail += (raw_name, data)
    pieces = Pieces((*head, *tail, text))
    return pieces if len(pieces) > _MUCH else bytes(pieces)


def _whole(value: bytes | bytearray | memoryview | str) -> bytes | Pieces:
    """The envelope of a result that is one attachment, as envelope(b"", {"": value}) makes it."""
    data = _raw(value)
    kind = KIND_TEXT if isinstance(value, str) else KIND_BYTES
    head = _WHOLE.pack(0, 0, 1, 0, kind, 0, len(data))
    return Pieces((head, data)) if len(data) > _MUCH else head + data


def _raw(value: bytes | bytearray | memoryview | str) -> bytes:
    """value as bytes that nobody can change until they are sent."""
    return value.encode() if isinstance(value, str) else bytes(value)


def make(decode_json: Decode, encode_json: EncodeJSON) -> tuple[Decode, Encode]:
    """decode_kwargs and encode_result on top of those of encoding 1."""

    # spec:req PAYLOAD-015 PAYLOAD-017 PAYLOAD-020
    def decode(data: Bytes) -> dict[str, Any]:
        if not data or data[0]:
            return decode_json(data)
        text, attachments = parse_envelope(data)
        kwargs = decode_json(text)
        kwargs.update(attachments)
        return kwargs

    # spec:req PAYLOAD-018 PAYLOAD-019
    def encode(value: Any) -> bytes | Pieces:
        kind = type(value)
        if kind is str:
            if len(value) < LONG_TEXT:
                return encode_json(value)
        elif kind is dict:
            for member in value.values():
                kind = type(member)
                if kind is str:
                    if len(member) >= LONG_TEXT:
                        break
                elif kind is bytes or kind is bytearray or kind is memoryview:
                    break
            else:
                try:
                    return encode_json(value)
                except PayloadError:
                    if not any(isinstance(member, _BYTES_TYPES) for member in value.values()):
                        raise
            return encode_members(value)
        elif not isinstance(value, _BYTES_TYPES):
            return encode_json(value)
        try:
            return _whole(value)
        except UnicodeEncodeError:
            return encode_json(value)

    def encode_members(value: dict[Any, Any]) -> bytes | Pieces:
        rest: dict[Any, Any] = {}
        attachments: dict[str, Any] = {}
        for name, member in value.items():
            attached = isinstance(member, _BYTES_TYPES) or (
                type(member) is str and len(member) >= LONG_TEXT
            )
            if attached and type(name) is str:
                attachments[name] = member
            else:
                rest[name] = member
        if not attachments:
            return encode_json(value)
        try:
            return envelope(encode_json(rest), attachments)
        except UnicodeEncodeError:
            # JSON can carry a lone surrogate as an escape, but it has no bytes.
            return encode_json(value)

    return decode, encode
