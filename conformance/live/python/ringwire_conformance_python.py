"""What only a worker that runs Python can be asked (spec chapters 05 and 06)."""

import asyncio

# Merely imported: dirname may be called because __all__ lists it, basename may not.
from os.path import basename, dirname

__all__ = ["Outer", "cancelled_by_itself", "dirname", "present", "quit_python", "unencodable"]


def present() -> bool:
    return True


def unencodable() -> object:
    return object()


def quit_python() -> None:
    raise SystemExit(3)


async def cancelled_by_itself() -> None:
    raise asyncio.CancelledError


class Outer:
    """A path of attributes through classes leads to a function."""

    class Inner:
        @staticmethod
        def function() -> str:
            return "inner"


instance = Outer.Inner()
_ = basename
