"""Decodes messages with the Python parser that Kaitai Struct generates from spec/wire.ksy.

Speaks JSON lines on standard input and output (spec chapter 08), for the profile decode.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).with_name("generated")))
# Generated code and its runtime have no types.
runtime = importlib.import_module("kaitaistruct")
Wire = importlib.import_module("wire").Wire

INFO = {
    "name": "ringwire-kaitai-python",
    "version": "1.0.0",
    "language": "Python",
    "profiles": ["decode"],
    "max_message": "67108864",
}
HEADER = {"decode_request": 21, "decode_response": 20}
NUMBERS = ("type", "request_id", "total_length", "status_code", "success")
NAMES = ("module_name", "function_name")
TEXTS = (*NAMES, "error_message")
PARTS = (*TEXTS, "kwargs", "body")


def code_of_validation(op: str, end: int, kind: int, value: int) -> str:
    """The code that chapter 01 has for what a `valid` of wire.ksy refuses.

    end is where the refused field ends, kind the type of the message.
    """
    if end == 1:
        return "BAD_TYPE"
    if end == 5:
        return "RESERVED_ID"
    if op == "decode_response":
        if end == 19:
            return "LENGTH_MISMATCH"
        return "BAD_SUCCESS" if value > 1 else "STATUS_CONFLICT"
    if end == 21:
        return "LENGTH_MISMATCH" if kind == 1 or value == 0 else "NONZERO_LENGTH"
    if value == 0:
        return "EMPTY_NAME"
    return "NAME_TOO_LONG" if value > 1024 else "NONZERO_LENGTH"


def text_fault(message: Any) -> str | None:
    for name in TEXTS:
        text: bytes = getattr(message, name, b"")
        try:
            text.decode()
        except UnicodeDecodeError:
            return "BAD_UTF8"
        if name in NAMES and 0 in text:
            return "NUL_IN_NAME"
    return None


def decode(op: str, data: bytes, max_message: int) -> dict[str, object]:
    stream = runtime.KaitaiStream(runtime.BytesIO(data))
    try:
        message = Wire.Request(stream) if op == "decode_request" else Wire.Response(stream)
    except runtime.ValidationFailedError as error:
        return {"reject": code_of_validation(op, stream.pos(), data[0], error.actual)}
    except EOFError:
        return {"reject": "TRUNCATED_HEADER" if len(data) < HEADER[op] else "TRUNCATED_BODY"}
    # What a parser of Kaitai Struct cannot be told.
    if message.total_length > max_message:
        return {"reject": "TOO_LARGE"}
    if not stream.is_eof():
        return {"reject": "TRAILING"}
    if fault := text_fault(message):
        return {"reject": fault}
    fields = {name: str(int(getattr(message, name))) for name in NUMBERS if hasattr(message, name)}
    fields |= {name: getattr(message, name).hex() for name in PARTS if hasattr(message, name)}
    return {"ok": fields | {"consumed": str(stream.pos())}}


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        if command["cmd"] == "start":
            answer: dict[str, object] = dict(INFO)
        elif command["cmd"] == "stop":
            return
        elif command["op"] in HEADER:
            data, max_message = bytes.fromhex(command["hex"]), int(command["max_message"])
            answer = {"seq": command["seq"], **decode(command["op"], data, max_message)}
        else:
            answer = {"seq": command["seq"], "skip": "only decodes"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
