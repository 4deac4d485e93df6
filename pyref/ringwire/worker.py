"""The entry point of a worker: python3 -m ringwire.worker LANE WORKER_ID (chapter 05).

LANE is fd:N, an inherited descriptor of a region, or a path; or stream:fd:N or
stream:tcp:HOST:PORT, a stream (chapter 10). WORKER_ID is decimal. What may be called is told in the
environment variable RINGWIRE_WORKER_CONFIG.
"""

from __future__ import annotations

import faulthandler
import io
import os
import sys
from typing import Final, NoReturn

from . import config
from ._registry import EXIT_REGION_REFUSED
from .doorbell import FENCED
from .errors import RegionError
from .lane import Lane, RingLane
from .process import Process, leave, open_region, say
from .stream import PREFIX, open_stream

UNFENCED_VARIABLE: Final = "RINGWIRE_UNFENCED"

_USAGE: Final = "usage: python3 -m ringwire.worker LANE WORKER_ID"
_EXIT_USAGE: Final = 2

# Of freed memory twice as many bytes are kept, and blocks up to this length come from there.
_KEPT: Final = 8 << 20


# spec:req LIFE-019
def _prepare_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    try:
        faulthandler.enable()
    except (RuntimeError, ValueError, io.UnsupportedOperation):
        pass


def _keep_memory() -> None:
    """Keep the memory of one long message for the next.

    glibc gives long blocks back to the system when they are freed, and gets the next ones page by
    page, which takes several times as long as all else that is done with a megabyte. But it learns
    from the longest one that was freed. Other libraries do not mind.
    """
    bytes(_KEPT)  # nobody touches it, so it costs no memory


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a worker; arguments are LANE and WORKER_ID, by default those of the command line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 2 or not arguments[1].isdecimal():
        say(_USAGE)
        leave(_EXIT_USAGE)
    _prepare_streams()
    _keep_memory()
    try:
        lane = _open(arguments[0])
    except RegionError as error:
        say(f"region refused: {error}")
        leave(EXIT_REGION_REFUSED)
    Process(lane).run()


def _open(name: str) -> Lane:
    if name.startswith(PREFIX):
        return open_stream(name, config.peek_stream_token())
    unfenced = os.environ.get(UNFENCED_VARIABLE) == "1"
    if not FENCED and not unfenced:
        raise RegionError(
            "this machine gives Python no memory fences, so a ring is not safe here; "
            f"use a stream, or set {UNFENCED_VARIABLE}=1 to take the risk"
        )
    fd, layout = open_region(name)
    return RingLane(fd, layout, FENCED and not unfenced)


if __name__ == "__main__":
    main()
