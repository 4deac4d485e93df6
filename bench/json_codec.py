"""JSON for the workers and callers of peers, as fast as Python has it.

json.loads and json.dumps make a new scanner or encoder on every call. Ringwire's worker avoids
that, so its peers do too, with fewer checks.
"""

from __future__ import annotations

import importlib
import json
import json.encoder
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Decode: TypeAlias = "Callable[[bytes], Any]"
Encode: TypeAlias = "Callable[[Any], bytes]"


def _refuse(value: object) -> Any:
    raise TypeError(f"not JSON: {value!r}")


def _standard_library() -> tuple[Decode, Encode]:
    scan_once: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]
    make = vars(json.encoder)["c_make_encoder"]
    quote = json.encoder.encode_basestring
    chunks: Callable[[Any, int], Iterable[str]] = make(
        None, _refuse, quote, None, ":", ",", False, False, False
    )
    return (
        lambda data: scan_once(data.decode(), 0)[0],
        lambda value: "".join(chunks(value, 0)).encode(),
    )


def choose(name: str) -> tuple[Decode, Encode]:
    """decode and encode of a library: "orjson", or "stdlib"."""
    if name == "orjson":
        orjson = importlib.import_module("orjson")
        return orjson.loads, orjson.dumps
    if name != "stdlib":
        raise ValueError(f"no such JSON library: name={name}")
    return _standard_library()
