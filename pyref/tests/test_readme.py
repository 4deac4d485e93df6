"""What the README shows, works."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_handlers_and_master(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers, master, codec = BLOCKS
    (tmp_path / "math_code.py").write_text(handlers, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = re.search(r"# (\{.*\})", master)
    assert shown is not None
    exec(master, {})
    assert ast.literal_eval(capsys.readouterr().out) == ast.literal_eval(shown.group(1))
    exec(codec, {})
