from __future__ import annotations

import os

import pytest

from ringwire.config import VARIABLE, Config, ConfigError, parse, take_from_environment


# spec:test LIFE-060
def test_empty() -> None:
    assert parse("{}") == Config((), (), ())


def test_members() -> None:
    text = '{"allow":["m:*"],"path":["/a","/b"],"preload":["m"]}'
    assert parse(text) == Config(("m:*",), ("/a", "/b"), ("m",))
    assert parse(Config(("m:*",), ("/a",), ("m",)).to_json()) == Config(("m:*",), ("/a",), ("m",))


# spec:test LIFE-061
def test_unknown_members_are_ignored() -> None:
    assert parse('{"allow":["m:f"],"future":{"x":1}}') == Config(("m:f",))


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "null", '{"allow":"m:*"}', '{"path":[1]}', '{"preload":{}}', "[" * 100_000],
)
def test_bad(text: str) -> None:
    with pytest.raises(ConfigError, match=VARIABLE):
        parse(text)


# spec:test LIFE-060 LIFE-062
def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert take_from_environment() == Config()
    monkeypatch.setenv(VARIABLE, '{"allow":["m:f"]}')
    assert take_from_environment() == Config(("m:f",))
    assert VARIABLE not in os.environ
