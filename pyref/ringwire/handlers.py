"""From a name to a function: what is allowed, finding it, and checking arguments (chapter 06)."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Final

from ._registry import STATUS_BAD_REQUEST, STATUS_FORBIDDEN, STATUS_NOT_FOUND, STATUS_RAISED

_HANDLERS_MAX: Final = 4096
_ACCEPTED_MAX: Final = 256


class CallRefused(Exception):  # noqa: N818
    """A call that is answered without running its function: a status and why.

    error is the exception that importing the module raised, if that is the reason.
    """

    def __init__(self, status: int, reason: str, error: BaseException | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.error = error


class Pattern:
    """An allow pattern, `module:function`; `*` stands for any run of characters."""

    __slots__ = ("_function", "_module", "exact")

    def __init__(self, text: str) -> None:
        module, colon, function = text.partition(":")
        if not (module and colon and function) or ":" in function:
            raise ValueError(f"an allow pattern has the form module:function: pattern={text!r}")
        self._module = module.split("*")
        self._function = function.split("*")
        # Whether the function is spelt out; only then may it be private or imported.
        self.exact = "*" not in function

    # spec:req PAYLOAD-011
    def matches(self, module: str, function: str) -> bool:
        return _glob(self._module, module) and _glob(self._function, function)


def _glob(pieces: list[str], text: str) -> bool:
    """Whether text is the pieces in order, with anything between them. Linear in the text."""
    first, *middle = pieces
    if not middle:
        return text == first
    last = middle.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first):
        return False
    if not text.endswith(last):
        return False
    start, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True


class Handler:
    """A function that may be called, with what a call needs to know about it."""

    __slots__ = (
        "_signature",
        "accepted",
        "binds",
        "function",
        "is_async",
        "is_brief",
        "lengths",
        "name",
        "names",
    )

    def __init__(self, name: str, module_len: int, function: Callable[..., Any]) -> None:
        self.name = name
        # As they lie in a request: two names without separator, and before them both lengths,
        # which tell apart names that are the same bytes together.
        raw = name.encode()
        self.names = raw[:module_len] + raw[module_len + 1 :]
        self.lengths = module_len | (len(self.names) - module_len) << 32
        self.function = function
        # Whether calling it checks the arguments exactly as check() does, before any of its code.
        self.binds = (
            type(function) is FunctionType
            and not hasattr(function, "__wrapped__")
            and not hasattr(function, "__signature__")
        )
        # Whether its last result was a short text in JSON; for the engine, which expects another.
        self.is_brief = False
        self.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004
        )
        try:
            self._signature: inspect.Signature | None = inspect.signature(function)
        except Exception:
            # Some functions written in C have none; they judge their arguments themselves.
            self._signature = None
        # Names of arguments that are known to fit, so that bind() is not asked again.
        self.accepted: set[tuple[str, ...]] = set()

    def may_have_refused(self, error: BaseException) -> bool:
        """Whether error, which calling the function raised, may mean that arguments do not fit.

        check() knows. If they do not, no frame but the caller's is in the traceback.
        """
        trace = error.__traceback__
        return self.binds and type(error) is TypeError and (trace is None or trace.tb_next is None)

    # spec:req PAYLOAD-005
    def check(self, kwargs: dict[str, Any]) -> None:
        """Raise CallRefused if the arguments do not fit; whether they do depends on names only."""
        if self._signature is not None:
            try:
                self._signature.bind(**kwargs)
            except TypeError as error:
                raise CallRefused(
                    STATUS_BAD_REQUEST, f"arguments do not fit {self.name}: {error}"
                ) from None
        if len(self.accepted) < _ACCEPTED_MAX:
            self.accepted.add(tuple(kwargs))


class Handlers:
    """The functions that this worker may run.

    cache maps the bytes of module and function name, one after the other, to the handler; whoever
    looks there must compare lengths.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._patterns = [Pattern(text) for text in allow]
        self.cache: dict[bytes, Handler] = {}

    # spec:req LIFE-018 LIFE-060 PAYLOAD-012 PAYLOAD-013
    def check_allowed(self, module: str, function: str) -> bool:
        """Raise CallRefused if the name is not allowed. Nothing is imported.

        The result says whether the function was spelt out in a pattern.
        """
        matching = [p.exact for p in self._patterns if p.matches(module, function)]
        if not matching:
            raise CallRefused(STATUS_FORBIDDEN, f"not allowed: {module}:{function}")
        exact = any(matching)
        if not exact and any(part.startswith("_") for part in function.split(".")):
            raise CallRefused(STATUS_FORBIDDEN, f"private: {module}:{function}")
        return exact

    def find(self, module: str, function: str) -> Handler:
        """The handler of an allowed name, found once and then kept.

        Importing the module runs its code. Raises CallRefused if there is no such function.
        """
        exact = self.check_allowed(module, function)
        target = _resolve(module, function)
        if not exact and _merely_imported(module, function, target):
            reason = f"imported into {module}, not defined there: {module}:{function}"
            raise CallRefused(STATUS_FORBIDDEN, reason)
        module_bytes = module.encode()
        handler = Handler(f"{module}:{function}", len(module_bytes), target)
        if len(self.cache) >= _HANDLERS_MAX:
            self.cache.clear()
        self.cache[module_bytes + function.encode()] = handler
        return handler


# spec:req PAYLOAD-006
def import_module(name: str) -> Any:
    """Import a module by name; CallRefused 404 if there is none, 500 if its code raises."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name
        if missing is not None and (name == missing or name.startswith(f"{missing}.")):
            raise CallRefused(STATUS_NOT_FOUND, f"no module {name}") from None
        raise CallRefused(STATUS_RAISED, f"importing {name} failed", error) from None
    except BaseException as error:
        if name.startswith("."):
            raise CallRefused(STATUS_NOT_FOUND, f"no module {name}") from None
        raise CallRefused(STATUS_RAISED, f"importing {name} failed", error) from None


# spec:req PAYLOAD-006 PAYLOAD-014
def _resolve(module: str, function: str) -> Callable[..., Any]:
    target = import_module(module)
    not_found = CallRefused(STATUS_NOT_FOUND, f"no function {function} in {module}")
    for index, part in enumerate(function.split(".")):
        if index > 0 and not isinstance(target, type):
            raise not_found
        try:
            target = getattr(target, part)
        except AttributeError:
            raise not_found from None
        except BaseException as error:
            raise CallRefused(
                STATUS_RAISED, f"looking up {function} in {module} failed", error
            ) from None
    if not callable(target):
        raise not_found
    return target  # type: ignore[no-any-return]


# spec:req PAYLOAD-013
def _merely_imported(module: str, function: str, target: object) -> bool:
    if getattr(target, "__module__", None) == module:
        return False
    exported = getattr(importlib.import_module(module), "__all__", ())
    return function not in exported and function.partition(".")[0] not in exported
