"""A function whose arguments and result carry checksums, for tests with damaged memory."""

import os
from zlib import crc32


def checked(call, crc, data, size):
    if crc32(f"{call}:{size}:{data}".encode()) != crc:
        raise ValueError("damaged arguments")
    pid = os.getpid()
    reply = (data[::-1] * (size // len(data) + 1))[:size]
    return {"call": call, "pid": pid, "data": reply, "crc": crc32(f"{call}:{pid}:{reply}".encode())}
