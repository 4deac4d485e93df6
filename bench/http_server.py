"""A worker behind HTTP: uvicorn on a Unix socket, with httptools and uvloop where installed.

usage: http_server.py SOCKET
"""

from __future__ import annotations

import importlib
import socket
import sys
from typing import Any

import handlers
import json_codec
import server

decode, encode = json_codec.choose("stdlib")


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    chunks = []
    while True:
        message = await receive()
        chunks.append(message["body"])
        if not message.get("more_body"):
            break
    name = scope["path"][1:]
    result = getattr(handlers, name)(**decode(b"".join(chunks)))
    body = encode(await result if name.endswith("_async") else result)
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    uvicorn = importlib.import_module("uvicorn")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(2048)
    # While others are measured, connections are idle for longer than uvicorn's 5 seconds.
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=3600
    )
    server.ready()  # the socket already takes connections
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
