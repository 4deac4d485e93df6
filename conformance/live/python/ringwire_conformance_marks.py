"""A module that leaves a mark when it is imported: a file beside it."""

from pathlib import Path

Path(__file__).with_name("imported").touch()


def function() -> None:
    return None
