"""A worker behind a Unix socket. Frames: see unix_socket_conn.go.

usage: unix_socket_server.py SOCKET asyncio|uvloop|blocking|spinning stdlib|orjson SPIN

spinning is blocking that looks for bytes for a while before it sleeps: for SPIN, such as 50µs.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import handlers
import json_codec
import server

REQUEST = struct.Struct("<IIB")
RESPONSE = struct.Struct("<II")
HANDLERS: list[Callable[..., Any]] = [
    handlers.add,
    handlers.echo,
    handlers.echo_base64,
    handlers.add_async,
    handlers.echo_async,
]
FIRST_ASYNC = 3
CHUNK = 64 << 10  # more is slower: it is allocated for each read

Answer = Callable[[int, int, bytes], bytes]


def sync_answer(decode: json_codec.Decode, encode: json_codec.Encode) -> Answer:
    """Runs a handler. Without an event loop there are only the ordinary ones."""

    def answer(call: int, handler: int, arguments: bytes) -> bytes:
        body = encode(HANDLERS[handler % FIRST_ASYNC](**decode(arguments)))
        return RESPONSE.pack(len(body), call) + body

    return answer


class Frames:
    """Cuts a stream of bytes into requests and answers them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.rest = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The answers to all requests that are complete now."""
        rest = self.rest
        whole: bytes | bytearray = data
        if rest:
            rest += data
            whole = rest
        at = 0
        answers: list[bytes] = []
        while len(whole) - at >= REQUEST.size:
            length, call, handler = REQUEST.unpack_from(whole, at)
            start = at + REQUEST.size
            if len(whole) < start + length:
                break
            at = start + length
            answers.append(self.answer(call, handler, cast(bytes, whole[start:at])))
        if whole is rest:
            del rest[:at]
        elif at < len(data):
            rest += data[at:]
        return b"".join(answers)


class Protocol(asyncio.Protocol):
    """A connection of the event loop."""

    def __init__(self, decode: json_codec.Decode, encode: json_codec.Encode) -> None:
        self.decode, self.encode = decode, encode
        self.sync = sync_answer(decode, encode)
        self.loop = asyncio.get_running_loop()
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.frames = Frames(self.answer)

    def data_received(self, data: bytes) -> None:
        answers = self.frames.feed(data)
        if answers:
            self.transport.write(answers)

    def answer(self, call: int, handler: int, arguments: bytes) -> bytes:
        if handler < FIRST_ASYNC:
            return self.sync(call, handler, arguments)
        task = self.loop.create_task(self.run(call, handler, arguments))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return b""

    async def run(self, call: int, handler: int, arguments: bytes) -> None:
        body = self.encode(await HANDLERS[handler](**self.decode(arguments)))
        self.transport.write(RESPONSE.pack(len(body), call) + body)


async def serve_loop(path: str, decode: json_codec.Decode, encode: json_codec.Encode) -> None:
    loop = asyncio.get_running_loop()
    eager = getattr(asyncio, "eager_task_factory", None)  # from Python 3.12 on
    if eager is not None:
        loop.set_task_factory(eager)
    listener = await loop.create_unix_server(functools.partial(Protocol, decode, encode), path)
    server.ready()
    await listener.serve_forever()


def receive_blocking(connection: socket.socket) -> bytes:
    return connection.recv(CHUNK)


def receive_spinning(connection: socket.socket, spin_ns: int) -> bytes:
    give_up = time.perf_counter_ns() + spin_ns
    while True:
        try:
            return connection.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if time.perf_counter_ns() > give_up:
                select.select([connection], [], [])


def serve_socket(path: str, receive: Callable[[socket.socket], bytes], answer: Answer) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    server.ready()
    while True:
        connection, _ = listener.accept()
        with connection:
            frames = Frames(answer)
            try:
                while data := receive(connection):
                    answers = frames.feed(data)
                    if answers:
                        connection.sendall(answers)
            except ConnectionError:
                pass  # a caller that gave up


def nanoseconds(duration: str) -> int:
    """Of a duration as Go prints it, up to microseconds."""
    return int(duration.removesuffix("µs").removesuffix("s")) * 1000


def main() -> None:
    path, kind, library, spin = sys.argv[1:]
    decode, encode = json_codec.choose(library)
    if kind == "uvloop":
        importlib.import_module("uvloop").run(serve_loop(path, decode, encode))
    elif kind == "asyncio":
        asyncio.run(serve_loop(path, decode, encode))
    elif kind == "spinning":
        receive = functools.partial(receive_spinning, spin_ns=nanoseconds(spin))
        serve_socket(path, receive, sync_answer(decode, encode))
    else:
        serve_socket(path, receive_blocking, sync_answer(decode, encode))


if __name__ == "__main__":
    main()
