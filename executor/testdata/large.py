"""A function for messages of any length, each of whose bytes is checked."""

from zlib import crc32


def large(crc, data, size):
    """Answer data with so many bytes that no other data lead to."""
    if crc32(data if isinstance(data, bytes) else data.encode()) != crc:
        raise ValueError(f"damaged arguments: {len(data)} of data")
    # The period is odd, so that each slot of an answer differs from its neighbours.
    unit = (f"{crc:08x}" * 32)[:251].encode()
    return (unit * (size // len(unit) + 1))[:size]
