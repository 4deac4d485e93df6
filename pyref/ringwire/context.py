"""What a running handler can learn about its call."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final


class Call:
    """A call as its handler sees it.

    id is the request_id, unique among the calls in flight in this worker; function is
    "module:function".
    """

    __slots__ = ("_cancelled", "_look", "function", "id")

    def __init__(self, id: int, function: str, look: Callable[[], None] | None = None) -> None:  # noqa: A002
        self.id = id
        self.function = function
        self._cancelled = False
        self._look = look

    @property
    def cancelled(self) -> bool:
        """Whether the master has asked to cancel this call.

        An async handler is sent CancelledError as well; a sync one has only this to look at, and
        may raise asyncio.CancelledError to say that it gave up.
        """
        if not self._cancelled and self._look is not None:
            self._look()
        return self._cancelled

    @property
    def known_cancelled(self) -> bool:
        """Like cancelled, without looking for news; for the engine."""
        return self._cancelled

    def cancel(self) -> None:
        """Note that the master has asked to cancel this call; for the engine."""
        self._cancelled = True

    def __repr__(self) -> str:
        return f"<Call id={self.id} function={self.function!r}>"


_current: Final[ContextVar[Call | None]] = ContextVar("ringwire_call", default=None)

# A handler that runs inline has no context of its own; setting a variable for each would cost
# more than the rare question, so the engine answers it.
_inline: Callable[[], Call | None] | None = None


def enter(call: Call) -> None:
    """Make call the current one of this context; for the engine."""
    _current.set(call)


def answer_inline(question: Callable[[], Call | None] | None) -> None:
    """Say who knows the call that runs inline; for the engine."""
    global _inline  # noqa: PLW0603
    _inline = question


def current_call() -> Call | None:
    """The call that the caller works for; None outside of calls, and in threads of its own.

    asyncio.to_thread and tasks take it along.
    """
    call = _current.get()
    if call is None and _inline is not None:
        call = _inline()
    return call
