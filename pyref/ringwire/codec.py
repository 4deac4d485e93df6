"""Which functions decode kwargs and encode results in a lane."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Final, cast

from . import native, payload, payload_attachments, payload_orjson
from ._registry import ENCODING_JSON_ATTACHMENTS
from .payload import Decode, Encode, EncodeJSON

JSON_VARIABLE: Final = "RINGWIRE_JSON"


@dataclass(frozen=True, slots=True)
class Codec:
    """decode and encode do everything; the rest is for the short cuts of the hot path.

    raw are the functions at the bottom: scanner, encoder and None of the standard library, or
    loads, dumps and options of orjson. Texts of long_text characters are attachments; 0: none are.
    """

    decode: Decode = payload.decode_kwargs
    encode: Encode = payload.encode_result
    raw: tuple[Any, Any, Any] = (payload.scan_once, payload.chunks, None)
    long_text: int = 0


STDLIB: Final = Codec()


def _json(name: str | None) -> Codec:
    if name not in (None, "", "stdlib", "orjson"):
        raise ValueError(f"no such JSON library: name={name}")
    same = None if native.module is None else native.module.same_json
    if name == "stdlib" or (not name and same is None):
        return STDLIB
    try:
        orjson = importlib.import_module("orjson")
    except ImportError:
        if name:
            raise
        return STDLIB
    # Whoever asks for orjson gets all of it; otherwise nobody is to notice.
    decode, encode = payload_orjson.make(orjson, None if name else same)
    return Codec(decode, encode, (orjson.loads, orjson.dumps, payload_orjson.options(orjson)))


def choose(name: str | None, encoding: int) -> Codec:
    """The codec for a payload encoding; name is "orjson", "stdlib", or None for the fastest.

    The fastest is orjson if both it and the accelerator, which finds the few results that orjson
    treats in another way, are installed. Raises ImportError if orjson is asked for and not there,
    ValueError for another name.
    """
    codec = _json(name)
    if encoding != ENCODING_JSON_ATTACHMENTS:
        return codec
    decode, encode = payload_attachments.make(codec.decode, cast(EncodeJSON, codec.encode))
    return Codec(decode, encode, codec.raw, payload_attachments.LONG_TEXT)
