"""Exceptions as data (chapter 06, Failures).

Whatever an exception does when it is looked at, and however large its texts are, what comes out
is a failure that fits a message.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any, Final

from ._registry import RESPONSE_HEADER_SIZE
from .payload import encode_details

_OWN_PACKAGES: Final = frozenset(
    (__package__, "importlib", "_frozen_importlib", "_frozen_importlib_external")
)
_TEXT_MAX: Final = 64 * 1024
_NOTES_MAX: Final = 32
_CAUSES_MAX: Final = 8
_ERROR_MESSAGE_MAX: Final = 1024
_TRIMS: Final = (16 * 1024, 4 * 1024, 1024, 256, 64)
_DROPS: Final = ((), ("cause",), ("cause", "notes"), ("cause", "notes", "traceback"))


def type_name(kind: type[BaseException]) -> str:
    """The qualified name; built-in types without module."""
    module = str(kind.__module__)
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def text_of(error: BaseException) -> str:
    """str() of an exception, even of one whose __str__ raises."""
    try:
        return str(error)
    except BaseException as second:
        return f"<{type(second).__name__} in __str__>"


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, list):
        return []
    return [note for note in notes if isinstance(note, str)][:_NOTES_MAX]


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def without_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not of this package or the import system."""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OWN_PACKAGES:
            return trace
        trace = trace.tb_next
    return None


def _formatted(error: BaseException, trace: TracebackType | None, chain: bool) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, trace, chain=chain))
    except BaseException:
        return ""


def _describe(error: BaseException, seen: set[int], chain: bool) -> dict[str, Any]:
    seen.add(id(error))
    trace = without_own_frames(error.__traceback__)
    details: dict[str, Any] = {
        "type": type_name(type(error)),
        "message": _trimmed(text_of(error), _TEXT_MAX),
        "traceback": _trimmed(_formatted(error, trace, chain), _TEXT_MAX),
    }
    notes = _notes(error)
    if notes:
        details["notes"] = [_trimmed(note, _TEXT_MAX) for note in notes]
    cause = _cause(error)
    if cause is not None and id(cause) not in seen and len(seen) < _CAUSES_MAX:
        details["cause"] = _describe(cause, seen, chain=False)
    return details


def describe(error: BaseException) -> dict[str, Any]:
    """The members of a failure. The traceback is the whole text that Python would print, without
    the frames of this package; each cause brings its own part again, as data.
    """
    return _describe(error, set(), chain=True)


def headline(error: BaseException) -> str:
    """The last line that Python would print."""
    text = text_of(error)
    name = type_name(type(error))
    return f"{name}: {text}" if text else name


def _trimmed(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    keep = limit // 2
    left_out = len(text) - 2 * keep
    return f"{text[:keep]}\n[... {left_out} characters left out ...]\n{text[-keep:]}"


def _trim_all(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return _trimmed(value, limit)
    if isinstance(value, list):
        return [_trim_all(item, limit) for item in value]
    if isinstance(value, dict):
        return {key: _trim_all(item, limit) for key, item in value.items()}
    return value


def _utf8_prefix(text: str, limit: int) -> bytes:
    data = text[: limit + 1].encode("utf-8", "backslashreplace")
    return data if len(data) <= limit else data[:limit].decode("utf-8", "ignore").encode()


# spec:req PAYLOAD-009
def fit(message: str, details: dict[str, Any], max_message: int) -> tuple[bytes, bytes]:
    """Body and error message of a failed response of at most max_message bytes.

    Long texts lose their middle, then whole members are left out, the least telling first.
    """
    room = max_message - RESPONSE_HEADER_SIZE
    error_message = _utf8_prefix(message, min(_ERROR_MESSAGE_MAX, room // 4))
    room -= len(error_message)
    if not details:
        return b"", error_message
    body = encode_details(details)
    if len(body) <= room:
        return body, error_message
    for dropped in _DROPS:
        kept = {key: value for key, value in details.items() if key not in dropped}
        for limit in _TRIMS:
            body = encode_details(_trim_all(kept, limit))
            if len(body) <= room:
                return body, error_message
    return b"", error_message
