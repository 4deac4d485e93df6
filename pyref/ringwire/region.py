"""The shared memory of one lane: its header, and where everything lies (chapter 02)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from mmap import mmap
from struct import Struct
from typing import Final, TypeAlias

from ._registry import (
    ENCODING_JSON,
    ENCODING_JSON_ATTACHMENTS,
    FIRST_SLOTS_OFFSET,
    MAGIC,
    MAX_MESSAGE_DEFAULT,
    MAX_MESSAGE_MAX,
    MAX_MESSAGE_MIN,
    REGION_HEADER_SIZE,
    REQUEST_CONTROL_OFFSET,
    RESPONSE_CONTROL_OFFSET,
    SLOT_ALIGNMENT,
    SLOT_COUNT_DEFAULT,
    SLOT_COUNT_MAX,
    SLOT_COUNT_MIN,
    SLOT_HEADER_SIZE,
    SLOT_SIZE_DEFAULT,
    SLOT_SIZE_MAX,
    SLOT_SIZE_MIN,
    SLOT_SIZE_MULTIPLE,
    SLOTS_ALIGNMENT,
    VERSION_MAJOR,
    VERSION_MINOR,
    WORKER_BLOCK_OFFSET,
)
from .errors import RegionError

if sys.platform != "win32":
    import fcntl

# A mapping in production, a bytearray in tests.
Memory: TypeAlias = "mmap | bytearray"

_HEADER: Final = Struct("<8sHHIQQIIIIIIQIII4xQQiiiI")
_KNOWN_FEATURES: Final = 0


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


@dataclass(frozen=True, slots=True)
class Layout:
    """What is chosen about a region, and what follows from it. All sizes in bytes.

    A descriptor of -1 means that there is none; spin_ns 0 means that the worker never spins.
    """

    generation: int = 1
    worker_id: int = 0
    slot_count: int = SLOT_COUNT_DEFAULT
    slot_size: int = SLOT_SIZE_DEFAULT
    max_message: int = MAX_MESSAGE_DEFAULT
    request_doorbell: int = -1
    response_doorbell: int = -1
    lifeline: int = -1
    spin_ns: int = 0
    payload_encoding: int = ENCODING_JSON

    @property
    def slot_stride(self) -> int:
        return _round_up(SLOT_HEADER_SIZE + self.slot_size, SLOT_ALIGNMENT)

    @property
    def request_slots_offset(self) -> int:
        return FIRST_SLOTS_OFFSET

    @property
    def response_slots_offset(self) -> int:
        end = self.request_slots_offset + self.slot_count * self.slot_stride
        return _round_up(end, SLOTS_ALIGNMENT)

    @property
    def region_size(self) -> int:
        end = self.response_slots_offset + self.slot_count * self.slot_stride
        return _round_up(end, SLOTS_ALIGNMENT)


# spec:req REGION-009 LIMIT-001
def _check_ranges(slot_count: int, slot_size: int, max_message: int) -> None:
    if not SLOT_COUNT_MIN <= slot_count <= SLOT_COUNT_MAX or slot_count & (slot_count - 1):
        raise RegionError(f"slot_count out of range: slot_count={slot_count}")
    if not SLOT_SIZE_MIN <= slot_size <= SLOT_SIZE_MAX or slot_size % SLOT_SIZE_MULTIPLE:
        raise RegionError(f"slot_size out of range: slot_size={slot_size}")
    if not MAX_MESSAGE_MIN <= max_message <= MAX_MESSAGE_MAX:
        raise RegionError(f"max_message out of range: max_message={max_message}")


# spec:req REGION-005 REGION-006 REGION-007 REGION-010
def _check_kind(magic: bytes, major: int, features: int, payload_encoding: int) -> None:
    if magic != MAGIC.encode():
        raise RegionError(f"not a region: magic={magic!r}")
    if major != VERSION_MAJOR:
        raise RegionError(f"unknown version: version_major={major} supported={VERSION_MAJOR}")
    if features & ~_KNOWN_FEATURES:
        raise RegionError(f"unknown features: features={features:#x}")
    if payload_encoding not in (ENCODING_JSON, ENCODING_JSON_ATTACHMENTS):
        raise RegionError(f"unknown payload encoding: payload_encoding={payload_encoding}")


# spec:req STREAM-005
def parse_stream_header(data: bytes) -> Layout:
    """Check the header that opens a stream (chapter 10); raise RegionError if it is bad.

    The rings of the layout are this process's own, so their sizes are the defaults.
    """
    magic, major, _, header_size, _, generation, worker_id, *rest = _HEADER.unpack_from(data)
    # What lies between describes rings, which a stream has not.
    max_message, payload_encoding, features, *_, lifeline, spin_ns = rest[3:]
    _check_kind(magic, major, features, payload_encoding)
    _check_ranges(SLOT_COUNT_DEFAULT, SLOT_SIZE_DEFAULT, max_message)
    if header_size != REGION_HEADER_SIZE:
        raise RegionError(f"unknown header: header_size={header_size}")
    return Layout(
        generation=generation,
        worker_id=worker_id,
        max_message=max_message,
        lifeline=lifeline,
        spin_ns=spin_ns,
        payload_encoding=payload_encoding,
    )


# spec:req REGION-005 REGION-006 REGION-007 REGION-008 REGION-010 REGION-013 REGION-014
def parse_header(data: bytes, actual_size: int) -> Layout:
    """Check a copy of the region header, and what follows from it; raise RegionError if bad.

    actual_size is what the system says about the size of the shared memory object.
    """
    if len(data) < REGION_HEADER_SIZE:
        raise RegionError(f"region too small for its header: size={len(data)}")
    (
        magic,
        major,
        _minor,
        header_size,
        region_size,
        generation,
        worker_id,
        slot_count,
        slot_size,
        slot_stride,
        max_message,
        payload_encoding,
        features,
        request_control_offset,
        response_control_offset,
        worker_block_offset,
        request_slots_offset,
        response_slots_offset,
        request_doorbell,
        response_doorbell,
        lifeline,
        spin_ns,
    ) = _HEADER.unpack_from(data)
    _check_kind(magic, major, features, payload_encoding)
    _check_ranges(slot_count, slot_size, max_message)
    layout = Layout(
        generation=generation,
        worker_id=worker_id,
        slot_count=slot_count,
        slot_size=slot_size,
        max_message=max_message,
        request_doorbell=request_doorbell,
        response_doorbell=response_doorbell,
        lifeline=lifeline,
        spin_ns=spin_ns,
        payload_encoding=payload_encoding,
    )
    for name, found, expected in (
        ("header_size", header_size, REGION_HEADER_SIZE),
        ("slot_stride", slot_stride, layout.slot_stride),
        ("request_control_offset", request_control_offset, REQUEST_CONTROL_OFFSET),
        ("response_control_offset", response_control_offset, RESPONSE_CONTROL_OFFSET),
        ("worker_block_offset", worker_block_offset, WORKER_BLOCK_OFFSET),
        ("request_slots_offset", request_slots_offset, layout.request_slots_offset),
        ("response_slots_offset", response_slots_offset, layout.response_slots_offset),
        ("region_size", region_size, layout.region_size),
    ):
        if found != expected:
            raise RegionError(f"{name} does not follow: {name}={found} expected={expected}")
    if actual_size < region_size:
        raise RegionError(f"region is cut short: region_size={region_size} actual={actual_size}")
    return layout


# spec:req REGION-001
def pack_header(layout: Layout) -> bytes:
    """The region header of a layout, REGION_HEADER_SIZE bytes. The caller is the master."""
    _check_ranges(layout.slot_count, layout.slot_size, layout.max_message)
    header = _HEADER.pack(
        MAGIC.encode(),
        VERSION_MAJOR,
        VERSION_MINOR,
        REGION_HEADER_SIZE,
        layout.region_size,
        layout.generation,
        layout.worker_id,
        layout.slot_count,
        layout.slot_size,
        layout.slot_stride,
        layout.max_message,
        layout.payload_encoding,
        _KNOWN_FEATURES,
        REQUEST_CONTROL_OFFSET,
        RESPONSE_CONTROL_OFFSET,
        WORKER_BLOCK_OFFSET,
        layout.request_slots_offset,
        layout.response_slots_offset,
        layout.request_doorbell,
        layout.response_doorbell,
        layout.lifeline,
        layout.spin_ns,
    )
    return header.ljust(REGION_HEADER_SIZE, b"\0")


# spec:req REGION-003 REGION-004
def create(layout: Layout) -> int:
    """Make a sealed region and return its descriptor, which the caller owns."""
    header = pack_header(layout)
    fd = os.memfd_create("ringwire", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, layout.region_size)
        os.pwrite(fd, header, 0)
        fcntl.fcntl(
            fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        )
    except BaseException:
        os.close(fd)
        raise
    return fd
