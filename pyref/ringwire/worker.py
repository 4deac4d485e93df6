"""The entry point of a worker: python3 -m ringwire.worker REGION WORKER_ID (chapter 05).

REGION is fd:N, an inherited descriptor, or a path; WORKER_ID is decimal. What may be called is
told in the environment variable RINGWIRE_WORKER_CONFIG.
"""

from __future__ import annotations

import faulthandler
import io
import os
import sys
from typing import Final, NoReturn

from ._registry import EXIT_REGION_REFUSED
from .doorbell import FENCED
from .errors import RegionError
from .process import Process, leave, open_region, say

UNFENCED_VARIABLE: Final = "RINGWIRE_UNFENCED"

_USAGE: Final = "usage: python3 -m ringwire.worker REGION WORKER_ID"
_EXIT_USAGE: Final = 2


# spec:req LIFE-019
def _prepare_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    try:
        faulthandler.enable()
    except (RuntimeError, ValueError, io.UnsupportedOperation):
        pass


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a worker; arguments are REGION and WORKER_ID, by default those of the command line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 2 or not arguments[1].isdecimal():
        say(_USAGE)
        leave(_EXIT_USAGE)
    _prepare_streams()
    fenced = FENCED and os.environ.get(UNFENCED_VARIABLE) != "1"
    if not FENCED and os.environ.get(UNFENCED_VARIABLE) != "1":
        say(
            "this machine gives Python no memory fences, so a ring is not safe here; "
            f"use a stream, or set {UNFENCED_VARIABLE}=1 to take the risk"
        )
        leave(EXIT_REGION_REFUSED)
    try:
        fd, layout = open_region(arguments[0])
    except RegionError as error:
        say(f"region refused: {error}")
        leave(EXIT_REGION_REFUSED)
    Process(fd, layout, fenced).run()


if __name__ == "__main__":
    main()
