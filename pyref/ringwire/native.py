"""The accelerator, if it is installed: the distribution ringwire-native (pyref/native).

It is a module of its own because this package travels inside Go programs as plain source. It is
used only if it was made for this version of the hot path, and RINGWIRE_NATIVE=0 turns it off;
nothing but speed depends on it, except that it has the fences that rings need on other machines
than x86-64.
"""

from __future__ import annotations

import importlib
import os
from typing import Any, Final

VARIABLE: Final = "RINGWIRE_NATIVE"

# What engine.py and the accelerator's serve() know about each other. Both sides have the number.
ABI: Final = 3


def load() -> Any:
    """The module, or None if it is not installed, not wanted, or made for another version."""
    if os.environ.get(VARIABLE) == "0":
        return None
    try:
        found = importlib.import_module("_ringwire_native")
    except ImportError:
        return None
    return found if getattr(found, "ABI", None) == ABI else None


module: Final = load()
