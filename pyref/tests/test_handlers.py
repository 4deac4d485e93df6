from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ringwire._registry import (
    STATUS_BAD_REQUEST,
    STATUS_FORBIDDEN,
    STATUS_NOT_FOUND,
    STATUS_RAISED,
)
from ringwire.handlers import CallRefused, Handler, Handlers, Pattern


# spec:test PAYLOAD-011
@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("m:f", "m:f", True),
        ("m:f", "m:ff", False),
        ("m:f", "mm:f", False),
        ("m:*", "m:f", True),
        ("m:*", "m:a.b", True),
        ("m:*", "mm:f", False),
        ("m*:f", "m:f", True),
        ("m*:f", "m.n:f", True),
        ("*:*", "any.thing:at.all", True),
        ("m:get_*", "m:get_", True),
        ("m:get_*", "m:get_x", True),
        ("m:get_*", "m:set_x", False),
        ("m:*_x", "m:get_x", True),
        ("m:*_x", "m:_x", True),
        ("m:a*b*c", "m:abc", True),
        ("m:a*b*c", "m:aXbYc", True),
        ("m:a*b*c", "m:aXcYb", False),
        ("m:a*bb*c", "m:abc", False),
        ("m:ab*ba", "m:aba", False),
        ("m:a**c", "m:ac", True),
        ("m:f?", "m:fx", False),
        ("m:f?", "m:f?", True),
        ("m:[f]", "m:f", False),
        ("m.n:f", "mxn:f", False),
        ("m:f", "M:f", False),
        ("m:*", "m:a\nb", True),
    ],
)
def test_patterns(pattern: str, name: str, expected: bool) -> None:
    module, _, function = name.partition(":")
    assert Pattern(pattern).matches(module, function) is expected


@pytest.mark.parametrize("text", ["", "m", "m:", ":f", ":", "m:f:g"])
def test_pattern_of_another_form(text: str) -> None:
    with pytest.raises(ValueError, match="module:function"):
        Pattern(text)


def test_many_stars_do_not_explode() -> None:
    # A matcher that tries all ways would not come back from this.
    assert not Pattern("m:" + "*a" * 200 + "*b").matches("m", "a" * 1024)


def refused(handlers: Handlers, name: str) -> CallRefused:
    module, _, function = name.partition(":")
    with pytest.raises(CallRefused) as caught:
        handlers.find(module, function)
    return caught.value


def result(handlers: Handlers, name: str, **kwargs: Any) -> Any:
    module, _, function = name.partition(":")
    handler = handlers.find(module, function)
    handler.check(kwargs)
    return handler.function(**kwargs)


# spec:test LIFE-060
def test_nothing_is_allowed_by_default() -> None:
    assert refused(Handlers(), "sample:add").status == STATUS_FORBIDDEN


# spec:test LIFE-018 PAYLOAD-012
def test_not_allowed_is_not_imported() -> None:
    sys.modules.pop("antigravity", None)
    assert refused(Handlers(["sample:*"]), "antigravity:fly").status == STATUS_FORBIDDEN
    assert "antigravity" not in sys.modules


# spec:test PAYLOAD-013
@pytest.mark.parametrize(
    "name",
    [
        "sample:_private",
        "sample:Calculator._private",
        "sample:Calculator.__init__",
        "sample:_Hidden.f",
        "sample:os",
        "sample:current_call",
        "sample:partial_add",
        "sample:Calculator.imported",
    ],
)
def test_wildcards_allow_neither_private_nor_imported(name: str) -> None:
    assert refused(Handlers(["sample:*"]), name).status in (STATUS_FORBIDDEN, STATUS_NOT_FOUND)


def test_imported_is_told_from_missing() -> None:
    assert refused(Handlers(["sample:*"]), "sample:current_call").status == STATUS_FORBIDDEN
    assert refused(Handlers(["*:*"]), "sample:current_call").status == STATUS_FORBIDDEN


# spec:test PAYLOAD-013
def test_wildcards_allow_what_all_lists() -> None:
    assert result(Handlers(["sample:*"]), "sample:dumps", obj=1) == "1"


# spec:test PAYLOAD-013
def test_spelt_out_names_may_be_private_or_imported() -> None:
    handlers = Handlers(
        ["sample:*", "sample:_private", "sample:current_call", "sampl*:partial_add"]
    )
    assert result(handlers, "sample:_private") == "private"
    assert result(handlers, "sample:current_call") is None
    assert result(handlers, "sample:partial_add", a=1) == {"sum": 11}


# spec:test PAYLOAD-014
def test_dotted_names_go_through_classes_only() -> None:
    handlers = Handlers(["sample:*", "sample:calculator.double", "sample:os.system"])
    assert result(handlers, "sample:Calculator.double", x=2) == 4
    assert result(handlers, "sample:Calculator.times", x=2) == 6
    assert result(handlers, "sample:Calculator.Nested.half", x=2) == 1.0
    for name in ("sample:calculator.double", "sample:os.system", "sample:add.__call__"):
        assert refused(handlers, name).status in (STATUS_NOT_FOUND, STATUS_FORBIDDEN)
    assert refused(handlers, "sample:os.system").status == STATUS_NOT_FOUND


# spec:test PAYLOAD-006
@pytest.mark.parametrize(
    "name",
    [
        "sample:missing",
        "sample:number",
        "sample:Calculator.missing",
        "sample:Calculator.factor",
        "sample:.add",
        "sample:add.",
        "no_such_module:f",
        "no_such.module:f",
        "sample.sub:f",
        ".sample:f",
        "sample..x:f",
        "sample/x:f",
    ],
)
def test_not_found(name: str) -> None:
    assert refused(Handlers(["*:*"]), name).status == STATUS_NOT_FOUND


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


# spec:test PAYLOAD-006
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise ValueError('at import')", ValueError),
        ("import no_such_module_at_all", ModuleNotFoundError),
        ("from os import no_such_name", ImportError),
        ("raise SystemExit(3)", SystemExit),
        ("def f(:", SyntaxError),
        ("raise ModuleNotFoundError", ModuleNotFoundError),
    ],
)
def test_module_that_raises(modules: Path, code: str, kind: type[BaseException]) -> None:
    (modules / "broken_module.py").write_text(code, encoding="utf-8")
    refusal = refused(Handlers(["*:*"]), "broken_module:f")
    assert refusal.status == STATUS_RAISED
    assert isinstance(refusal.error, kind)
    assert "broken_module" in refusal.reason


def test_module_whose_getattr_raises(modules: Path) -> None:
    (modules / "moody_module.py").write_text(
        "def __getattr__(name): raise RuntimeError(name)", encoding="utf-8"
    )
    refusal = refused(Handlers(["*:*"]), "moody_module:f")
    assert refusal.status == STATUS_RAISED
    assert isinstance(refusal.error, RuntimeError)


def test_found_once_and_kept() -> None:
    handlers = Handlers(["sample:*"])
    handler = handlers.find("sample", "add")
    assert handlers.cache == {b"sampleadd": handler}
    assert handler.lengths == 6 | (len(handler.names) - 6) << 32
    assert handler.name == "sample:add"


def test_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringwire.handlers._HANDLERS_MAX", 2)
    handlers = Handlers(["sample:*"])
    for name in ("add", "echo", "fail"):
        handlers.find("sample", name)
    assert list(handlers.cache) == [b"samplefail"]


def handler(name: str) -> Handler:
    return Handlers(["sample:*", f"sample:{name}"]).find("sample", name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", False),
        ("async_add", True),
        ("async_callable", True),
        ("returns_coroutine", False),
        ("async_generator", False),
        ("Calculator", False),
        ("partial_add", False),
    ],
)
def test_async_functions_are_known(name: str, expected: bool) -> None:
    assert handler(name).is_async is expected


# spec:test PAYLOAD-005
@pytest.mark.parametrize(
    ("name", "kwargs", "fits"),
    [
        ("add", {"a": 1, "b": 2}, True),
        ("add", {"b": 1, "a": 2}, True),
        ("add", {"a": 1}, False),
        ("add", {"a": 1, "b": 2, "c": 3}, False),
        ("add", {}, False),
        ("add", {"a": 1, "B": 2}, False),
        ("nothing", {}, True),
        ("nothing", {"x": 1}, False),
        ("defaults", {"a": 1}, True),
        ("defaults", {"a": 1, "c": 2}, True),
        ("defaults", {"c": 1}, False),
        ("anything", {"x": 1, "not an identifier": 2, "": 3}, True),
        ("positional", {"a": 1}, False),
        ("wrapped", {"a": 1, "b": 2}, True),
        ("wrapped", {"a": 1}, False),
        ("partial_add", {"a": 1}, True),
        ("partial_add", {"a": 1, "b": 2}, True),
        ("Calculator", {}, True),
        ("Calculator", {"x": 1}, False),
    ],
)
def test_arguments(name: str, kwargs: dict[str, Any], fits: bool) -> None:
    found = handler(name)
    for _ in range(2):
        if fits:
            found.check(kwargs)
            assert tuple(kwargs) in found.accepted
        else:
            with pytest.raises(CallRefused) as caught:
                found.check(kwargs)
            assert caught.value.status == STATUS_BAD_REQUEST
            assert tuple(kwargs) not in found.accepted


def test_functions_without_signature_judge_for_themselves() -> None:
    found = Handlers(["builtins:min"]).find("builtins", "min")
    found._signature = None
    found.check({"whatever": 1})

    class Odd:
        @property
        def __signature__(self) -> None:
            raise RuntimeError

        def __call__(self) -> None:
            pass

    odd = Handler("m:odd", 1, Odd())
    odd.check({"whatever": 1})


def test_accepted_names_are_bounded() -> None:
    found = handler("anything")
    for number in range(1000):
        found.check({f"k{number}": 1})
    assert len(found.accepted) == 256
