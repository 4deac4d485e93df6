"""Which event loop a worker runs on."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias

LOOP_VARIABLE: Final = "RINGWIRE_LOOP"

# Makes a loop that has no selector; None: the standard loop, which is given one.
NewLoop: TypeAlias = "Callable[[], asyncio.AbstractEventLoop] | None"


def choose(name: str | None) -> NewLoop:
    """What makes the loop; name is "asyncio", "uvloop", or None for the standard one.

    Raises ImportError if uvloop is asked for and not there, ValueError for another name.
    """
    if name in (None, "", "asyncio"):
        return None
    if name != "uvloop":
        raise ValueError(f"no such loop: name={name}")
    new: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return new


# spec:req LIFE-058
def abandon(loop: asyncio.AbstractEventLoop, leave: Callable[[], object]) -> None:
    """In a forked child: leave as soon as the code that forked gives the loop back.

    What the loop was about to run is the parent's to run.
    """
    ready: Any = getattr(loop, "_ready", None)
    if ready is not None:
        ready.clear()
    else:
        # uvloop shows its queue to nobody but the collector, and may be in the middle of it, so
        # that each of its entries has to stay.
        for part in gc.get_referents(loop):
            if isinstance(part, deque):
                for handle in part:
                    handle.cancel()
    loop.call_soon(leave)
    # What a descriptor brings in before that finds nothing that it could use.
    loop.set_exception_handler(lambda *_: leave())
