#!/usr/bin/env python3
"""A worker that breaks the protocol, in the way that HOSTILE names.

It stands where the Python interpreter is expected, so it ignores its arguments.
Written from the specification's tables, without the ringwire package.
"""

import mmap
import os
import struct
import sys
import time

region = mmap.mmap(3, 0)
REQUEST_CONTROL, RESPONSE_CONTROL, WORKER = 512, 1024, 1536
(slot_count,) = struct.unpack_from("<I", region, 36)
(stride,) = struct.unpack_from("<I", region, 44)
(response_slots,) = struct.unpack_from("<Q", region, 88)


def u64(offset, value):
    struct.pack_into("<Q", region, offset, value)


def ring():
    os.write(5, struct.pack("<Q", 1))


def respond(frame, offset=0, length=None):
    """Publish one message of one slot as the first response."""
    struct.pack_into("<II", region, response_slots, len(frame) if length is None else length, offset)
    region[response_slots + 8 : response_slots + 8 + len(frame)] = frame
    u64(RESPONSE_CONTROL, 1)
    ring()


def response(request_id, body=b"1", status=200, success=1, kind=2, message=b""):
    total = 20 + len(body) + len(message)
    return struct.pack("<BIIIHIB", kind, request_id, total, len(body), status, len(message), success) + body + message


struct.pack_into("<I", region, WORKER, os.getpid())
struct.pack_into("<I", region, WORKER + 4, 1)  # READY
ring()
if os.path.exists(os.environ["HOSTILE_DONE"]):
    # The first one has done its deed; this one just stays.
    time.sleep(1000)
while struct.unpack_from("<Q", region, REQUEST_CONTROL)[0] == 0:
    time.sleep(0.001)
open(os.environ["HOSTILE_DONE"], "w").close()
(call,) = struct.unpack_from("<I", region, 4096 + 8 + 1)
mode = os.environ["HOSTILE"]
if mode == "early":
    # Of a request that is longer than the ring nobody has more than its beginning.
    respond(response(call))
    time.sleep(1000)
if mode != "not taken":
    u64(REQUEST_CONTROL + 128, 1)  # take the request

if mode == "write position":
    u64(RESPONSE_CONTROL, slot_count + 1)
    ring()
elif mode == "read position":
    u64(REQUEST_CONTROL + 128, 1 << 60)
    sys.exit(0)
elif mode == "message length":
    respond(response(call), length=0)
elif mode == "fragment offset":
    respond(response(call), offset=64)
elif mode == "type":
    respond(response(call, kind=1))
elif mode == "success":
    respond(response(call, success=2))
elif mode == "status before body length":
    body = b"1"
    respond(struct.pack("<BIIHIIB", 2, call, 21, 200, len(body), 0, 1) + body)
elif mode == "unknown id":
    respond(response(call + 1))
    time.sleep(0.1)
    sys.exit(0)
elif mode == "not taken":
    sys.exit(0)
time.sleep(1000)
