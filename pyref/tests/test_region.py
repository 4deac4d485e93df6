from __future__ import annotations

import errno
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ringwire import _registry as registry
from ringwire.errors import RegionError
from ringwire.region import Layout, create, pack_header, parse_header

LAYOUT = Layout(
    generation=7,
    worker_id=3,
    slot_count=8,
    slot_size=120,
    max_message=5000,
    request_doorbell=10,
    response_doorbell=11,
    lifeline=12,
    spin_ns=50_000,
)


def test_layout_of_the_defaults() -> None:
    layout = Layout()
    assert layout.slot_stride == 4160  # 8 + 4096, rounded up to 64
    assert layout.request_slots_offset == 4096
    assert layout.response_slots_offset == 4096 + 256 * 4160
    assert layout.region_size == 4096 + 2 * 256 * 4160


@pytest.mark.parametrize(
    ("slot_size", "stride"), [(64, 128), (112, 128), (120, 128), (128, 192), (1048576, 1048640)]
)
def test_stride_is_a_multiple_of_a_cache_line(slot_size: int, stride: int) -> None:
    assert Layout(slot_size=slot_size).slot_stride == stride


def test_slots_start_on_pages() -> None:
    layout = Layout(slot_count=2, slot_size=64)
    assert layout.response_slots_offset == 8192
    assert layout.region_size == 12288


# spec:test REGION-001
def test_header_round_trip() -> None:
    header = pack_header(LAYOUT)
    assert len(header) == registry.REGION_HEADER_SIZE
    assert parse_header(header, LAYOUT.region_size) == LAYOUT
    assert parse_header(header, LAYOUT.region_size + 4096) == LAYOUT


def test_fields_lie_where_the_registry_says() -> None:
    header = pack_header(LAYOUT)

    def u32(offset: int) -> int:
        return int.from_bytes(header[offset : offset + 4], "little")

    def u64(offset: int) -> int:
        return int.from_bytes(header[offset : offset + 8], "little")

    assert header[registry.HEADER_MAGIC : 8] == b"RINGWIRE"
    assert u32(registry.HEADER_VERSION_MAJOR) == 1  # and minor 0 beside it
    assert u32(registry.HEADER_HEADER_SIZE) == 256
    assert u64(registry.HEADER_REGION_SIZE) == LAYOUT.region_size
    assert u64(registry.HEADER_GENERATION) == 7
    assert u32(registry.HEADER_WORKER_ID) == 3
    assert u32(registry.HEADER_SLOT_COUNT) == 8
    assert u32(registry.HEADER_SLOT_SIZE) == 120
    assert u32(registry.HEADER_SLOT_STRIDE) == 128
    assert u32(registry.HEADER_MAX_MESSAGE) == 5000
    assert u32(registry.HEADER_PAYLOAD_ENCODING) == 1
    assert u64(registry.HEADER_FEATURES) == 0
    assert u32(registry.HEADER_REQUEST_CONTROL_OFFSET) == 512
    assert u32(registry.HEADER_RESPONSE_CONTROL_OFFSET) == 1024
    assert u32(registry.HEADER_WORKER_BLOCK_OFFSET) == 1536
    assert u64(registry.HEADER_REQUEST_SLOTS_OFFSET) == 4096
    assert u64(registry.HEADER_RESPONSE_SLOTS_OFFSET) == 8192
    assert u32(registry.HEADER_REQUEST_DOORBELL) == 10
    assert u32(registry.HEADER_RESPONSE_DOORBELL) == 11
    assert u32(registry.HEADER_LIFELINE) == 12
    assert u32(registry.HEADER_SPIN_NS) == 50_000


def changed(offset: int, data: bytes) -> bytes:
    header = bytearray(pack_header(LAYOUT))
    header[offset : offset + len(data)] = data
    return bytes(header)


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


REFUSED = {
    "magic": changed(registry.HEADER_MAGIC, b"RINGWIRF"),
    "version_major 0": changed(registry.HEADER_VERSION_MAJOR, b"\0\0"),
    "version_major 2": changed(registry.HEADER_VERSION_MAJOR, b"\2\0"),
    "feature bit 0": changed(registry.HEADER_FEATURES, b"\1"),
    "feature bit 63": changed(registry.HEADER_FEATURES + 7, b"\x80"),
    "payload_encoding 0": changed(registry.HEADER_PAYLOAD_ENCODING, u32(0)),
    "payload_encoding 3": changed(registry.HEADER_PAYLOAD_ENCODING, u32(3)),
    "header_size": changed(registry.HEADER_HEADER_SIZE, u32(264)),
    "region_size one less": changed(
        registry.HEADER_REGION_SIZE, struct.pack("<Q", LAYOUT.region_size - 1)
    ),
    "region_size huge": changed(registry.HEADER_REGION_SIZE, b"\xff" * 8),
    "slot_count 0": changed(registry.HEADER_SLOT_COUNT, u32(0)),
    "slot_count 1": changed(registry.HEADER_SLOT_COUNT, u32(1)),
    "slot_count no power of two": changed(registry.HEADER_SLOT_COUNT, u32(12)),
    "slot_count other": changed(registry.HEADER_SLOT_COUNT, u32(64)),
    "slot_count above": changed(registry.HEADER_SLOT_COUNT, u32(131072)),
    "slot_size 56": changed(registry.HEADER_SLOT_SIZE, u32(56)),
    "slot_size no multiple of 8": changed(registry.HEADER_SLOT_SIZE, u32(124)),
    "slot_size above": changed(registry.HEADER_SLOT_SIZE, u32(1048584)),
    "slot_stride": changed(registry.HEADER_SLOT_STRIDE, u32(192)),
    "max_message 1023": changed(registry.HEADER_MAX_MESSAGE, u32(1023)),
    "max_message above": changed(registry.HEADER_MAX_MESSAGE, u32(1073741825)),
    "request_control_offset": changed(registry.HEADER_REQUEST_CONTROL_OFFSET, u32(1024)),
    "response_control_offset": changed(registry.HEADER_RESPONSE_CONTROL_OFFSET, u32(512)),
    "worker_block_offset": changed(registry.HEADER_WORKER_BLOCK_OFFSET, u32(2048)),
    "request_slots_offset": changed(registry.HEADER_REQUEST_SLOTS_OFFSET, u32(8192)),
    "response_slots_offset": changed(registry.HEADER_RESPONSE_SLOTS_OFFSET, u32(4096)),
    "short header": pack_header(LAYOUT)[:255],
    "empty": b"",
}


# spec:test REGION-005 REGION-007 REGION-008 REGION-009 REGION-010
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(RegionError):
        parse_header(REFUSED[name], LAYOUT.region_size)


# spec:test REGION-008
def test_refused_when_the_object_is_smaller_than_it_says() -> None:
    with pytest.raises(RegionError, match="cut short"):
        parse_header(pack_header(LAYOUT), LAYOUT.region_size - 1)


# spec:test REGION-006
def test_newer_minor_version_is_accepted() -> None:
    header = changed(registry.HEADER_VERSION_MINOR, b"\xff\xff")
    assert parse_header(header, LAYOUT.region_size) == LAYOUT


# spec:test REGION-013
def test_reserved_bytes_are_ignored() -> None:
    for offset, size in ((76, 4), (112, 144)):
        assert parse_header(changed(offset, b"\xff" * size), LAYOUT.region_size) == LAYOUT


# spec:test REGION-009 LIMIT-001
def test_borders_of_the_ranges_are_accepted() -> None:
    for layout in (
        Layout(slot_count=2, slot_size=64, max_message=1024),
        Layout(slot_count=65536, slot_size=1048576, max_message=1073741824),
    ):
        assert parse_header(pack_header(layout), layout.region_size) == layout


def test_a_bad_layout_is_not_packed() -> None:
    with pytest.raises(RegionError):
        pack_header(Layout(slot_count=3))


@contextmanager
def region(layout: Layout) -> Iterator[int]:
    fd = create(layout)
    try:
        yield fd
    finally:
        os.close(fd)


# spec:test REGION-003
def test_created_region_is_zero_behind_its_header() -> None:
    with region(LAYOUT) as fd, mmap.mmap(fd, LAYOUT.region_size) as memory:
        assert os.fstat(fd).st_size == LAYOUT.region_size
        assert memory[:256] == pack_header(LAYOUT)
        assert not any(memory[256:])


# spec:test REGION-004
def test_created_region_cannot_change_its_size() -> None:
    with region(LAYOUT) as fd:
        for size in (0, LAYOUT.region_size - 4096, LAYOUT.region_size + 4096):
            with pytest.raises(PermissionError) as caught:
                os.ftruncate(fd, size)
            assert caught.value.errno == errno.EPERM


def test_descriptor_is_closed_when_making_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = os.memfd_create

    def remember(name: str, flags: int) -> int:
        made.append(real(name, flags))
        return made[0]

    def fail(fd: int, size: int) -> None:
        raise OSError(errno.ENOMEM, "no memory")

    monkeypatch.setattr(os, "memfd_create", remember)
    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(OSError, match="no memory"):
        create(LAYOUT)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(made[0])
