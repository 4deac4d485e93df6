"""What the master tells a worker about its job (chapter 05, Configuration)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Final

VARIABLE: Final = "RINGWIRE_WORKER_CONFIG"


class ConfigError(Exception):
    """A configuration that cannot be used."""


@dataclass(frozen=True, slots=True)
class Config:
    """allow patterns, directories for the module search path, modules to import at the start."""

    allow: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    # What to show on a stream that was not inherited (chapter 10).
    stream_token: bytes = b""

    def to_json(self) -> str:
        return json.dumps(
            {
                "allow": self.allow,
                "path": self.path,
                "preload": self.preload,
                "stream_token": self.stream_token.hex(),
            },
        )


def _strings(members: dict[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{VARIABLE}: {name} is not an array of strings")
    return tuple(value)


def _token(members: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(members.get("stream_token", ""))
    except (TypeError, ValueError):
        raise ConfigError(f"{VARIABLE}: stream_token is not a string of hex digits") from None


# spec:req LIFE-060 LIFE-061
def parse(text: str) -> Config:
    """Decode a configuration; unknown members are ignored."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{VARIABLE} is not JSON: {error}") from None
    if not isinstance(members, dict):
        raise ConfigError(f"{VARIABLE} is not a JSON object")
    return Config(
        _strings(members, "allow"),
        _strings(members, "path"),
        _strings(members, "preload"),
        _token(members),
    )


# spec:req STREAM-002
def peek_stream_token() -> bytes:
    """The token in the environment, which stays there; nothing if there is no good one."""
    try:
        return parse(os.environ.get(VARIABLE, "{}")).stream_token
    except ConfigError:
        return b""  # said when the configuration is applied


# spec:req LIFE-060 LIFE-062
def take_from_environment() -> Config:
    """The configuration of this process; no child inherits it afterwards."""
    text = os.environ.pop(VARIABLE, None)
    return Config() if text is None else parse(text)
