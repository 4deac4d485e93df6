"""kwargs and results as JSON, the payload encoding 1 (chapter 06).

json.loads and json.dumps build a fresh scanner or encoder and detect encodings on each call, which
costs three to five times the work itself on small values. Here one C scanner and one C encoder are
made once and used directly, with the checks that the wrappers would have made.
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn, TypeAlias

from .pieces import Pieces
from .wire import Bytes

Decode: TypeAlias = "Callable[[Bytes], dict[str, Any]]"
Encode: TypeAlias = "Callable[[Any], bytes | Pieces]"
EncodeJSON: TypeAlias = "Callable[[Any], bytes]"


class PayloadError(Exception):
    """kwargs that are not acceptable, or a result that JSON cannot carry."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_type(value: object) -> NoReturn:
    kind = type(value)
    raise TypeError(f"a value of type {kind.__module__}.{kind.__qualname__} is not JSON")


_decoder: Final = json.JSONDecoder(parse_constant=_refuse_constant)
scan_once: Final[Callable[[str, int], tuple[Any, int]]] = vars(_decoder)["scan_once"]


def _make_chunks(ensure_ascii: bool) -> Callable[[Any, int], Iterable[str]]:
    """The function that turns a value into pieces of JSON; its second argument is to be 0."""
    encoder = json.JSONEncoder(
        check_circular=False,  # a cycle ends as a RecursionError
        allow_nan=False,
        ensure_ascii=ensure_ascii,
        separators=(",", ":"),
        default=_refuse_type,
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the C accelerator
        return lambda value, _: encoder.iterencode(value)
    quote = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    chunks: Callable[[Any, int], Iterable[str]] = make(
        None, _refuse_type, quote, None, ":", ",", False, False, False
    )
    return chunks


chunks: Final = _make_chunks(ensure_ascii=False)
_chunks_ascii: Final = _make_chunks(ensure_ascii=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply, or a cycle"
    if isinstance(error, MemoryError):
        return "out of memory"
    try:
        return str(error)
    except Exception:
        return type(error).__name__


# spec:req PAYLOAD-001 PAYLOAD-002 LIMIT-003
def decode_kwargs(data: Bytes) -> dict[str, Any]:
    """The keyword arguments in data; PayloadError if they are not a JSON object in UTF-8."""
    if not data:
        return {}
    try:
        text = str(data, "utf-8")
        try:
            value, end = scan_once(text, 0)
        except StopIteration:
            end = -1
        if end != len(text):
            # White space around the value, or an error, which decode() words well.
            value = _decoder.decode(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise PayloadError(f"kwargs are not JSON: {_reason(error)}") from None
    if type(value) is not dict:
        raise PayloadError("kwargs are not a JSON object")
    return value


# spec:req PAYLOAD-003 PAYLOAD-004 LIMIT-003
def encode_result(value: Any) -> bytes:
    """value as JSON in UTF-8; PayloadError if JSON cannot carry it."""
    try:
        return "".join(chunks(value, 0)).encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8, but JSON can carry it as an escape.
        return "".join(_chunks_ascii(value, 0)).encode()
    except BaseException as error:
        # Mappings and numbers of the user may raise anything while they are looked at.
        raise PayloadError(f"the result cannot be encoded: {_reason(error)}") from None


def encode_details(value: Any) -> bytes:
    """Failure details as JSON: plain data of our own making, whatever text it holds."""
    return "".join(_chunks_ascii(value, 0)).encode()
