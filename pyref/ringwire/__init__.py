"""Ringwire: calls from a master to Python functions over shared-memory rings.

Handlers need nothing from here but, if they want it, current_call. The protocol lies in wire,
region, ring and doorbell; the worker process is ringwire.worker.
"""

from ._version import __version__
from .context import Call, current_call

__all__ = ["Call", "__version__", "current_call"]
