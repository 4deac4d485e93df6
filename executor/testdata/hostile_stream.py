#!/usr/bin/env python3
"""A worker at the end of a stream that breaks the protocol, or stretches it, as HOSTILE says.

It stands where the Python interpreter is expected; of its arguments it uses those behind the
program. Written from the specification's tables, without the ringwire package.
"""

import json
import os
import socket
import struct
import sys
import time

mode = os.environ["HOSTILE"]
argument = sys.argv[-2]
if argument.startswith("stream:tcp:"):
    host, port = argument.removeprefix("stream:tcp:").split(":")
    token = bytes.fromhex(json.loads(os.environ["RINGWIRE_WORKER_CONFIG"])["stream_token"])
    if mode == "other token":
        token = token[:-1] + bytes([token[-1] ^ 1])
    stream = socket.create_connection((host, int(port)))
    if mode == "strangers first":
        for greeting in (b"", b"GET / HTTP/1.1\r\n\r\n", token[:-1], bytes(32)):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(greeting)
    stream.sendall(token)
else:
    stream = socket.socket(fileno=int(argument.removeprefix("stream:fd:")))


def read(size):
    data = b""
    while len(data) < size:
        piece = stream.recv(min(size - len(data), 1 << 20))
        if not piece:
            sys.exit(73)
        data += piece
    return data


def read_frame():
    header = read(21)
    (total,) = struct.unpack_from("<I", header, 5)
    return header + read(total - 21)


def response(request_id, body=b"1", status=200, success=1, kind=2):
    return struct.pack("<BIIIHIB", kind, request_id, 20 + len(body), len(body), status, 0, success) + body


def notice(state=1, in_flight=1, taken=1):
    return struct.pack("<BB2xIQ", 255, state, in_flight, taken)


def introduce(state=1):
    block = bytearray(512)
    struct.pack_into("<II", block, 0, os.getpid(), state)
    stream.sendall(block)


def linger():
    time.sleep(1000)


if mode == "closes before it is ready":
    stream.close()
    linger()
header = read(256)
if mode == "half a worker block":
    stream.sendall(bytes(100))
    linger()
if mode == "not ready":
    introduce(state=2)
    linger()
introduce()
if mode == "sends before it reads":
    # Two answers that nobody has asked for, longer than any buffer on the way.
    for _ in range(2):
        stream.sendall(response(0x7FFF0001, b"1" * (4 << 20)))
request = read_frame()
request_id = int.from_bytes(request[1:5], "little")
if mode == "garbage":
    stream.sendall(b"garbage " * 100)
elif mode == "long frame":
    stream.sendall(struct.pack("<BIIIHIB", 2, request_id, 0x7FFFFFFF, 0x7FFFFFFF - 20, 200, 0, 1))
elif mode == "lengths that do not add up":
    stream.sendall(struct.pack("<BIIIHIB", 2, request_id, 30, 5, 200, 0, 1) + bytes(10))
elif mode == "success":
    stream.sendall(response(request_id, success=2))
elif mode == "half a frame":
    stream.sendall(response(request_id, b"1" * 1000)[:500])
    stream.shutdown(socket.SHUT_WR)
elif mode == "half a notice":
    stream.sendall(notice()[:9])
    sys.exit(1)
elif mode == "closes early":
    stream.close()
elif mode == "stops reading":
    stream.shutdown(socket.SHUT_RD)
elif mode == "silence":
    pass
elif mode == "dies":
    sys.exit(1)
elif mode == "taken too many":
    stream.sendall(notice(taken=2))
elif mode == "taken backwards":
    stream.sendall(notice(taken=1) + notice(taken=0))
elif mode == "state backwards":
    stream.sendall(notice(state=2) + notice(state=1))
elif mode == "state without way":
    stream.sendall(notice(state=3))
elif mode == "answers and dies":
    # As much as the system buffers, and then no word more.
    stream.sendall(response(request_id, json.dumps(header.hex()).encode()))
    os._exit(9)
elif mode == "flood":
    while True:
        stream.sendall(response(0x7FFF0001) * 1000 + notice() * 1000)
else:
    stream.sendall(response(request_id, json.dumps(header.hex()).encode()))
    while True:
        frame = read_frame()
        if frame[0] == 3:
            stream.sendall(notice(2, 0, 1) + notice(3, 0, 1))
            sys.exit(0)
        stream.sendall(response(int.from_bytes(frame[1:5], "little"), b"%d" % len(frame)))
linger()
