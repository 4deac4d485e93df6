from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from ringwire.loops import LOOP_VARIABLE

# Handlers for the tests live beside them.
sys.path.insert(0, str(Path(__file__).resolve().parent))

needs_uvloop = pytest.mark.skipif(
    importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed"
)


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=needs_uvloop)])
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has what the test starts run on each of the loops that a worker may have."""
    name: str = request.param
    monkeypatch.setenv(LOOP_VARIABLE, name)
    return name
