"""Puts the reference codec behind the JSON lines of spec chapter 08, to be judged.

    PYTHONPATH=pyref ringwire conform --exec 'python3 examples/implementations/pyref/codec.py'

An adapter for a codec of your own looks the same: read a line, decode or encode, write a line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from ringwire import wire
from ringwire.errors import WireError

INFO = {
    "name": "ringwire-python",
    "version": "1.0",
    "language": "Python",
    "profiles": ["decode", "encode", "stream"],
    "max_message": "67108864",
}


def fields(message: wire.Message, size: int) -> dict[str, str]:
    """A decoded message as the protocol has it."""
    common = {"total_length": str(size), "consumed": str(size)}
    if isinstance(message, wire.Response):
        return common | {
            "type": "2",
            "request_id": str(message.request_id),
            "body": message.body.hex(),
            "status_code": str(message.status_code),
            "error_message": message.error_message.encode().hex(),
            "success": str(int(message.success)),
        }
    if isinstance(message, wire.Request):
        return common | {
            "type": "1",
            "request_id": str(message.request_id),
            "module_name": message.module_name.encode().hex(),
            "function_name": message.function_name.encode().hex(),
            "kwargs": message.kwargs.hex(),
        }
    cancel = isinstance(message, wire.Cancel)
    return common | {
        "type": "4" if cancel else "3",
        "request_id": str(message.request_id) if isinstance(message, wire.Cancel) else "0",
        "module_name": "",
        "function_name": "",
        "kwargs": "",
    }


def decode(task: dict[str, Any]) -> dict[str, Any]:
    data, limit = bytes.fromhex(task["hex"]), int(task["max_message"])
    parse: Callable[..., wire.Message] = wire.parse_request
    if task["op"] == "decode_response":
        parse = wire.parse_response
    return fields(parse(data, limit), len(data))


def encode(task: dict[str, Any]) -> dict[str, Any]:
    given, limit = task["fields"], int(task["max_message"])
    part = {name: bytes.fromhex(given[name]) for name in PARTS if name in given}
    type_, request_id = int(given["type"]), int(given["request_id"])
    if task["op"] == "encode_request":
        return {
            "hex": wire.encode_request_message(type_, request_id, **part, max_message=limit).hex()
        }
    if type_ != 2:
        raise WireError("BAD_TYPE", 0, "type")  # encode_response writes no other type
    encoded = wire.encode_response(
        request_id, int(given["status_code"]), int(given["success"]), **part, max_message=limit
    )
    return {"hex": encoded.hex()}


PARTS = ("module_name", "function_name", "kwargs", "body", "error_message")


def stream(task: dict[str, Any]) -> dict[str, Any]:
    limit = int(task["max_message"])
    reader: wire.RequestReader | wire.ResponseReader = wire.RequestReader(limit)
    if task["op"] == "stream_response":
        reader = wire.ResponseReader(limit)
    messages: list[dict[str, str]] = []
    chunks: list[str | None] = list(task["chunks"])
    if task["end"]:
        chunks.append(None)
    for number, chunk in enumerate(chunks):
        try:
            if chunk is None:
                reader.feed_eof()
            else:
                reader.feed(bytes.fromhex(chunk))
            while (message := reader.next()) is not None:
                messages.append(fields(message, len(wire.encode(message, limit))))
        except WireError as error:
            return {
                "messages": messages,
                "error": located(error) | {"code": error.code, "chunk": str(number)},
            }
    return {"messages": messages}


def located(error: WireError) -> dict[str, str]:
    return {"offset": str(error.offset), "field": error.field}


OPERATIONS = {
    "decode_request": decode,
    "decode_response": decode,
    "encode_request": encode,
    "encode_response": encode,
    "stream_request": stream,
    "stream_response": stream,
}


def answer(task: dict[str, Any]) -> dict[str, Any]:
    operation = OPERATIONS.get(task["op"])
    if operation is None:
        return {"skip": f"no operation {task['op']}"}
    try:
        return {"ok": operation(task)}
    except WireError as error:
        return {"reject": error.code} | located(error)


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        if command["cmd"] == "stop":
            return
        reply = INFO if command["cmd"] == "start" else {"seq": command["seq"]} | answer(command)
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
