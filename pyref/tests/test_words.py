from __future__ import annotations

import pytest

from ringwire.words import Cursor, word


@pytest.mark.parametrize("size", [4, 8])
def test_word_is_one_field(size: int) -> None:
    memory = bytearray(24)
    field = word(memory, 8, size)
    field[0] = 2 ** (8 * size) - 2
    assert field[0] == 2 ** (8 * size) - 2
    assert memory[8 : 8 + size] == b"\xfe" + b"\xff" * (size - 1)
    assert not any(memory[:8] + memory[8 + size :])
    assert len(field) == 1
    assert field.itemsize == size


def test_released_word_gives_up_the_memory() -> None:
    memory = bytearray(8)
    field = word(memory, 0, 8)
    field.release()
    memory.append(0)
    with pytest.raises(ValueError, match="released"):
        field[0]


def test_cursor() -> None:
    cursor = Cursor()
    cursor.position = cursor.read_position = 2**64 - 1
    cursor.position = 0
    assert (cursor.position, cursor.read_position) == (0, 2**64 - 1)
