"""Whichever JSON is chosen, nobody can tell."""

from __future__ import annotations

import sys
import uuid
from typing import Any

import pytest
from test_payload_orjson import KWARGS, RESULTS, FakeOrjson, outcome

from ringwire import native
from ringwire._registry import ENCODING_JSON, ENCODING_JSON_ATTACHMENTS
from ringwire.codec import STDLIB, choose
from ringwire.payload import PayloadError, decode_kwargs, encode_result


class FakeNative:
    """As far as a codec is concerned: sees what it has to see."""

    @staticmethod
    def same_json(value: object) -> bool:
        return type(value) in (dict, list, str, int)


@pytest.mark.parametrize("name", ["stdlib", "", None])
def test_standard_library(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    monkeypatch.setattr(native, "module", None)
    monkeypatch.setitem(sys.modules, "orjson", FakeOrjson)
    assert choose(name, ENCODING_JSON) == STDLIB


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "module", FakeNative)
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert choose(None, ENCODING_JSON) == STDLIB
    with pytest.raises(ImportError):
        choose("orjson", ENCODING_JSON)


def test_unknown() -> None:
    with pytest.raises(ValueError, match="no such JSON library: name=simplejson"):
        choose("simplejson", ENCODING_JSON)


def test_orjson_is_chosen_when_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "orjson", FakeOrjson)
    monkeypatch.setattr(native, "module", FakeNative)
    codec = choose(None, ENCODING_JSON)
    assert codec.raw == (FakeOrjson.loads, FakeOrjson.dumps, 7)
    assert choose("stdlib", ENCODING_JSON) == STDLIB
    with pytest.raises(PayloadError):
        codec.encode(uuid.UUID(int=0))


def test_orjson_is_chosen_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "orjson", FakeOrjson)
    monkeypatch.setattr(native, "module", None)
    codec = choose("orjson", ENCODING_JSON)
    assert codec.raw[0] is FakeOrjson.loads
    assert codec.decode(b'{"a":1}') == {"a": 1}


def test_attachments_stand_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "module", None)
    codec = choose(None, ENCODING_JSON_ATTACHMENTS)
    assert codec.raw == STDLIB.raw
    assert bytes(codec.encode(b"x"))[:1] == b"\0"
    assert bytes(codec.encode("x" * (codec.long_text - 1)))[:1] == b'"'
    assert bytes(codec.encode("x" * codec.long_text))[:1] == b"\0"


@pytest.mark.parametrize("value", [*RESULTS, uuid.UUID(int=0)], ids=repr)
def test_results_are_the_same_whatever_is_installed(value: Any) -> None:
    encode = choose(None, ENCODING_JSON).encode
    assert outcome(encode, value) == outcome(encode_result, value)


@pytest.mark.parametrize("data", KWARGS, ids=lambda data: repr(data[:40]))
def test_kwargs_are_the_same_whatever_is_installed(data: bytes) -> None:
    decode = choose(None, ENCODING_JSON).decode
    assert outcome(decode, data) == outcome(decode_kwargs, data)
