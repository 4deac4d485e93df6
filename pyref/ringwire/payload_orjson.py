"""JSON through orjson.

orjson is three times as fast on large values but not the same: it has no large integers, takes NaN
for null, and is stricter about lone surrogates. Whatever could come out differently goes through
the plain way instead. One difference is left that only a look at every value can find: results may
contain UUIDs, which become strings, and members of an Enum, which become their values. The
accelerator has that look; without it orjson is for whoever asks for it with RINGWIRE_JSON=orjson.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from .payload import Decode, EncodeJSON, PayloadError, decode_kwargs, encode_result
from .wire import Bytes

# Integers of fewer digits fit 64 bits, and longer ones would become floats.
_has_long_number: Final = re.compile(rb"[0-9]{19}").search


def options(orjson: Any) -> int:
    """Options of dumps that keep out dataclasses, dates and subclasses, which JSON has not."""
    found: int = (
        orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_SUBCLASS
    )
    return found


def make(
    orjson: Any, same_json: Callable[[object], bool] | None = None
) -> tuple[Decode, EncodeJSON]:
    """decode_kwargs and encode_result on top of the module orjson.

    same_json tells whether orjson and the standard library agree on a value; with it the two
    functions differ from the plain ones in nothing.
    """
    loads, dumps, chosen = orjson.loads, orjson.dumps, options(orjson)

    def decode(data: Bytes) -> dict[str, Any]:
        if not data:
            return {}
        if _has_long_number(data):
            return decode_kwargs(data)
        try:
            value = loads(data)
        except (ValueError, RecursionError):
            return decode_kwargs(data)
        if type(value) is not dict:
            raise PayloadError("kwargs are not a JSON object")
        return value

    def encode(value: Any) -> bytes:
        if same_json is not None and not same_json(value):
            return encode_result(value)
        try:
            data: bytes = dumps(value, None, chosen)
        except BaseException:
            return encode_result(value)
        # A null may have been a NaN, which has no JSON.
        return encode_result(value) if b"null" in data else data

    return decode, encode
