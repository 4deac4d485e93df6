"""Measures ZeroMQ: PUSH to each worker, PULL from all, called by Python.

usage: zeromq.py WORKERS

Messages are the number of the call, the name of the handler and JSON, with a zero byte between
them. The workers have no event loop, so they run the ordinary function instead of an `async def`.
"""

from __future__ import annotations

import base64
import importlib
import multiprocessing
import select
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import caller
import handlers
import json_codec
from caller import Arguments, Check, Request, Sample, now

zmq = importlib.import_module("zmq")
decode, encode = json_codec.choose("stdlib")
END = b"end"


def work(requests: str, results: str) -> None:
    context = zmq.Context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    for socket, address in ((pull, requests), (push, results)):
        socket.set_hwm(0)
        socket.connect(address)
    while (message := pull.recv()) != END:
        call, name, arguments = message.split(b"\0", 2)
        result = encode(getattr(handlers, name.decode())(**decode(arguments)))
        push.send(call + b"\0" + result)
    context.destroy()


def base64_arguments(arguments: Arguments) -> Arguments:
    return lambda n: {"b": base64.b64encode(arguments(n)["b"]).decode()}


def base64_check(check: Check) -> Check:
    return lambda n, result: check(n, base64.b64decode(result))


class Lanes:
    """The caller's sockets."""

    def __init__(self, workers: int, folder: str) -> None:
        self.context = zmq.Context()
        self.pull = self._bind(zmq.PULL, f"ipc://{folder}/results")
        self.pushes = [self._bind(zmq.PUSH, f"ipc://{folder}/{i}") for i in range(workers)]

    def _bind(self, kind: int, address: str) -> Any:
        socket = self.context.socket(kind)
        socket.set_hwm(0)
        socket.bind(address)
        return socket

    def ways(self, request: Request) -> tuple[Callable[[int], None], Callable[[bytes], int]]:
        """How to send call number n, and how to judge a response, which tells its number."""
        name = request.function.encode()
        arguments = request.arguments()
        check = caller.check_of(request)
        pushes = self.pushes
        if request.function == "echo_bytes":
            name, arguments, check = (
                b"echo_base64",
                base64_arguments(arguments),
                base64_check(check),
            )

        def send(n: int) -> None:
            message = b"%d\0%b\0%b" % (n, name, encode(arguments(n)))
            pushes[n % len(pushes)].send(message)

        def judge(message: bytes) -> int:
            number, body = message.split(b"\0", 1)
            n = int(number)
            check(n, decode(body))
            return n

        return send, judge

    def measure(self, request: Request) -> Sample:
        return self.open_loop(request) if request.rate else self.closed_loop(request)

    def closed_loop(self, request: Request) -> Sample:
        send, judge = self.ways(request)
        receive = self.pull.recv
        sent: dict[int, int] = {}
        latencies: list[int] = []

        def finish_one() -> None:
            message = receive()
            at = now()
            latencies.append(at - sent.pop(judge(message)))

        began = now()
        for n in caller.until(began + request.span_ns):
            sent[n] = now()
            send(n)
            if len(sent) >= request.in_flight:
                finish_one()
        while sent:
            finish_one()
        elapsed = now() - began
        return Sample(len(latencies), elapsed, caller.settled(latencies, request.in_flight))

    def open_loop(self, request: Request) -> Sample:
        """Receives whatever is there, and sleeps until there is more or a call is due."""
        send, judge = self.ways(request)
        due = caller.schedule(request.rate, request.span_ns)
        descriptor = [self.pull.getsockopt(zmq.FD)]
        caller.precise_sleep()
        latencies: list[int] = []
        began = now()
        n = 0
        while len(latencies) < len(due):
            while n < len(due) and began + due[n] <= now():
                send(n)
                n += 1
            # The descriptor tells of changes only, so nothing may be left.
            try:
                message = self.pull.recv(zmq.DONTWAIT)
            except zmq.Again:
                left = began + due[n] - now() if n < len(due) else None
                if left is None or left > 0:
                    select.select(descriptor, [], [], None if left is None else left / 1e9)
                continue
            at = now()
            number = judge(message)
            latencies.append(at - began - due[number])
        return Sample(len(latencies), now() - began, latencies)

    def close(self) -> None:
        for push in self.pushes:
            push.send(END)
        self.context.destroy()


def main() -> None:
    workers = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="ringwire-bench-") as folder:
        # Forked before there is a context, which would not survive it.
        processes = [
            multiprocessing.Process(
                target=work, args=(f"ipc://{folder}/{i}", f"ipc://{folder}/results"), daemon=True
            )
            for i in range(workers)
        ]
        for process in processes:
            process.start()
        lanes = Lanes(workers, folder)
        caller.serve([process.pid for process in processes if process.pid], lanes.measure)
        lanes.close()
        for process in processes:
            process.join()


if __name__ == "__main__":
    main()
