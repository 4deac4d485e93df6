"""A worker behind gRPC: the asyncio server on a Unix socket. Messages are JSON as it is.

usage: grpc_server.py SOCKET
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any

import handlers
import json_codec
import server

grpc: Any = importlib.import_module("grpc")
decode, encode = json_codec.choose("stdlib")
MAX_MESSAGE = 64 << 20
# The default of 1,000 cancels calls at random when 1,024 are in flight.
MAX_PENDING = 1 << 20


async def add(request: bytes, _: Any) -> bytes:
    return encode(handlers.add(**decode(request)))


async def echo(request: bytes, _: Any) -> bytes:
    return encode(handlers.echo(**decode(request)))


async def echo_base64(request: bytes, _: Any) -> bytes:
    return encode(handlers.echo_base64(**decode(request)))


async def add_async(request: bytes, _: Any) -> bytes:
    return encode(await handlers.add_async(**decode(request)))


async def echo_async(request: bytes, _: Any) -> bytes:
    return encode(await handlers.echo_async(**decode(request)))


async def main() -> None:
    aio: Any = importlib.import_module("grpc.aio")
    listener = aio.server(
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE),
            ("grpc.max_send_message_length", MAX_MESSAGE),
            ("grpc.server.max_pending_requests", MAX_PENDING),
            ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
        ]
    )
    methods = {f.__name__: f for f in (add, echo, echo_base64, add_async, echo_async)}
    listener.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "ringwire.Bench",
                {name: grpc.unary_unary_rpc_method_handler(f) for name, f in methods.items()},
            ),
        )
    )
    listener.add_insecure_port("unix:" + sys.argv[1])
    await listener.start()
    server.ready()
    await listener.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
